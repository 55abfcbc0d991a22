//! The insurer's calculation against ours, silence without end, trials, and the log of messages.

use super::fakes::Fault;
use super::world::*;
use crate::domain::payment::{Payment, PaymentState, Step};
use crate::store;
use crate::store::message::Logged;

/// Half from the account, half in cash.
async fn half_cash(town: &Town) -> Payment {
    town.credit("qhd1", "130300", 10_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    town.authorise(&quote).await
}

async fn log(town: &Town, reference: &str) -> Vec<Logged> {
    store::message::about(town.world.deps.db.read(), reference).await.unwrap()
}

/// Interface, how often it went, what was answered.
fn told(log: &[Logged]) -> Vec<(&str, i64, &str)> {
    log.iter().map(|row| (row.infno.as_str(), row.sends, row.outcome.as_str())).collect()
}

async fn differences(town: &Town) -> Vec<(String, i64)> {
    use sea_orm::{ConnectionTrait, Statement};
    let db = &town.world.deps.db;
    let sql = "SELECT kind, ours_fen - theirs_fen AS fen FROM raised_difference ORDER BY kind";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| (row.try_get("", "kind").unwrap(), row.try_get("", "fen").unwrap())).collect()
}

#[tokio::test]
async fn what_the_insurer_calculates_otherwise_is_not_booked() {
    for lost in [false, true] {
        let town = town().await;
        let held = half_cash(&town).await;
        town.fakes.dial("settle", [Fault::OtherAmounts]);
        if lost {
            // the books at the centre are wrong and the answer is lost: the question finds it
            town.fakes.dial("settle", []);
            town.fakes.dial("reverse", [Fault::LoseAnswer]);
        }
        let pending = town.capture(&held).await;
        assert_eq!((pending.state, pending.ord_stas), (PaymentState::Pending, 14), "a person is told");
        town.settle_down(10).await;
        let failed = town.payment(&held).await;
        assert_eq!(failed.state, PaymentState::Failed);
        assert_eq!(failed.failure_reason, "INSURER_AMOUNT_MISMATCH");
        let insurer = town.fakes.books().insurer.clone();
        assert!(insurer.values().all(|(_, reversed)| *reversed), "taken back at the centre");
        let cash_is_back = town.fakes.books().channel.values().all(|row| row.refunded == row.amount);
        assert!(cash_is_back, "the cash too");
        assert_eq!(town.account("qhd1").await, (10_000, 0));
        assert_eq!(differences(&town).await, [("INSURER_AMOUNT_MISMATCH".to_owned(), 0)]);
        let log = log(&town, &held.payment_id).await;
        let sends = if lost { 2 } else { 1 };
        assert_eq!(told(&log), [("2102", 1, "differs"), ("2103", sends, "done")]);
        town.audit().await;
    }
}

#[tokio::test]
async fn a_question_too_finds_other_amounts() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("settle", [Fault::LoseAnswer]);
    town.capture(&held).await;
    for sheet in town.fakes.books().sheets.values_mut() {
        sheet.setlinfo.as_mut().unwrap().fund_pay_sumamt_fen += 1;
    }
    town.settle_down(10).await;
    let failed = town.payment(&held).await;
    assert_eq!(failed.failure_reason, "INSURER_AMOUNT_MISMATCH");
    assert_eq!(differences(&town).await, [("INSURER_AMOUNT_MISMATCH".to_owned(), -1)]);
    town.audit().await;
}

#[tokio::test]
async fn an_insurer_that_stays_silent_is_revoked() {
    for landed in [true, false] {
        let town = town().await;
        let held = half_cash(&town).await;
        town.fakes.dial("settle", [if landed { Fault::LoseAnswer } else { Fault::LoseRequest }]);
        town.fakes.dial("query_message", [Fault::LoseRequest; 6]);
        town.fakes.dial("revoke", [Fault::LoseAnswer]);
        town.capture(&held).await;
        town.settle_down(31).await;
        let ended = town.payment(&held).await;
        let log = log(&town, &held.payment_id).await;
        if landed {
            assert_eq!(ended.state, PaymentState::Failed);
            assert_eq!(ended.failure_reason, "INSURER_NO_ANSWER");
            assert!(town.fakes.books().insurer.values().all(|(_, reversed)| *reversed));
            assert!(town.fakes.books().channel.values().all(|row| row.refunded == row.amount));
            assert_eq!(told(&log), [("2102", 1, ""), ("2601", 2, "done")]);
            assert_eq!(town.account("qhd1").await, (10_000, 0));
        } else {
            assert_eq!(ended.state, PaymentState::Captured, "it never landed, so it is sent again");
            assert_eq!(told(&log), [("2102", 2, "done"), ("2601", 2, "not_found")]);
        }
        town.audit().await;
    }
}

/// Another process took the payment over and booked it, while this one still had it in hand.
#[tokio::test]
async fn whoever_is_overtaken_tells_how_the_payment_stands() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("settle", [Fault::LoseAnswer]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    let mut late = town.app.journal(&held.payment_id).await.unwrap();
    town.settle_down(31).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
    late.step = Step::Book;
    assert_eq!(town.app.run(late).await.unwrap().state, PaymentState::Captured);
    town.audit().await;
}

#[tokio::test]
async fn every_message_is_in_the_log_before_it_goes() {
    let town = town().await;
    let held = half_cash(&town).await;
    town.fakes.dial("settle", [Fault::LoseRequest]);
    town.capture(&held).await;
    let first = log(&town, &held.payment_id).await;
    assert_eq!(told(&first), [("2102", 1, "")]);
    assert!(first[0].msgid.starts_with(QHD_SHOP) && first[0].answered_at.0 == 0);
    town.settle_down(2).await;
    let paid = town.payment(&held).await;
    assert_eq!(paid.state, PaymentState::Captured);
    assert_eq!(told(&log(&town, &held.payment_id).await), [("2102", 2, "done")]);
    town.refund(&paid).await;
    let log = log(&town, &held.payment_id).await;
    assert_eq!(told(&log), [("2102", 2, "done"), ("2103", 1, "done")]);
    assert!(log.iter().all(|row| row.answered_at >= row.sent_at));
}

#[tokio::test]
async fn a_region_may_ask_for_a_trial_first() {
    let town = town_with(|pack| pack.replace("[region]\n", "[region]\ninsurer_trial = true\n")).await;
    town.credit("qhd1", "130300", 10_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    town.fakes.dial("trial", [Fault::Refuse, Fault::OtherAmounts, Fault::LoseAnswer]);
    assert_eq!(reason(town.try_authorise(&quote, "wechat").await), "INSURER_TRIAL_REFUSED");
    assert_eq!(reason(town.try_authorise(&quote, "wechat").await), "INSURER_AMOUNT_MISMATCH");
    assert_eq!(reason(town.try_authorise(&quote, "wechat").await), "INSURER_NO_ANSWER");
    assert_eq!(town.account("qhd1").await, (10_000, 0), "nothing was held");
    let held = town.authorise(&quote).await;
    assert_eq!(town.capture(&held).await.state, PaymentState::Captured);
    let trials = log(&town, &quote.quote_id).await;
    let outcomes: Vec<&str> = trials.iter().map(|row| row.outcome.as_str()).collect();
    assert_eq!(outcomes.len(), 4);
    assert!(["rejected", "differs", "", "done"].iter().all(|word| outcomes.contains(word)), "{outcomes:?}");
    assert!(trials.iter().all(|row| row.infno == "2101"));
}
