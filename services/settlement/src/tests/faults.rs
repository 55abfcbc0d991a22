//! Lost requests, lost answers, refusals: the worker brings every payment to exactly one end.

use super::fakes::Fault;
use super::world::*;
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Payment, PaymentState};

async fn half_cash(town: &Town) -> Payment {
    town.credit("qhd1", "130300", 10_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], fees)).await;
    town.authorise(&quote).await
}

#[tokio::test]
async fn a_lost_answer_is_resolved_by_asking() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::LoseAnswer]);
    let pending = town.capture(&held).await;
    assert_eq!((pending.state, pending.ord_stas), (PaymentState::Pending, 2));
    assert_eq!(town.account("qhd1").await, (10_000, 10_000), "holds stay while nobody knows");
    town.settle_down(2).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
    assert_eq!(town.fakes.books().calls, ["create", "query", "settle"]);
    town.audit().await;
}

#[tokio::test]
async fn a_lost_request_is_sent_again_under_the_same_number() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::LoseRequest]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    town.settle_down(2).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
    assert_eq!(town.fakes.books().calls, ["create", "query", "create", "settle"]);
    assert_eq!(town.fakes.books().channel.len(), 1);
}

#[tokio::test]
async fn a_payer_who_never_pays_is_closed_out_at_the_deadline() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::StayOpen]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    town.settle_down(5).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Pending, "the deadline is still ahead");
    town.settle_down(200).await;
    let ended = town.payment(&held).await;
    assert_eq!((ended.state, ended.failure_reason.as_str()), (PaymentState::Expired, "EXPIRED"));
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn a_silent_channel_ends_by_closing_its_door() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::LoseRequest; 40]);
    town.capture(&held).await;
    town.settle_down(200).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Expired);
    assert_eq!(town.fakes.books().calls.last(), Some(&"close"));
}

#[tokio::test]
async fn a_refused_payment_fails_and_frees() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::Refuse]);
    let failed = town.capture(&held).await;
    assert_eq!((failed.state, failed.ord_stas), (PaymentState::Failed, 15));
    assert_eq!(failed.failure_reason, "CHANNEL_REFUSED");
    assert_eq!(town.account("qhd1").await, (10_000, 0));
}

#[tokio::test]
async fn the_insurers_no_gives_the_cash_back() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("settle", [Fault::Refuse]);
    town.fakes.dial("refund", [Fault::LoseAnswer]);
    let pending = town.capture(&held).await;
    assert_eq!((pending.state, pending.ord_stas), (PaymentState::Pending, 16), "cash is held: an alarm");
    town.settle_down(2).await;
    let failed = town.payment(&held).await;
    assert_eq!((failed.state, failed.failure_reason.as_str()), (PaymentState::Failed, "INSURER_REFUSED"));
    let row = town.fakes.books().channel.values().next().unwrap().clone();
    assert_eq!(row.refunded, row.amount);
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn the_insurers_silence_is_a_question() {
    let town = town().await;
    for (fault, calls) in [
        (Fault::LoseAnswer, vec!["create", "settle", "query_message"]),
        (Fault::LoseRequest, vec!["create", "settle", "query_message", "settle"]),
    ] {
        let town = if fault == Fault::LoseAnswer { &town } else { &super::world::town().await };
        let held = half_cash(town).await;
        town.fakes.dial("settle", [fault]);
        let pending = town.capture(&held).await;
        assert_eq!((pending.state, pending.ord_stas), (PaymentState::Pending, 3));
        town.settle_down(2).await;
        assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
        assert_eq!(town.fakes.books().calls, calls);
        assert_eq!(town.fakes.books().insurer.len(), 1);
    }
}

#[tokio::test]
async fn a_refund_survives_silence_on_both_sides() {
    let town = town().await;
    let held = half_cash(&town).await;
    let paid = town.capture(&held).await;
    town.fakes.dial("refund", [Fault::LoseAnswer, Fault::LoseRequest]);
    town.fakes.dial("reverse", [Fault::LoseAnswer]);
    let refunding = town.refund(&paid).await;
    assert_eq!((refunding.state, refunding.ord_stas), (PaymentState::Refunding, 17));
    town.settle_down(3).await;
    assert_eq!(town.payment(&paid).await.state, PaymentState::Refunded);
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}

#[tokio::test]
async fn a_crash_after_any_write_is_resumed_by_the_worker() {
    // the journal is set to each step as a crash would leave it: lease over, nothing in memory
    for step in ["pay_channel", "ask_channel", "settle_insurer", "ask_insurer", "book"] {
        let town = town().await;
        let held = half_cash(&town).await;
        town.fakes.dial("create", [Fault::LoseAnswer]);
        town.fakes.dial("settle", [Fault::LoseAnswer]);
        town.capture(&held).await;
        let work = town.world.deps.db.begin_step().await.unwrap();
        let sql = format!(
            "UPDATE payment SET step = '{step}', setl_id = 'S1', next_at_us = 0, version = version + 1"
        );
        sea_orm::ConnectionTrait::execute_unprepared(work.tx(), &sql).await.unwrap();
        work.done().await.unwrap();
        town.settle_down(2).await;
        assert_eq!(town.payment(&held).await.state, PaymentState::Captured, "from {step}");
        assert!(town.fakes.books().insurer.len() <= 1, "settled once");
        assert_eq!(town.account("qhd1").await, (0, 0));
        town.audit().await;
    }
}

#[tokio::test]
async fn a_credential_that_is_not_accepted_says_nothing_about_the_payment() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::LoseAnswer]);
    town.fakes.dial("settle", [Fault::Unauthenticated]);
    town.capture(&held).await;
    town.settle_down(2).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured, "asked, not given up");
    let row = town.fakes.books().channel.values().next().unwrap().clone();
    assert_eq!(row.refunded, 0);
    town.audit().await;
}

#[tokio::test]
async fn a_payment_that_cannot_be_ended_holds_up_no_other() {
    use sea_orm::{ConnectionTrait, Statement};
    let town = town().await;
    for (person, region) in [("bj1", "110000"), ("qhd1", "130300")] {
        town.credit(person, region, 50_000).await;
    }
    let broken = town.quote(otc("bj1", "ord1", &["甲 30 1"], &[], vec![])).await;
    town.authorise(&broken).await;
    let sound = town.quote(chronic("qhd1", "ord2", &["甲 100 1"], vec![])).await;
    let sound = town.authorise(&sound).await;
    let db = &town.world.deps.db;
    let spoil = "UPDATE personal_account SET held_fen = 0 WHERE person_id = 'bj1'";
    db.read().execute_raw(Statement::from_string(db.backend(), spoil)).await.unwrap();
    town.world.clock.advance_seconds(901);
    assert_eq!(town.app.expire_step().await.unwrap(), 1);
    assert_eq!(town.payment(&sound).await.state, PaymentState::Expired);
    assert_eq!(town.account("qhd1").await, (50_000, 0));
}

#[tokio::test]
async fn another_amount_at_the_channel_goes_back_after_the_deadline_and_blocks_nobody() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::LoseAnswer]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    town.fakes.books().channel.values_mut().for_each(|row| row.amount += 1);
    town.settle_down(2).await;
    let pending = town.payment(&held).await;
    assert_eq!((pending.state, pending.ord_stas), (PaymentState::Pending, 14), "a person is told first");
    town.settle_down(200).await;
    let ended = town.payment(&held).await;
    assert_eq!(ended.state, PaymentState::Failed);
    assert_eq!(ended.failure_reason, "CHANNEL_AMOUNT_MISMATCH");
    assert!(town.fakes.books().channel.values().all(|row| row.refunded == row.amount), "all of it");
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    let next = town.quote(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await;
    let next = town.authorise(&next).await;
    assert_eq!(town.capture(&next).await.state, PaymentState::Captured, "the next one is not kept waiting");
    town.audit().await;
}

#[tokio::test]
async fn cash_that_the_channel_gave_back_by_itself_ends_the_payment() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("create", [Fault::LoseAnswer]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    let refunded = liufang_proto::hooks::v1::ChannelState::Refunded as i32;
    town.fakes
        .books()
        .channel
        .values_mut()
        .for_each(|row| (row.state, row.refunded) = (refunded, row.amount));
    town.settle_down(200).await;
    let ended = town.payment(&held).await;
    assert_eq!(ended.state, PaymentState::Failed);
    assert_eq!(ended.failure_reason, "CHANNEL_REFUNDED_OUTSIDE");
    assert_eq!(town.account("qhd1").await, (10_000, 0));
    town.audit().await;
}
