//! A hundred callers at once, exactly one effect.

use futures::future::join_all;
use liufang::client::{Answer, Patient};
use liufang_proto::common::v1::Channel;
use liufang_proto::inventory::v1::GetTraceCodeRequest;
use liufang_proto::order::v1::{OrderState, PlaceOrderRequest};
use liufang_proto::prescription::v1::{ClaimRequest, GetPrescriptionRequest, PublishSlotsRequest};
use liufang_tests::{Shape, World, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere one_pharmacy_gets_the_prescription);
behaviour!(everywhere one_claim_holds);
behaviour!(everywhere one_order_sells_the_pack);
behaviour!(everywhere stock_is_not_sold_twice);
behaviour!(everywhere one_patient_gets_the_last_slot);
behaviour!(everywhere one_key_is_one_order);
behaviour!(everywhere one_payment_spends_the_balance);
behaviour!(everywhere pay_or_cancel_but_not_both);

/// A hundred in one process; fewer where every call crosses five processes of a debug build.
fn callers(world: &World) -> usize {
    if world.shape == Shape::Processes { 32 } else { 100 }
}

/// How many succeeded; everything else was refused with one of `reasons`.
#[track_caller]
fn winners<T>(answers: Vec<Answer<T>>, reasons: &[&str]) -> Vec<T> {
    let mut won = Vec::new();
    for answer in answers {
        match answer {
            Ok(answer) => won.push(answer),
            Err(refusal) => assert!(reasons.contains(&refusal.reason.as_str()), "{refusal}"),
        }
    }
    won
}

async fn one_pharmacy_gets_the_prescription(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    // a choice replaces the one before it until a pharmacy claims; both claim whatever they see, again and again
    let wishes: Vec<PlaceOrderRequest> =
        [SHOP, SHOP_2].into_iter().cycle().take(10).map(|shop| cast.filling(&rx, shop, None)).collect();
    let choosing = join_all(wishes.into_iter().map(|body| patient.place(body)));
    let claiming =
        join_all((0..callers).map(|caller| claims_what_it_sees(&cast, [SHOP, SHOP_2][caller % 2])));
    let (chosen, claimed) = tokio::join!(choosing, claiming);
    winners(chosen, &["PRESCRIPTION_HELD", "ORDER_CHANGED", "LOST_RACE"]);
    let mut holders: Vec<&str> = claimed.into_iter().flatten().collect();
    let orders = eventually("one order is left", || async {
        let orders = patient.list_orders(Default::default()).await.unwrap().orders;
        let open: Vec<_> =
            orders.into_iter().filter(|order| order.state() == OrderState::AwaitingPharmacy).collect();
        (open.len() == 1).then_some(open)
    })
    .await;
    if holders.is_empty() {
        cast.claim(&orders[0]).await;
        holders.push(if orders[0].fixmedins_code == SHOP { SHOP } else { SHOP_2 });
    }
    assert_eq!(holders.len(), 1, "one claim");
    assert_eq!(orders[0].fixmedins_code, holders[0]);
    let body = GetPrescriptionRequest { hi_rxno: rx.hi_rxno };
    let rx = patient.get_prescription(body).await.unwrap().prescription.unwrap();
    assert_eq!(rx.holder_fixmedins_code, holders[0]);
}

/// A pharmacy that claims the first free prescription in its queue; answers its code when it got one.
async fn claims_what_it_sees(cast: &Cast, shop: &'static str) -> Option<&'static str> {
    let pos = cast.pos(shop);
    let queue = pos.list_pharmacy_queue(Default::default()).await.unwrap().items;
    let item = queue.into_iter().find(|item| !item.epc_token.is_empty())?;
    let answer = pos.claim(ClaimRequest { epc_token: item.epc_token }).await;
    winners(vec![answer], &["PRESCRIPTION_HELD", "CIRCULATION_TOKEN_INVALID"]).pop().map(|_| shop)
}

async fn one_claim_holds(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    let counters = [cast.pos(SHOP), cast.pos(SHOP_2)];
    let claims = (0..callers)
        .map(|caller| counters[caller % 2].claim(ClaimRequest { epc_token: item.epc_token.clone() }));
    let won = winners(join_all(claims).await, &["PRESCRIPTION_HELD", "CIRCULATION_TOKEN_INVALID"]);
    assert_eq!(won.len(), 1);
    // the one secret works
    let claim = liufang::client::Claimed { hi_rxno: rx.hi_rxno.clone(), secret: won[0].secret.clone() };
    cast.pos(SHOP).judge(&claim, &cast.practitioner(SHOP_PHARMACIST), true, "同意").await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::AwaitingPayment).await;
}

async fn one_order_sells_the_pack(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    let mut orders = Vec::new();
    for _ in 0..4 {
        orders.push(cast.paid_otc(&patient, 163).await);
    }
    let scans = cast.scans(&orders[0]).await;
    let code = scans[0].trace_codes[0].clone();
    let (pos, pharmacist) = (cast.pos(OTC_SHOP), cast.practitioner(OTC_PHARMACIST));
    let calls = (0..callers).map(|caller| {
        let order = &orders[caller % orders.len()].order_id;
        pos.hand_out(order, &pharmacist, "", scans.clone())
    });
    let reasons =
        ["TRACE_CODE_SOLD", "ORDER_STATE_FORBIDS", "ORDER_CHANGED", "LOST_RACE", "RESERVATION_NOT_HELD"];
    let won = winners(join_all(calls).await, &reasons);
    assert_eq!(won.len(), 1);
    let sold_to = won[0].order.as_ref().unwrap().order_id.clone();
    let story = pos.get_trace_code(GetTraceCodeRequest { drug_trac_codg: code }).await.unwrap();
    let sales: Vec<&str> =
        story.movements.iter().map(|row| row.order_id.as_str()).filter(|order| !order.is_empty()).collect();
    assert_eq!(sales, [sold_to.as_str()]);
    for order in orders.iter().filter(|order| order.order_id != sold_to) {
        cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
        cast.dispense(order, OTC_PHARMACIST, "").await;
    }
}

async fn stock_is_not_sold_twice(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    // twelve packs: two orders of five find room
    let basket = Basket::of(GRANULES, 5, cast.door(163));
    let won = winners(join_all((0..callers).map(|_| basket.place(&patient))).await, &["SHORT_STOCK"]);
    assert_eq!(won.len(), 2);
    let level = cast.stock(OTC_SHOP, GRANULES).await;
    assert_eq!((packs(&level.available), packs(&level.reserved)), (2, 10));
}

async fn one_patient_gets_the_last_slot(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let mut slot = cast.slot(DOCTOR).await;
    slot.slot_id = "test-last-place".to_owned();
    slot.capacity = 1;
    let his = cast.his(HOSPITAL);
    let errors = his.publish_slots(PublishSlotsRequest { rows: vec![slot.clone()] }).await.unwrap().errors;
    assert!(errors.is_empty(), "{}", show(&errors));
    let mut patients: Vec<Patient> = Vec::new();
    for row in [1, 3, 4, 16, 21] {
        patients.push(cast.patient(row).await);
    }
    let calls = (0..callers)
        .map(|caller| patients[caller % patients.len()].book_visit(cast.booking(&slot, "M03900")));
    let won = winners(join_all(calls).await, &["SLOT_FULL", "VISIT_ALREADY_BOOKED"]);
    assert_eq!(won.len(), 1);
}

async fn one_key_is_one_order(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    let before = cast.available(OTC_SHOP, GRANULES).await;
    let keyed = patient.keyed("one-and-the-same");
    let basket = Basket::of(GRANULES, 1, cast.door(163));
    let answers = join_all((0..callers).map(|_| basket.place(&keyed))).await;
    let won = winners(answers, &["ORDER_CHANGED", "LOST_RACE"]);
    let mut ids: Vec<&str> = won.iter().map(|order| order.order_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1, "one order");
    assert!(callers / 2 < won.len(), "{} of {callers} got the answer", won.len());
    assert_eq!(before - cast.available(OTC_SHOP, GRANULES).await, 1, "held once");
    let listed = patient.list_orders(Default::default()).await.unwrap().orders;
    assert_eq!(listed.len(), 1);
}

async fn one_payment_spends_the_balance(world: &mut World) {
    let callers = callers(world);
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 151).await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(cast.unpaid_otc(&patient, 151).await);
    }
    assert!(orders.iter().all(|order| totals(order).acct_pay_fen == 1_200));
    let calls = (0..callers).map(|caller| patient.pay(&orders[caller % orders.len()], Channel::Wechat));
    let reasons = [
        "INSUFFICIENT_BALANCE",
        "ORDER_STATE_FORBIDS",
        "PAYMENT_PENDING",
        "ORDER_CHANGED",
        "LOST_RACE",
        "QUOTE_EXPIRED",
        "PAYMENT_BUSY",
        "QUOTE_USED",
    ];
    winners(join_all(calls).await, &reasons);
    let paid = eventually("every payment has ended", || async {
        let orders = patient.list_orders(Default::default()).await.unwrap().orders;
        let open = orders.iter().any(|order| order.state() == OrderState::Paying);
        let paid = orders.into_iter().filter(|order| order.state() == OrderState::Paid).count();
        (!open).then_some(paid)
    })
    .await;
    assert_eq!(paid, 1, "the balance is enough for one");
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (0, 0));
    let taken: i64 = cast
        .public()
        .list_channel_book(Default::default())
        .await
        .unwrap()
        .rows
        .iter()
        .filter(|row| row.state == "paid")
        .map(|row| row.amount_fen - row.refunded_fen)
        .sum();
    assert_eq!(taken, 358 + 600, "the channel took the rest of one order");
    cast.books_agree().await;
}

async fn pay_or_cancel_but_not_both(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    for _ in 0..4 {
        let order = cast.unpaid_otc(&patient, 163).await;
        let (paid, cancelled) =
            tokio::join!(patient.pay(&order, Channel::Wechat), patient.cancel(&order.order_id));
        let last = eventually("the order has come to rest", || async {
            let order = patient.order(&order.order_id).await.unwrap();
            let moving = matches!(
                order.state(),
                OrderState::Paying | OrderState::Refunding | OrderState::AwaitingPayment
            );
            (!moving).then_some(order)
        })
        .await;
        match last.state() {
            OrderState::Cancelled => assert!(paid.is_err(), "cancelled, not paid"),
            OrderState::Paid => assert!(cancelled.is_err(), "paid, not cancelled"),
            OrderState::Refunded => assert!(paid.is_ok() && cancelled.is_ok(), "paid, then taken back"),
            other => panic!("{}", other.as_str_name()),
        }
    }
    assert_eq!(patient.account().await.unwrap().held_fen, 0);
    cast.books_agree().await;
}
