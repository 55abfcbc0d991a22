//! The insured part through the mobile-payment interface: only 6 is paid, everything else converges or calls a person.

use liufang_kernel::Quantity;
use liufang_platform::{Principal, PrincipalKind};

use super::fakes::Fault;
use super::world::*;
use crate::app::authorise::Authorise;
use crate::app::order_notice::OrderNotice;
use crate::app::refund::RefundPart;
use crate::domain::payment::{Payer, Payment, PaymentState, TILL};
use crate::domain::refund::Returned;
use crate::store;

async fn mobile_town() -> Town {
    town_with(|pack| pack.replace("[region]\n", "[region]\nmobile_payment = true\n")).await
}

async fn mobile() -> (Town, Payment) {
    let town = mobile_town().await;
    town.credit("qhd1", "130300", 10_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let held = town.authorise(&quote).await;
    (town, held)
}

/// State of the orders at the centre in the order of their numbers, and whether each was given back.
fn orders(town: &Town) -> Vec<(i32, bool)> {
    town.fakes.books().orders.values().map(|order| (order.stas, !order.refund.is_empty())).collect()
}

/// Interface, how often it went, what was answered.
async fn log(town: &Town, payment: &Payment) -> Vec<(String, i64, String)> {
    let log = store::message::about(town.world.deps.db.read(), &payment.payment_id).await.unwrap();
    log.into_iter().map(|row| (row.infno, row.sends, row.outcome)).collect()
}

fn sent(infno: &str, sends: i64, outcome: &str) -> (String, i64, String) {
    (infno.to_owned(), sends, outcome.to_owned())
}

async fn centre(town: &Town, payment: &Payment) -> Option<i32> {
    let journal = town.app.journal(&payment.payment_id).await.unwrap();
    let centre = store::mobile::centre(town.world.deps.db.read(), &journal.msgid).await.unwrap();
    centre.and_then(|centre| centre.ord_stas)
}

#[tokio::test]
async fn an_order_is_paid_and_given_back() {
    let (town, held) = mobile().await;
    let paid = town.capture(&held).await;
    assert_eq!((paid.state, paid.ord_stas), (PaymentState::Captured, 6));
    assert!(paid.setl_id.starts_with("MP"), "the order's number");
    assert_eq!(town.fakes.books().calls, ["create", "upload", "pay_order"]);
    assert_eq!((orders(&town), centre(&town, &paid).await), (vec![(6, false)], Some(6)));
    assert_eq!(log(&town, &paid).await, [sent("6202", 1, "done")]);
    town.refund(&paid).await;
    let back = town.payment(&paid).await;
    assert_eq!((back.state, back.ord_stas), (PaymentState::Refunded, 7));
    assert_eq!(
        (orders(&town), centre(&town, &paid).await),
        (vec![(8, true)], Some(8)),
        "the insured part alone"
    );
    assert_eq!(log(&town, &paid).await, [sent("6202", 1, "done"), sent("6203", 1, "done")]);
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    assert!(town.fakes.books().insurer.is_empty(), "2102 is not asked");
    town.audit().await;
}

#[tokio::test]
async fn the_till_and_other_regions_settle_directly() {
    let town = mobile_town().await;
    town.credit("qhd1", "130300", 10_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let held = town.try_authorise(&quote, TILL).await.unwrap();
    assert_eq!(town.capture(&held).await.state, PaymentState::Captured);
    assert_eq!(town.fakes.books().calls, ["settle"], "the person stands there with the card");
    assert!(town.fakes.books().orders.is_empty());
    town.audit().await;
}

#[tokio::test]
async fn the_authorisation_goes_with_every_call_and_no_further() {
    let town = mobile_town().await;
    town.credit("qhd1", "130300", 10_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let payer = Payer { pay_auth_no: "AUTH-SECRET-7".into(), ..Payer::default() };
    let body = Authorise {
        quote_id: quote.quote_id.clone(),
        order_id: quote.order_id.clone(),
        channel: "wechat".into(),
        hold_expires_at: town.now().plus_seconds(900),
        payer,
    };
    assert!(!format!("{body:?}").contains("AUTH-SECRET-7"));
    let held = town.app.authorise(town.call(order(), body)).await.unwrap();
    let paid = town.capture(&held).await;
    let returned = Returned { lines: vec![(1, Quantity(20_000))], outside: vec![] };
    let body = RefundPart { payment_id: paid.payment_id.clone(), reason: "RETURNED".into(), returned };
    town.app.refund_part(town.call(order(), body)).await.unwrap();
    town.refund(&paid).await;
    let shown: Vec<_> = town.fakes.books().orders.values().map(|order| order.shown.clone()).collect();
    assert_eq!(shown, [["AUTH-SECRET-7"; 3]; 2], "6201, 6202, 6203, of the whole and of the rest");
}

/// What is kept of each order to call it by, oldest first.
async fn kept(town: &Town) -> Vec<String> {
    use sea_orm::{ConnectionTrait, Statement};
    let db = &town.world.deps.db;
    let sql = "SELECT secret_sealed AS kept FROM mobile_order ORDER BY med_org_ord";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "kept").unwrap()).collect()
}

#[tokio::test]
async fn what_an_order_is_called_by_goes_with_its_end() {
    let (town, held) = mobile().await;
    let paid = town.capture(&held).await;
    let [first] = &kept(&town).await[..] else { panic!("one order") };
    assert!(!first.is_empty() && !first.contains("token"), "it may come back, and is sealed until then");
    let returned = Returned { lines: vec![(1, Quantity(20_000))], outside: vec![] };
    let body = RefundPart { payment_id: paid.payment_id.clone(), reason: "RETURNED".into(), returned };
    town.app.refund_part(town.call(order(), body)).await.unwrap();
    town.settle_down(31).await;
    let [first, rest] = &kept(&town).await[..] else { panic!("two orders") };
    assert!(first.is_empty() && !rest.is_empty(), "the one that stands is the rest's");
    town.refund(&paid).await;
    assert_eq!(town.payment(&paid).await.state, PaymentState::Refunded);
    assert_eq!(kept(&town).await, ["", ""]);

    let (town, held) = mobile().await;
    town.fakes.dial("pay_order", [Fault::Refuse]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Failed);
    assert_eq!(kept(&town).await, [""], "it never came about");
    let journal = town.app.journal(&held.payment_id).await.unwrap();
    let deps = &town.world.deps;
    let secret = store::mobile::Secret { pay_token: "late".into(), pay_auth_no: "late".into() };
    let work = deps.db.begin_step().await.unwrap();
    store::mobile::number(work.tx(), &deps.cipher, &journal.msgid, "MP-late", &secret).await.unwrap();
    work.done().await.unwrap();
    assert_eq!(kept(&town).await, [""], "an answer that comes after the end brings nothing back");
    assert!(store::mobile::find(deps.db.read(), &deps.cipher, &journal.msgid).await.unwrap().is_some());
}

#[tokio::test]
async fn lost_answers_end_in_one_payment() {
    for lost in ["upload", "pay_order"] {
        for fault in [Fault::LoseRequest, Fault::LoseAnswer] {
            let (town, held) = mobile().await;
            town.fakes.dial(lost, [fault]);
            town.fakes.dial("query_order", [Fault::LoseAnswer]);
            let pending = town.capture(&held).await;
            assert_eq!(pending.state, PaymentState::Pending);
            town.settle_down(31).await;
            assert_eq!(town.payment(&held).await.state, PaymentState::Captured, "{lost} {fault:?}");
            assert_eq!(orders(&town), [(6, false)], "{lost} {fault:?}: one order, paid once");
            assert_eq!(town.account("qhd1").await, (0, 0));
            town.audit().await;
        }
    }
}

#[tokio::test]
async fn an_order_that_is_not_paid_by_the_deadline_is_revoked() {
    let (town, held) = mobile().await;
    town.fakes.dial("pay_order", [Fault::LoseRequest]);
    town.fakes.dial("revoke_order", [Fault::LoseAnswer]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    town.world.clock.advance_seconds(3_600);
    town.settle_down(60).await;
    let ended = town.payment(&held).await;
    assert_eq!((ended.state, ended.failure_reason.as_str()), (PaymentState::Failed, "INSURER_NO_ANSWER"));
    assert_eq!(orders(&town), [(12, false)]);
    assert!(town.fakes.books().channel.values().all(|row| row.refunded == row.amount));
    assert_eq!(log(&town, &held).await, [sent("6202", 1, ""), sent("6401", 2, "done")]);
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn only_six_is_paid() {
    for stas in [0, 1, 2, 3, 4, 5, 17] {
        let (town, held) = mobile().await;
        town.fakes.dial("pay_order", [Fault::OrdStas(stas)]);
        assert_eq!(town.capture(&held).await.state, PaymentState::Pending, "{stas}");
        assert_eq!(centre(&town, &held).await, Some(stas));
        // the centre gets there by itself
        town.fakes.dial("query_order", [Fault::OrdStas(6)]);
        town.settle_down(31).await;
        assert_eq!(town.payment(&held).await.state, PaymentState::Captured, "{stas}");
        town.audit().await;
    }
    for stas in [7, 8, 11, 12, 13, 15] {
        let (town, held) = mobile().await;
        town.fakes.dial("pay_order", [Fault::OrdStas(stas)]);
        let failed = town.capture(&held).await;
        assert_eq!(failed.state, PaymentState::Failed, "{stas}");
        assert_eq!(failed.failure_reason, "INSURER_REFUSED");
        assert_eq!(town.account("qhd1").await, (10_000, 0));
        town.audit().await;
    }
}

/// 6302 is a reason to ask, whatever it says; what is answered counts.
#[tokio::test]
async fn a_notice_of_the_centre_has_the_order_asked_about_at_once() {
    let (town, held) = mobile().await;
    town.fakes.dial("pay_order", [Fault::OrdStas(2)]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    let med_org_ord = town.app.journal(&held.payment_id).await.unwrap().msgid;
    let pay_ord_id = format!("MP{med_org_ord}");
    let notice = |pay_ord_id: &str, ord_stas| OrderNotice {
        med_org_ord: med_org_ord.clone(),
        pay_ord_id: pay_ord_id.to_owned(),
        ord_stas,
    };
    let tell = |who: Principal, body: OrderNotice| town.app.notify_order(town.call(who, body));
    let asked = || town.fakes.books().calls.iter().filter(|call| **call == "query_order").count();
    let agency = |code: &str| Principal {
        kind: PrincipalKind::Agency,
        subject: format!("agency-{code}"),
        region: code.to_owned(),
        ..Principal::default()
    };
    let no_order = OrderNotice { med_org_ord: "nobody's".into(), ..notice("", 6) };
    assert_eq!(reason(tell(order(), no_order).await), "NOTICE_ORDER_UNKNOWN");
    assert_eq!(reason(tell(order(), notice("MP-other", 6)).await), "NOTICE_ORDER_UNKNOWN");
    assert_eq!(reason(tell(agency("110000"), notice(&pay_ord_id, 6)).await), "NOTICE_ORDER_UNKNOWN");

    // nothing new: the pause goes on
    tell(agency("130300"), notice(&pay_ord_id, 2)).await.unwrap();
    assert_eq!((town.app.converge_step().await.unwrap(), asked()), (0, 0));
    // a false word costs a question
    tell(agency("130300"), notice(&pay_ord_id, 6)).await.unwrap();
    assert_eq!((town.app.converge_step().await.unwrap(), asked()), (1, 1));
    assert_eq!(town.payment(&held).await.state, PaymentState::Pending, "the centre says 2");
    town.fakes.dial("query_order", [Fault::OrdStas(6)]);
    tell(order(), notice("", 6)).await.unwrap();
    assert_eq!((town.app.converge_step().await.unwrap(), asked()), (1, 2));
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);

    // late, and of an order that has ended
    tell(order(), notice(&pay_ord_id, 12)).await.unwrap();
    assert_eq!((town.app.converge_step().await.unwrap(), asked()), (0, 2));
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
    town.audit().await;
}

#[tokio::test]
async fn what_stays_partial_is_revoked_and_what_cannot_be_calls_a_person() {
    let (town, held) = mobile().await;
    town.fakes.dial("pay_order", [Fault::OrdStas(3)]);
    town.capture(&held).await;
    town.settle_down(31).await;
    let ended = town.payment(&held).await;
    assert_eq!((ended.state, ended.failure_reason.as_str()), (PaymentState::Failed, "INSURER_NO_ANSWER"));
    assert_eq!(orders(&town), [(12, false)]);
    let (town, held) = mobile().await;
    town.fakes.dial("pay_order", [Fault::OrdStas(4)]);
    town.fakes.dial("revoke_order", [Fault::Refuse; 20]);
    town.capture(&held).await;
    town.settle_down(200).await;
    let stuck = town.app.list_stuck(town.call(order(), ())).await.unwrap();
    let centre = stuck[0].centre.clone().unwrap();
    assert_eq!((stuck.len(), town.payment(&held).await.ord_stas, centre.ord_stas), (1, 14, Some(4)));
    assert!(centre.pay_ord_id.starts_with("MP"));
}

#[tokio::test]
async fn what_no_machine_can_end_waits_for_a_person() {
    for stas in [9, 10, 14, 16, 99] {
        let (town, held) = mobile().await;
        town.fakes.dial("pay_order", [Fault::OrdStas(stas)]);
        town.capture(&held).await;
        town.settle_down(300).await;
        let stuck = town.payment(&held).await;
        assert_eq!((stuck.state, stuck.ord_stas), (PaymentState::Pending, 14), "{stas}");
        // a person has mended it at the centre
        town.fakes.dial("query_order", [Fault::OrdStas(6)]);
        town.settle_down(3_600).await;
        assert_eq!(town.payment(&held).await.state, PaymentState::Captured, "{stas}");
        town.audit().await;
    }
}

#[tokio::test]
async fn other_amounts_are_given_back() {
    let (town, held) = mobile().await;
    town.fakes.dial("pay_order", [Fault::OtherAmounts]);
    assert_eq!(town.capture(&held).await.ord_stas, 14);
    town.settle_down(10).await;
    let failed = town.payment(&held).await;
    assert_eq!(failed.failure_reason, "INSURER_AMOUNT_MISMATCH");
    assert_eq!(orders(&town), [(8, true)]);
    assert!(town.fakes.books().channel.values().all(|row| row.refunded == row.amount));
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn a_refund_is_asked_about_before_it_is_sent_again() {
    for fault in [Fault::LoseRequest, Fault::LoseAnswer, Fault::Refuse] {
        let (town, held) = mobile().await;
        let paid = town.capture(&held).await;
        town.fakes.dial("refund_order", [fault]);
        assert_eq!(town.refund(&paid).await.state, PaymentState::Refunding);
        town.settle_down(31).await;
        assert_eq!(town.payment(&paid).await.state, PaymentState::Refunded, "{fault:?}");
        assert_eq!(orders(&town), [(8, true)]);
        let calls = town.fakes.books().calls.iter().filter(|call| **call == "refund_order").count();
        assert_eq!(calls, if fault == Fault::LoseAnswer { 1 } else { 2 }, "{fault:?}");
        assert_eq!(town.account("qhd1").await, (10_000, 0));
        town.audit().await;
    }
}

#[tokio::test]
async fn a_part_comes_back_as_one_order_undone_and_another_paid() {
    for (lost, fault) in [
        ("", Fault::LoseAnswer),
        ("refund_order", Fault::LoseAnswer),
        ("upload", Fault::LoseAnswer),
        ("pay_order", Fault::LoseAnswer),
        ("pay_order", Fault::LoseRequest),
    ] {
        let (town, held) = mobile().await;
        let paid = town.capture(&held).await;
        if !lost.is_empty() {
            town.fakes.dial(lost, [fault]);
        }
        let returned = Returned { lines: vec![(1, Quantity(20_000))], outside: vec![] };
        let body = RefundPart { payment_id: paid.payment_id.clone(), reason: "RETURNED".into(), returned };
        town.app.refund_part(town.call(order(), body)).await.unwrap();
        town.settle_down(31).await;
        let now = town.payment(&paid).await;
        assert_eq!(now.state, PaymentState::Captured, "{lost} {fault:?}");
        assert!(
            [8, 11].contains(&now.ord_stas),
            "the first order has its insured part back: {}",
            now.ord_stas
        );
        assert_eq!(orders(&town), [(8, true), (6, false)], "{lost} {fault:?}");
        assert_ne!(now.setl_id, paid.setl_id, "the rest is another order");
        town.refund(&paid).await;
        let back = town.payment(&paid).await;
        assert_eq!((back.state, back.ord_stas), (PaymentState::Refunded, 7));
        assert_eq!(orders(&town), [(8, true), (8, true)]);
        assert_eq!(town.account("qhd1").await, (10_000, 0));
        town.audit().await;
    }
}
