//! Sales at the counter that the house settles: from the fund, the account and the pharmacy's own till, and all the way back.

use futures::future::join_all;
use liufang::client::{Answer, Claimed, Patient, Pos};
use liufang_proto::common::v1::{Channel, Leg};
use liufang_proto::identity::v1::DecodeInsuranceCodeRequest;
use liufang_proto::order::v1::{
    CancelCounterSaleRequest, CounterSaleLine, Order, OrderKind, OrderState, PayCounterSaleRequest,
    PlaceCounterSaleRequest, RequoteOrderRequest, ReturnOrderRequest,
};
use liufang_proto::prescription::v1::{
    ClaimAtCounterRequest, ClaimAtCounterResponse, DispenseAtCounterRequest, DispensedLine,
    GetPrescriptionRequest, OpenCounterRequest, OpenCounterResponse, Prescription, ReturnAtCounterRequest,
    UseState,
};
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::{CreditAccountsRequest, CreditRow};
use liufang_tests::{World, audit, behaviour, eventually};

use super::cast::*;

behaviour!(everywhere a_prescription_is_filled_at_the_counter_and_taken_back);
behaviour!(everywhere a_part_is_settled_and_the_rest_stays_free);
behaviour!(everywhere an_account_needs_its_patient);
behaviour!(everywhere one_sale_is_settled_once);
behaviour!(everywhere a_sale_outlives_silence);

/// Has diabetes, and five yuan in the account, which the visit takes.
const PATIENT: u32 = 2;
/// What the account then gets, fen: not enough for what the fund leaves.
const CREDIT: i64 = 10_000;

/// A prescription for twelve weeks, and something in the account.
async fn prescribed(cast: &Cast, patient: &Patient) -> Prescription {
    let visit = cast.seen(patient, DOCTOR_2, "M01600").await;
    let draft = cast.pre_verify(&visit, two_drugs(12)).await.unwrap();
    let row = CreditRow {
        row_key: "COUNTER-1".to_owned(),
        person_id: patient.person_id().to_owned(),
        amount_fen: CREDIT,
        region: QINHUANGDAO.to_owned(),
        kind: "annual".to_owned(),
    };
    let body = CreditAccountsRequest { rows: vec![row] };
    assert!(cast.operator().credit_accounts(body).await.unwrap().errors.is_empty());
    cast.activate(&draft).await
}

async fn presence(patient: &Patient, pos: &Pos) -> String {
    let code = patient.issue_insurance_code(Default::default()).await.unwrap().code;
    let body = DecodeInsuranceCodeRequest { code, business_type: "01301".to_owned() };
    pos.decode_insurance_code(body).await.unwrap().presence_token
}

async fn opened(patient: &Patient, pos: &Pos) -> OpenCounterResponse {
    let presence_token = presence(patient, pos).await;
    pos.open_counter(OpenCounterRequest { presence_token, ..Default::default() }).await.unwrap()
}

/// Claimed at the counter and passed by its pharmacist.
async fn claimed(cast: &Cast, patient: &Patient, rx: &Prescription) -> ClaimAtCounterResponse {
    let pos = cast.pos(SHOP);
    let counter_token = opened(patient, &pos).await.counter_token;
    let body = ClaimAtCounterRequest { counter_token, hi_rxno: rx.hi_rxno.clone() };
    let sale = pos.claim_at_counter(body).await.unwrap();
    refused_as(pos.place_counter_sale(placing(rx, &sale)).await, "REVIEW_NOT_PASSED");
    let claim = Claimed { hi_rxno: rx.hi_rxno.clone(), secret: sale.secret.clone() };
    pos.judge(&claim, &cast.practitioner(SHOP_PHARMACIST), true, "处方适宜，可以调配").await.unwrap();
    sale
}

fn placing(rx: &Prescription, sale: &ClaimAtCounterResponse) -> PlaceCounterSaleRequest {
    PlaceCounterSaleRequest {
        hi_rxno: rx.hi_rxno.clone(),
        sale_id: sale.sale_id.clone(),
        secret: sale.secret.clone(),
        use_account: true,
        ..Default::default()
    }
}

/// A little more than the account has.
fn five_packs(rx: &Prescription, sale: &ClaimAtCounterResponse) -> PlaceCounterSaleRequest {
    let lines = vec![CounterSaleLine { line_no: 1, quantity: "5".to_owned() }];
    PlaceCounterSaleRequest { lines, ..placing(rx, sale) }
}

async fn placed(pos: &Pos, body: PlaceCounterSaleRequest) -> Order {
    pos.place_counter_sale(body).await.unwrap().order.unwrap()
}

async fn pay(pos: &Pos, order: &Order, presence_token: &str) -> Answer<Order> {
    let body = PayCounterSaleRequest {
        order_id: order.order_id.clone(),
        quote_id: quote(order).quote_id.clone(),
        channel: Channel::Till.into(),
        presence_token: presence_token.to_owned(),
        payer: None,
    };
    Ok(pos.pay_counter_sale(body).await?.order.unwrap())
}

async fn seen(patient: &Patient, rx: &Prescription) -> Prescription {
    let body = GetPrescriptionRequest { hi_rxno: rx.hi_rxno.clone() };
    patient.get_prescription(body).await.unwrap().prescription.unwrap()
}

/// Scanned and handed out, which is the end of it.
async fn handed_out(cast: &Cast, order: &Order, secret: &str) -> Order {
    let done = cast.dispense(order, SHOP_PHARMACIST, secret).await.order.unwrap();
    assert_eq!(done.state().as_str_name(), OrderState::Completed.as_str_name());
    done
}

async fn given_back(cast: &Cast, patient: &Patient, order: &Order) {
    let body = ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "包装破损".to_owned(),
        ..Default::default()
    };
    cast.pos(SHOP).return_order(body).await.unwrap();
    cast.order_in(patient, &order.order_id, OrderState::Refunded).await;
}

async fn a_prescription_is_filled_at_the_counter_and_taken_back(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(PATIENT).await;
    let pos = cast.pos(SHOP);
    let rx = prescribed(&cast, &patient).await;
    let before = patient.account().await.unwrap().balance_fen;
    let sale = claimed(&cast, &patient, &rx).await;
    let order = placed(&pos, placing(&rx, &sale)).await;
    assert_eq!(order.kind().as_str_name(), OrderKind::Counter.as_str_name());
    assert_eq!(order.state().as_str_name(), OrderState::AwaitingPayment.as_str_name());
    quote_adds_up(quote(&order));
    let legs = &quote(&order).legs;
    let (fund, account, rest) = (leg(legs, Leg::Fund), leg(legs, Leg::Account), leg(legs, Leg::Channel));
    assert!(0 < fund && account == before && 0 < rest, "{fund} {account} {rest}");
    let paid = pay(&pos, &order, &presence(&patient, &pos).await).await.unwrap();
    assert_eq!(paid.state().as_str_name(), OrderState::Paid.as_str_name());
    let payment = patient.payment(&order.order_id).await.unwrap();
    assert_eq!(leg(&payment.legs, Leg::Till), rest);
    assert_eq!(leg(&payment.legs, Leg::Channel), 0);
    assert!(payment.channel() == Channel::Till && payment.channel_order_no.is_empty());
    // the till's money is in the pharmacy's own books; what is owed is the insured part alone
    assert_eq!(cast.ledger(&format!("till:{SHOP}")).await, rest);
    assert_eq!(cast.channels_owe(SHOP).await, 0);
    assert_eq!(cast.ledger(&format!("receivable:agency:{SHOP}")).await, fund + account);
    assert_eq!(patient.account().await.unwrap().balance_fen, 0);
    let done = handed_out(&cast, &paid, &sale.secret).await;
    let rows = cast.movements(SHOP, &order.order_id).await;
    assert_eq!(rows.iter().map(|row| packs(&row.quantity)).sum::<i64>(), -24);
    assert!(rows.iter().all(|row| row.setl_id == payment.setl_id && row.hi_rxno == rx.hi_rxno));
    assert_eq!(rows.iter().map(|row| row.trace_codes.len()).sum::<usize>(), 24, "one code a pack");
    assert!(seen(&patient, &rx).await.use_state() == UseState::Used);
    audit::agrees(&world.config).await;

    given_back(&cast, &patient, &done).await;
    assert_eq!(cast.ledger(&format!("till:{SHOP}")).await, 0);
    assert_eq!(cast.ledger(&format!("receivable:agency:{SHOP}")).await, 0);
    assert_eq!(patient.account().await.unwrap().balance_fen, before);
    let rows = cast.movements(SHOP, &order.order_id).await;
    assert_eq!(rows.iter().map(|row| packs(&row.quantity)).sum::<i64>(), 0, "the goods are back");
    let back = seen(&patient, &rx).await;
    assert!(back.use_state() == UseState::Unused && back.holder_fixmedins_code.is_empty());
    let channel = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    assert!(channel.iter().all(|row| row.amount_fen != rest), "no channel heard of it: {}", show(&channel));
    cast.books_agree().await;
    audit::agrees(&world.config).await;
}

async fn a_part_is_settled_and_the_rest_stays_free(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let pos = cast.pos(SHOP);
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let sale = claimed(&cast, &patient, &rx).await;
    let lines = |quantity: &str| vec![CounterSaleLine { line_no: 1, quantity: quantity.to_owned() }];
    let part = |lines| PlaceCounterSaleRequest { lines, use_account: false, ..placing(&rx, &sale) };
    refused_as(pos.place_counter_sale(part(lines("5"))).await, "INVALID_REQUEST");
    let wrong = PlaceCounterSaleRequest { secret: "wrong".to_owned(), ..part(lines("1")) };
    refused_as(pos.place_counter_sale(wrong).await, "CLAIM_SECRET_INVALID");
    refused_as(cast.pos(SHOP_2).place_counter_sale(part(lines("1"))).await, "PRESCRIPTION_NOT_FOUND");
    let order = placed(&pos, part(lines("1"))).await;
    assert_eq!(order.lines.iter().map(|line| packs(&line.quantity)).collect::<Vec<_>>(), [1]);
    // the sale is the order's now: nothing of it is handed out unpaid
    let line = DispensedLine {
        line_no: 1,
        quantity: "1".to_owned(),
        med_list_codg: AMLODIPINE.code.to_owned(),
        manu_lotnum: "L1".to_owned(),
        bchno: String::new(),
    };
    let unpaid = DispenseAtCounterRequest {
        hi_rxno: rx.hi_rxno.clone(),
        secret: sale.secret.clone(),
        pharmacist_token: pos.token_of(&cast.practitioner(SHOP_PHARMACIST)).await.unwrap(),
        lines: vec![line],
        last: true,
    };
    refused_as(pos.dispense_at_counter(unpaid).await, "PRESCRIPTION_OF_OTHER_ORDER");
    // no account pays, so nobody need be asked; and the till is at the counter alone
    refused_as(patient.pay(&order, Channel::Till).await, "INVALID_REQUEST");
    let paid = pay(&pos, &order, "").await.unwrap();
    let done = handed_out(&cast, &paid, &sale.secret).await;
    let body = ReturnAtCounterRequest { hi_rxno: rx.hi_rxno.clone(), sale_id: sale.sale_id.clone() };
    refused_as(pos.return_at_counter(body).await, "PRESCRIPTION_NOT_FOUND");
    let partly = seen(&patient, &rx).await;
    assert!(partly.use_state() == UseState::PartlyUsed && partly.holder_fixmedins_code.is_empty());
    let rest = opened(&patient, &cast.pos(SHOP_2)).await.items.remove(0).lines;
    let rest: Vec<(i32, i64)> = rest.iter().map(|line| (line.line_no, packs(&line.rest_cnt))).collect();
    assert_eq!(rest, [(1, 3), (2, 4)]);
    audit::agrees(&world.config).await;
    given_back(&cast, &patient, &done).await;
    assert!(seen(&patient, &rx).await.use_state() == UseState::Unused);
    cast.books_agree().await;
}

async fn an_account_needs_its_patient(world: &mut World) {
    let cast = Cast::of(world).await;
    let (patient, stranger) = (cast.patient(1).await, cast.patient(3).await);
    let pos = cast.pos(SHOP);
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let sale = claimed(&cast, &patient, &rx).await;
    let order = placed(&pos, placing(&rx, &sale)).await;
    let before = patient.account().await.unwrap().balance_fen;
    refused_as(pay(&pos, &order, "").await, "PRESENCE_REQUIRED");
    refused_as(pay(&pos, &order, "none").await, "PRESENCE_TOKEN_INVALID");
    refused_as(pay(&pos, &order, &presence(&stranger, &pos).await).await, "PRESENCE_OF_OTHER_PERSON");
    let proof = presence(&patient, &cast.pos(SHOP_2)).await;
    refused_as(pay(&pos, &order, &proof).await, "PRESENCE_TOKEN_INVALID");
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (before, 0));
    // a proof is for one sale: it pays nothing else afterwards
    let proof = presence(&patient, &pos).await;
    let paid = pay(&pos, &order, &proof).await.unwrap();
    assert_eq!(paid.state().as_str_name(), OrderState::Paid.as_str_name());
    let cancel = CancelCounterSaleRequest { order_id: order.order_id.clone() };
    refused_as(cast.pos(SHOP_2).cancel_counter_sale(cancel.clone()).await, "ORDER_NOT_FOUND");
    pos.cancel_counter_sale(cancel).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    assert_eq!(patient.account().await.unwrap().balance_fen, before);
    let sale = claimed(&cast, &patient, &rx).await;
    let order = placed(&pos, placing(&rx, &sale)).await;
    refused_as(pay(&pos, &order, &proof).await, "PRESENCE_TOKEN_INVALID");
    // unpaid in time it closes, and stock and prescription are free
    world.clock.advance_seconds(3_600);
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    eventually("the prescription is free", || async {
        seen(&patient, &rx).await.holder_fixmedins_code.is_empty().then_some(())
    })
    .await;
    audit::agrees(&world.config).await;
}

async fn one_sale_is_settled_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let pos = cast.pos(SHOP);
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let before = cast.available(SHOP, AMLODIPINE.code).await;
    let sale = claimed(&cast, &patient, &rx).await;
    let body = PlaceCounterSaleRequest { use_account: false, ..placing(&rx, &sale) };
    // two tills of the shop, each as impatient as the other
    let tills = join_all((0..8).map(|_| pos.place_counter_sale(body.clone()))).await;
    let mut won = Vec::new();
    for answer in tills {
        match answer {
            Ok(reply) => won.push(reply.order.unwrap()),
            Err(refusal) => {
                let reasons = ["PRESCRIPTION_OF_OTHER_ORDER", "SHORT_STOCK", "LOST_RACE"];
                assert!(reasons.contains(&refusal.reason.as_str()), "{refusal}");
            }
        }
    }
    let [order] = &won[..] else { panic!("{} orders", won.len()) };
    eventually("the losers' stock is free", || async {
        (cast.available(SHOP, AMLODIPINE.code).await == before - 4).then_some(())
    })
    .await;
    // paid and given up at the same instant: one of the two
    let cancel = pos.cancel_counter_sale(CancelCounterSaleRequest { order_id: order.order_id.clone() });
    let (paid, cancelled) = tokio::join!(pay(&pos, order, ""), cancel);
    let end = eventually("one of the two", || async {
        let state = patient.order(&order.order_id).await.unwrap().state();
        [OrderState::Paid, OrderState::Cancelled, OrderState::Refunded].contains(&state).then_some(state)
    })
    .await;
    assert!(paid.is_ok() || cancelled.is_ok());
    assert_eq!(cast.ledger(&format!("till:{SHOP}")).await > 0, end == OrderState::Paid);
    audit::agrees(&world.config).await;
    cast.books_agree().await;
}

async fn a_sale_outlives_silence(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(PATIENT).await;
    let pos = cast.pos(SHOP);
    let rx = prescribed(&cast, &patient).await;
    let sale = claimed(&cast, &patient, &rx).await;
    let order = placed(&pos, five_packs(&rx, &sale)).await;
    let rest = leg(&quote(&order).legs, Leg::Channel);
    assert!(0 < leg(&quote(&order).legs, Leg::Account) && 0 < rest);
    cast.public().dial("InsurerHook/Settle", Dial::LoseAnswer, 1, "").await.unwrap();
    pay(&pos, &order, &presence(&patient, &pos).await).await.unwrap();
    let paid = cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
    assert_eq!(cast.ledger(&format!("till:{SHOP}")).await, rest, "the till is booked once");
    let done = handed_out(&cast, &paid, &sale.secret).await;
    cast.public().dial("InsurerHook/Reverse", Dial::LoseAnswer, 1, "").await.unwrap();
    given_back(&cast, &patient, &done).await;
    assert_eq!(cast.ledger(&format!("till:{SHOP}")).await, 0);
    // an insurer that refuses: nothing is booked, and the cashier gives the cash back
    let rx_again = seen(&patient, &rx).await;
    let sale = claimed(&cast, &patient, &rx_again).await;
    let order = placed(&pos, five_packs(&rx_again, &sale)).await;
    cast.public().dial("InsurerHook/Settle", Dial::Refuse, 1, "").await.unwrap();
    refused_as(pay(&pos, &order, &presence(&patient, &pos).await).await, "PAYMENT_REFUSED");
    assert_eq!(cast.ledger(&format!("till:{SHOP}")).await, 0);
    assert_eq!(patient.account().await.unwrap().held_fen, 0);
    let body = RequoteOrderRequest { order_id: order.order_id.clone(), ..Default::default() };
    let order = pos.requote_order(body).await.unwrap().order.unwrap();
    assert_eq!(leg(&quote(&order).legs, Leg::Account), 0);
    let paid = pay(&pos, &order, "").await.unwrap();
    handed_out(&cast, &paid, &sale.secret).await;
    audit::agrees(&world.config).await;
    cast.books_agree().await;
}
