//! Silence, lies and refusals from the outside: every payment still comes to one end, and the books agree.

use std::collections::BTreeMap;

use liufang_platform::hash::hmac_sha256_hex;
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1::{ChannelNotice, ChannelState};
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::{ChannelBookRow, Dial};
use liufang_proto::settlement::v1::{NotifyPaymentRequest, PaymentState};
use liufang_tests::{World, behaviour, eventually};
use prost::Message as _;
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};

use super::cast::*;

behaviour!(everywhere a_lost_answer_of_the_channel_is_asked_for);
behaviour!(everywhere a_lost_request_to_the_channel_is_sent_again);
behaviour!(everywhere an_outage_leaves_the_payment_pending);
behaviour!(everywhere a_channel_that_never_answers_costs_nothing);
behaviour!(everywhere a_slow_payer_is_waited_for);
behaviour!(everywhere a_refusing_channel_fails_the_payment);
behaviour!(everywhere a_silent_insurer_is_asked);
behaviour!(everywhere a_refusing_insurer_gives_the_cash_back);
behaviour!(everywhere another_calculation_of_the_insurer_is_undone);
behaviour!(everywhere a_lost_answer_to_a_refund_refunds_once);
behaviour!(everywhere notices_are_checked);
behaviour!(everywhere bent_notices_change_nothing);

/// Row 163: 5 089 yuan, so only the fees go through the channel.
const ROW: u32 = 163;
const ASK: &str = "InsurerHook/QueryMessage";
/// Delivery and packing.
const CASH: i64 = 600;

/// The channel's row for the payment of an order.
async fn booked(cast: &Cast, patient: &liufang::client::Patient, order: &Order) -> Vec<ChannelBookRow> {
    let number = patient.payment(&order.order_id).await.unwrap().channel_order_no;
    let rows = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    rows.into_iter().filter(|row| row.channel_order_no == number).collect()
}

/// Paid once, settled once, the account charged once.
async fn paid_once(cast: &Cast, patient: &liufang::client::Patient, order: &Order) {
    cast.order_in(patient, &order.order_id, OrderState::Paid).await;
    let rows = booked(cast, patient, order).await;
    assert_eq!(rows.len(), 1, "{}", show(&rows));
    assert_eq!((rows[0].amount_fen, rows[0].refunded_fen, rows[0].state.as_str()), (CASH, 0, "paid"));
    let payment = patient.payment(&order.order_id).await.unwrap();
    assert_eq!(payment.state().as_str_name(), PaymentState::Captured.as_str_name());
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert_eq!(insurer.iter().filter(|row| row.setl_id == payment.setl_id && !row.reversed).count(), 1);
    assert_eq!(insurer.iter().filter(|row| !row.reversed).count(), 1, "no other settlement");
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (508_900 - 1_558, 0));
    cast.books_agree().await;
}

/// Nothing was taken, nothing is held.
async fn nothing_paid(cast: &Cast, patient: &liufang::client::Patient, order: &Order) {
    eventually("the holds are released", || async {
        let account = patient.account().await.unwrap();
        assert_eq!(account.balance_fen, 508_900);
        (account.held_fen == 0).then_some(())
    })
    .await;
    for row in booked(cast, patient, order).await {
        assert!(
            row.state != "paid" || row.amount_fen == row.refunded_fen,
            "{}",
            show(std::slice::from_ref(&row))
        );
    }
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert!(insurer.iter().all(|row| row.reversed), "{}", show(&insurer));
    cast.books_agree().await;
}

async fn a_lost_answer_of_the_channel_is_asked_for(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.pays_unheard(&patient, &order, Dial::LoseAnswer, 1).await;
    cast.hears_again().await;
    paid_once(&cast, &patient, &order).await;
}

async fn a_lost_request_to_the_channel_is_sent_again(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.pays_unheard(&patient, &order, Dial::LoseRequest, 1).await;
    cast.hears_again().await;
    paid_once(&cast, &patient, &order).await;
}

async fn an_outage_leaves_the_payment_pending(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.pays_unheard(&patient, &order, Dial::LoseAnswer, 0).await;
    let payment = patient.payment(&order.order_id).await.unwrap();
    assert_eq!(payment.state().as_str_name(), PaymentState::Pending.as_str_name());
    // the account part is held, not spent; nobody may pay again or cancel meanwhile
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (508_900, 1_558));
    refused_as(patient.pay(&order, Channel::Wechat).await, "PAYMENT_PENDING");
    refused_as(patient.cancel(&order.order_id).await, "PAYMENT_PENDING");
    cast.hears_again().await;
    paid_once(&cast, &patient, &order).await;
}

async fn a_channel_that_never_answers_costs_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.pays_unheard(&patient, &order, Dial::LoseRequest, 0).await;
    cast.public().dial(QUERY, Dial::Unspecified, 0, "").await.unwrap();
    // past the deadline the door is shut at the channel first, then the holds are given back
    let before = cast.available(OTC_SHOP, GRANULES).await;
    world.clock.advance_seconds(901);
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    nothing_paid(&cast, &patient, &order).await;
    eventually("the stock is free", || async {
        (cast.available(OTC_SHOP, GRANULES).await == before + 1).then_some(())
    })
    .await;
}

async fn a_slow_payer_is_waited_for(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.pays_unheard(&patient, &order, Dial::SlowNotice, 1).await;
    cast.hears_again().await;
    paid_once(&cast, &patient, &order).await;
}

async fn a_refusing_channel_fails_the_payment(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.public().dial(PAY, Dial::Refuse, 1, "").await.unwrap();
    let refusal = refused_as(patient.pay(&order, Channel::Wechat).await, "PAYMENT_REFUSED");
    assert_eq!(refusal.meta("failure_reason"), "CHANNEL_REFUSED");
    nothing_paid(&cast, &patient, &order).await;
    // a fresh quote may be paid
    let body = liufang_proto::order::v1::RequoteOrderRequest {
        order_id: order.order_id.clone(),
        use_account: true,
        ..Default::default()
    };
    let fresh = patient.requote_order(body).await.unwrap().order.unwrap();
    cast.pay(&patient, &fresh).await;
    paid_once(&cast, &patient, &fresh).await;
}

async fn a_silent_insurer_is_asked(world: &mut World) {
    let cast = Cast::of(world).await;
    for (row, dial) in [(ROW, Dial::LoseAnswer), (167, Dial::LoseRequest)] {
        let patient = cast.patient_through("jd", row).await;
        let before = patient.account().await.unwrap().balance_fen;
        let order = cast.unpaid_otc(&patient, row).await;
        cast.public().dial("InsurerHook/Settle", dial, 1, "").await.unwrap();
        cast.public().dial(ASK, Dial::LoseAnswer, 0, "").await.unwrap();
        let paying = patient.pay(&order, Channel::Wechat).await.unwrap();
        assert_eq!(paying.state().as_str_name(), OrderState::Paying.as_str_name(), "{}", dial.as_str_name());
        cast.public().dial(ASK, Dial::Unspecified, 0, "").await.unwrap();
        cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
        let payment = patient.payment(&order.order_id).await.unwrap();
        let book = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
        assert_eq!(
            book.iter().filter(|row| row.setl_id == payment.setl_id).count(),
            1,
            "{}",
            dial.as_str_name()
        );
        assert_eq!(patient.account().await.unwrap().balance_fen, before - 1_558);
    }
    let book = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert_eq!(book.len(), 2, "each settled once");
    cast.books_agree().await;
}

async fn a_refusing_insurer_gives_the_cash_back(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.public().dial("InsurerHook/Settle", Dial::Refuse, 1, "").await.unwrap();
    let refusal = refused_as(patient.pay(&order, Channel::Wechat).await, "PAYMENT_REFUSED");
    assert_eq!(refusal.meta("failure_reason"), "INSURER_REFUSED");
    nothing_paid(&cast, &patient, &order).await;
    let rows = booked(&cast, &patient, &order).await;
    assert_eq!((rows[0].amount_fen, rows[0].refunded_fen), (CASH, CASH), "paid and given back");
}

async fn another_calculation_of_the_insurer_is_undone(world: &mut World) {
    world.expect_log("the insurer calculates otherwise");
    world.expect_log("difference raised");
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.public().dial("InsurerHook/Settle", Dial::WrongAmount, 1, "").await.unwrap();
    let paying = patient.pay(&order, Channel::Wechat).await.unwrap();
    assert_eq!(paying.state().as_str_name(), OrderState::Paying.as_str_name(), "somebody is told first");
    world.clock.advance_seconds(6);
    eventually("the payment fails", || async {
        let payment = patient.payment(&order.order_id).await.unwrap();
        (payment.failure_reason == "INSURER_AMOUNT_MISMATCH" && payment.state() == PaymentState::Failed)
            .then_some(())
    })
    .await;
    nothing_paid(&cast, &patient, &order).await;
    let rows = booked(&cast, &patient, &order).await;
    assert_eq!((rows[0].amount_fen, rows[0].refunded_fen), (CASH, CASH), "paid and given back");
    // the amounts of a fresh quote are the same, and this time the centre agrees
    let body = liufang_proto::order::v1::RequoteOrderRequest {
        order_id: order.order_id.clone(),
        use_account: true,
        ..Default::default()
    };
    let fresh = patient.requote_order(body).await.unwrap().order.unwrap();
    cast.pay(&patient, &fresh).await;
    cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
    cast.books_agree().await;
}

async fn a_lost_answer_to_a_refund_refunds_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.paid_otc(&patient, ROW).await;
    cast.public().dial("PaymentChannel/RefundPayment", Dial::LoseAnswer, 1, "").await.unwrap();
    cast.public().dial("InsurerHook/Reverse", Dial::LoseAnswer, 1, "").await.unwrap();
    patient.cancel(&order.order_id).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    let rows = booked(&cast, &patient, &order).await;
    assert_eq!((rows.len(), rows[0].amount_fen, rows[0].refunded_fen), (1, CASH, CASH));
    nothing_paid(&cast, &patient, &order).await;
}

/// A notice as the channel of the development mesh signs it.
fn notice(id: &str, number: &str, amount_fen: i64) -> NotifyPaymentRequest {
    let body = ChannelNotice {
        notice_id: id.to_owned(),
        channel_order_no: number.to_owned(),
        state: ChannelState::Paid.into(),
        amount_fen,
        channel_trade_no: "T1".to_owned(),
        at_us: 1,
        refund_no: String::new(),
    }
    .encode_to_vec();
    let signature = hmac_sha256_hex(b"liufang-dev-channel-key", &body);
    NotifyPaymentRequest { channel: Channel::Wechat.into(), body, signature }
}

/// Sends a notice until it is taken, as channels do: the worker may be writing the same payment.
async fn tells(public: &liufang::client::Public, notice: NotifyPaymentRequest) {
    eventually("the notice is taken", || async {
        let refusal = match public.notify_payment(notice.clone()).await {
            Ok(_) => return Some(()),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal.code, tonic::Code::Aborted, "{refusal}");
        None
    })
    .await;
}

async fn notices_are_checked(world: &mut World) {
    world.expect_log("notice with a wrong signature");
    world.expect_log("difference raised");
    let cast = Cast::of(world).await;
    let public = cast.public();
    let patient = cast.patient_through("jd", ROW).await;
    let order = cast.unpaid_otc(&patient, ROW).await;
    cast.pays_unheard(&patient, &order, Dial::LoseAnswer, 0).await;
    let number = patient.payment(&order.order_id).await.unwrap().channel_order_no;

    let forged = NotifyPaymentRequest { signature: "00".repeat(32), ..notice("n1", &number, CASH) };
    refused_as(public.notify_payment(forged).await, "NOTICE_SIGNATURE_INVALID");
    refused_as(public.notify_payment(notice("n2", &number, CASH + 1)).await, "NOTICE_AMOUNT_MISMATCH");
    refused_as(public.notify_payment(notice("n3", "no-such-number", CASH)).await, "NOTICE_ORDER_UNKNOWN");
    let still = patient.order(&order.order_id).await.unwrap();
    assert_eq!(still.state().as_str_name(), OrderState::Paying.as_str_name(), "refused notices pay nothing");
    // the true one does, twice as well as once
    for id in ["n4", "n4", "n5"] {
        tells(&public, notice(id, &number, CASH)).await;
    }
    paid_once(&cast, &patient, &order).await;
}

async fn bent_notices_change_nothing(world: &mut World) {
    world.expect_log("notice with a wrong signature");
    world.expect_log("difference raised");
    let cast = Cast::of(world).await;
    let mut paid = Vec::new();
    for (row, dial) in [(ROW, Dial::DuplicateNotice), (165, Dial::WrongAmount), (167, Dial::ForgedNotice)] {
        let patient = cast.patient_through("jd", row).await;
        let before = patient.account().await.unwrap().balance_fen;
        let order = cast.unpaid_otc(&patient, row).await;
        cast.public().dial(PAY, dial, 1, "").await.unwrap();
        patient.pay(&order, Channel::Wechat).await.unwrap();
        cast.order_in(&patient, &order.order_id, OrderState::Paid).await;
        let rows = booked(&cast, &patient, &order).await;
        assert_eq!(
            (rows.len(), rows[0].amount_fen, rows[0].refunded_fen),
            (1, CASH, 0),
            "{}",
            dial.as_str_name()
        );
        assert_eq!(patient.account().await.unwrap().balance_fen, before - 1_558, "{}", dial.as_str_name());
        let payment = patient.payment(&order.order_id).await.unwrap();
        paid.push((patient, order, payment, before - 1_558));
    }
    // a worker of the channel sends them in its own time: the same one twice is taken, the others are refused
    let told = eventually("every notice was sent", || async {
        let told = notices(world).await;
        (!told.contains_key("due")).then_some(told)
    })
    .await;
    assert_eq!(told, BTreeMap::from([("refused".to_owned(), 2), ("sent".to_owned(), 2)]));
    for (patient, order, payment, balance) in &paid {
        let rows = booked(&cast, patient, order).await;
        assert_eq!((rows.len(), rows[0].amount_fen, rows[0].refunded_fen), (1, CASH, 0));
        assert_eq!(
            show(&[patient.payment(&order.order_id).await.unwrap()]),
            show(std::slice::from_ref(payment))
        );
        assert_eq!(patient.account().await.unwrap().balance_fen, *balance);
    }
    cast.books_agree().await;
}

/// How many notices of the channel are in each state.
async fn notices(world: &World) -> BTreeMap<String, i64> {
    let database = world.database("sandbox").await;
    let sql = "SELECT state, COUNT(*) AS notices FROM channel_notice GROUP BY state";
    let query = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(query).await.unwrap();
    let told = |row: &QueryResult| (row.try_get("", "state").unwrap(), row.try_get("", "notices").unwrap());
    let told = rows.iter().map(told).collect();
    database.close().await.unwrap();
    told
}
