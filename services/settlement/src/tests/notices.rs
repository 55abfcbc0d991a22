//! Notices of the channel.

use liufang_kernel::Fen;
use liufang_platform::{Principal, hash};

use super::fakes::Fault;
use super::world::*;
use crate::app::DEV_CHANNEL_KEY;
use crate::app::notice::{Notice, NoticeState};
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Payment, PaymentState};

fn notice(payment: &Payment, notice_id: &str, fen: i64) -> Notice {
    let body = format!("{notice_id} {fen}").into_bytes();
    Notice {
        channel: "wechat".into(),
        signature: hash::hmac_sha256_hex(DEV_CHANNEL_KEY.as_bytes(), &body),
        body,
        notice_id: notice_id.into(),
        channel_order_no: payment.channel_order_no.clone(),
        says: NoticeState::Paid,
        amount: Fen(fen),
    }
}

async fn raised(town: &Town) -> Vec<String> {
    use sea_orm::{ConnectionTrait, Statement};
    let db = town.world.deps.db.read();
    let sql = "SELECT kind FROM raised_difference ORDER BY kind";
    let rows = db.query_all_raw(Statement::from_string(town.world.deps.db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "kind").unwrap()).collect()
}

#[tokio::test]
async fn forged_wrong_and_repeated_notices() {
    let town = town().await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(otc("bj1", "ord1", &[], &[], fees)).await;
    let held = town.authorise(&quote).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);

    let notify = |notice| town.app.notify(town.call(Principal::anonymous(), notice));
    let forged = Notice { signature: "00".repeat(32), ..notice(&held, "n1", 600) };
    assert_eq!(reason(notify(forged).await), "NOTICE_SIGNATURE_INVALID");
    assert!(raised(&town).await.is_empty());
    assert_eq!(reason(notify(notice(&held, "n2", 601)).await), "NOTICE_AMOUNT_MISMATCH");
    assert_eq!(raised(&town).await, ["NOTICE_AMOUNT_MISMATCH"], "refused, and raised");
    let unknown = Payment { channel_order_no: "LFx".into(), ..held.clone() };
    assert_eq!(reason(notify(notice(&unknown, "n3", 600)).await), "NOTICE_ORDER_UNKNOWN");
    assert_eq!(town.payment(&held).await.state, PaymentState::Pending);

    notify(notice(&held, "n4", 600)).await.unwrap();
    notify(notice(&held, "n4", 600)).await.unwrap();
    town.settle_down(1).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
    notify(notice(&held, "n4", 600)).await.unwrap();
    notify(notice(&held, "n5", 600)).await.unwrap();
    assert_eq!(
        town.payment(&held).await.state,
        PaymentState::Captured,
        "late and repeated ones are harmless"
    );
    assert_eq!(town.fakes.books().calls, ["create"], "the signed notice was proof enough");
    assert_eq!(raised(&town).await.len(), 1);
    town.audit().await;
}

#[tokio::test]
async fn paid_after_the_end_is_raised() {
    let town = town().await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(otc("bj1", "ord1", &[], &[], fees)).await;
    let held = town.authorise(&quote).await;
    town.app.void(town.call(order(), held.payment_id.clone())).await.unwrap();
    town.app.notify(town.call(Principal::anonymous(), notice(&held, "n1", 600))).await.unwrap();
    assert_eq!(raised(&town).await, ["NOTICE_AFTER_END"]);
}

#[tokio::test]
async fn cash_that_comes_after_the_end_goes_back() {
    let town = town().await;
    town.credit("bj1", "110000", 9_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 1"], &[], fees)).await;
    let held = town.authorise(&quote).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    town.capture(&held).await;
    town.settle_down(200).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
    // the channel's answer to closing was wrong: the payer had been faster
    let paid = liufang_proto::hooks::v1::ChannelState::Paid as i32;
    town.fakes.books().channel.get_mut(&held.channel_order_no).unwrap().state = paid;

    let notify = |notice| town.app.notify(town.call(Principal::anonymous(), notice));
    notify(notice(&held, "n1", 600)).await.unwrap();
    notify(notice(&held, "n1", 600)).await.unwrap();
    town.settle_down(2).await;
    notify(notice(&held, "n2", 600)).await.unwrap();
    town.settle_down(2).await;
    let ended = town.payment(&held).await;
    assert_eq!((ended.state, ended.failure_reason.as_str()), (PaymentState::Expired, "EXPIRED"));
    let refunds = town.fakes.books().calls.iter().filter(|call| **call == "refund").count();
    assert_eq!((refunds, town.fakes.books().channel[&held.channel_order_no].refunded), (1, 600));
    assert_eq!(raised(&town).await, ["NOTICE_AFTER_END"], "a person hears of it all the same");
    assert_eq!(town.account("bj1").await, (9_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn late_cash_that_cannot_go_back_keeps_no_other_payment_waiting_and_is_known_from_its_notice_on() {
    let town = town().await;
    town.credit("qhd1", "130300", 50_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let late = town.authorise(&town.quote(chronic("qhd1", "ord1", &["甲 100 5"], fees)).await).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    town.capture(&late).await;
    town.settle_down(200).await;
    assert_eq!(town.payment(&late).await.state, PaymentState::Expired);
    town.world.clock.advance_seconds(86_400);
    let paid = liufang_proto::hooks::v1::ChannelState::Paid as i32;
    town.fakes.books().channel.get_mut(&late.channel_order_no).unwrap().state = paid;
    town.fakes.dial("refund", [Fault::LoseRequest; 400]);
    town.app.notify(town.call(Principal::anonymous(), notice(&late, "n1", 600))).await.unwrap();
    town.settle_down(1).await;
    assert_eq!(
        town.payment(&late).await.state,
        PaymentState::Pending,
        "the channel does not take it back yet"
    );
    let age = town.app.pending_oldest_seconds().await.unwrap();
    assert!((1..=60).contains(&age), "since the notice, not since the payment was made: {age}");

    let next = town.pay(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await;
    assert_eq!(next.state, PaymentState::Captured, "it can draw on the fund no more: nobody waits for it");
    town.world.clock.advance_seconds(1_800);
    assert!(1_800 < town.app.pending_oldest_seconds().await.unwrap());
    town.audit().await;
}
