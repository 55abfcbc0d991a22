//! What a channel tells besides yes and no: parameters for the payer, refunds in hand, late cash nobody told of.

use liufang_kernel::Fen;
use liufang_platform::{Principal, hash};
use liufang_proto::hooks::v1::ChannelState;

use super::fakes::Fault;
use super::world::*;
use crate::app::DEV_CHANNEL_KEY;
use crate::app::authorise::Authorise;
use crate::app::notice::{Notice, NoticeState};
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Payer, Payment, PaymentState};
use crate::store;

async fn held(town: &Town) -> Payment {
    held_by(town, "ord1", "wechat").await
}

async fn held_by(town: &Town, order_id: &str, channel: &str) -> Payment {
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(otc("bj1", order_id, &[], &[], fees)).await;
    let now = town.world.deps.clock.now();
    let payer = Payer { payer_id: "o-openid".into(), scene: 2, ..Payer::default() };
    let body = Authorise {
        quote_id: quote.quote_id,
        order_id: order_id.into(),
        channel: channel.into(),
        hold_expires_at: now.plus_seconds(60),
        payer,
    };
    town.app.authorise(town.call(order(), body)).await.unwrap()
}

/// Lets time pass in small steps until the payment has ended, and no longer.
async fn until_ended(town: &Town, held: &Payment) {
    for _ in 0..40 {
        town.world.clock.advance_seconds(5);
        while town.app.converge_step().await.unwrap() > 0 {}
        if town.payment(held).await.state != PaymentState::Pending {
            return;
        }
    }
}

#[tokio::test]
async fn what_the_payer_hands_over_is_there_while_the_channel_waits() {
    let town = town().await;
    let held = held(&town).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    let captured = town.app.capture(town.call(order(), held.payment_id.clone())).await;
    let (payment, pay_params) = town.app.with_pay_params(captured).await.unwrap();
    assert_eq!((payment.state, pay_params.as_str()), (PaymentState::Pending, "{\"code_url\":\"c\"}"));
    assert_eq!(
        town.fakes.books().payers,
        ["o-openid"],
        "the payer as the channel knows them, and no number of ours"
    );
    // sealed, and gone with the end
    let (read, cipher) = (town.world.deps.db.read(), &town.world.deps.cipher);
    assert_eq!(store::payer::find(read, cipher, &held.payment_id).await.unwrap().payer_id, "o-openid");
    town.fakes.books().channel.values_mut().for_each(|row| row.state = ChannelState::Paid as i32);
    town.settle_down(1).await;
    let (payment, pay_params) = town.app.with_pay_params(Ok(town.payment(&held).await)).await.unwrap();
    assert_eq!((payment.state, pay_params.as_str()), (PaymentState::Captured, ""));
    assert_eq!(store::payer::find(read, cipher, &held.payment_id).await.unwrap(), Payer::default());
    town.audit().await;
}

#[tokio::test]
async fn a_refund_in_hand_is_asked_about_and_not_sent_again() {
    let town = town().await;
    let held = held(&town).await;
    assert_eq!(town.capture(&held).await.state, PaymentState::Captured);
    town.fakes.dial("refund", [Fault::InHand]);
    assert_eq!(town.refund(&held).await.state, PaymentState::Refunding);
    town.settle_down(5).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Refunded);
    let calls = town.fakes.books().calls.clone();
    assert_eq!(calls, ["create", "refund", "query_refund", "query_refund", "query_refund"]);
    town.audit().await;
}

#[tokio::test]
async fn late_cash_is_found_without_a_notice() {
    let town = town().await;
    let held = held(&town).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    town.capture(&held).await;
    until_ended(&town, &held).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
    // the payer's money was under way when the order was closed
    town.fakes.books().channel.values_mut().for_each(|row| row.state = ChannelState::Paid as i32);
    assert_eq!(town.app.late_step().await.unwrap(), 0, "not at once");
    town.world.clock.advance_seconds(61);
    assert_eq!(town.app.late_step().await.unwrap(), 1);
    town.settle_down(5).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
    assert!(town.fakes.books().channel.values().all(|row| row.refunded == 600));
    assert_eq!(town.app.late_step().await.unwrap(), 0, "and never again");
    town.audit().await;
}

#[tokio::test]
async fn a_silent_channel_is_asked_again_and_an_honest_one_twice() {
    let town = town().await;
    let held = held(&town).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    town.capture(&held).await;
    until_ended(&town, &held).await;
    town.fakes.dial("query", [Fault::LoseAnswer]);
    let mut looks = Vec::new();
    for seconds in [61, 61, 61, 1_800, 3_600] {
        town.world.clock.advance_seconds(seconds);
        looks.push(town.app.late_step().await.unwrap());
    }
    assert_eq!(looks, [1, 1, 0, 1, 0]);
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
}

#[tokio::test]
async fn a_channel_that_keeps_silent_holds_up_no_other() {
    let town = town().await;
    let mut ended = Vec::new();
    for (order_id, channel) in [("ord1", "wechat"), ("ord2", "alipay")] {
        let held = held_by(&town, order_id, channel).await;
        town.fakes.dial("create", [Fault::StayOpen]);
        town.capture(&held).await;
        until_ended(&town, &held).await;
        ended.push(held);
    }
    // the one that is asked first speaks after the other one was asked
    town.fakes.books().waits.clone_from(&ended[0].channel_order_no);
    town.world.clock.advance_seconds(61);
    let paid = ChannelState::Paid as i32;
    town.fakes.books().channel.get_mut(&ended[0].channel_order_no).unwrap().state = paid;
    assert_eq!(town.app.late_step().await.unwrap(), 2);
    assert_eq!(town.payment(&ended[0]).await.ord_stas, 13, "its cash was found: it spoke");
}

#[tokio::test]
async fn a_channel_speaks_of_its_own_payments() {
    let town = town().await;
    let held = held(&town).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    town.capture(&held).await;
    let body = b"n1".to_vec();
    let notice = Notice {
        channel: "alipay".into(),
        signature: hash::hmac_sha256_hex(DEV_CHANNEL_KEY.as_bytes(), &body),
        body,
        notice_id: "n1".into(),
        channel_order_no: held.channel_order_no.clone(),
        says: NoticeState::Paid,
        amount: Fen(600),
    };
    let told = town.app.notify(town.call(Principal::service("channels"), notice)).await;
    assert_eq!(reason(told), "NOTICE_ORDER_UNKNOWN");
    assert_eq!(town.payment(&held).await.state, PaymentState::Pending);
}
