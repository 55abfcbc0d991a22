//! Statements that are fetched: when, from whom, what is taken of them, and what stays to be asked for.

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Timestamp};
use liufang_platform::{Principal, PrincipalKind};
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1 as hooks;
use sea_orm::ConnectionTrait;

use super::fakes::Fault;
use super::world::*;
use crate::app::claim::ReceivableQuery;
use crate::app::fetch::{FetchStatement, Fetched};
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::Journal;

/// A payment with 6 yuan of cash at least.
async fn cash(town: &Town, shop: &str, order: &str) -> Journal {
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    let body = match shop {
        QHD_SHOP => chronic("qhd1", order, &["甲 100 1"], fees),
        _ => otc("bj1", order, &["甲 20 1"], &[], fees),
    };
    let paid = town.pay(body).await;
    town.app.journal(&paid.payment_id).await.unwrap()
}

fn row(of: &Journal) -> String {
    format!("{},,{},4\n", of.channel_order_no, of.cash.0)
}

/// Puts the clock to an hour of a day, and hands the channel a statement of `day`.
fn at(town: &Town, day: Date, hour: i64) {
    let then = Timestamp::start_of(day).plus_seconds(hour * 3_600);
    town.world.clock.advance_seconds(then.seconds() - town.now().seconds());
}

fn gives(town: &Town, day: Date, shared: bool, rows: &str) {
    let bill = hooks::FetchStatementResponse {
        state: hooks::StatementState::Ready.into(),
        form: hooks::StatementForm::Generic.into(),
        text: format!("number,refund_no,amount_fen,fee_fen\n{rows}"),
        shared,
    };
    let key = format!("{} {}", Channel::Wechat as i32, date_text(day));
    town.fakes.books().bills.insert(key, bill);
}

async fn owed(town: &Town, shop: &str) -> i64 {
    let query = ReceivableQuery { fixmedins_code: String::new(), debtor: String::new(), size: 50 };
    let rows = town.app.list_receivables(town.call(pos(shop), query)).await.unwrap().rows;
    rows.iter().filter(|row| row.debtor == "wechat").map(|row| row.open.0).sum()
}

fn calls(town: &Town) -> usize {
    town.fakes.books().calls.iter().filter(|call| **call == "statement").count()
}

fn operator() -> Principal {
    Principal { kind: PrincipalKind::Operator, ..Principal::default() }
}

fn wanted(day: Date) -> FetchStatement {
    FetchStatement { channel: "wechat".into(), fixmedins_code: QHD_SHOP.into(), stmt_date: date_text(day) }
}

async fn begin() -> (Town, Date, Date) {
    let town = town().await;
    town.credit("qhd1", "130300", 1_000).await;
    town.credit("bj1", "110000", 2_000).await;
    let today = town.now().china_date();
    let tomorrow = today.next_day().unwrap();
    at(&town, tomorrow, 12);
    (town, tomorrow, tomorrow.next_day().unwrap())
}

#[tokio::test]
async fn a_shared_statement_closes_what_each_is_owed_and_a_stranger_is_kept_once() {
    let (town, day, next) = begin().await;
    let one = cash(&town, QHD_SHOP, "ord1").await;
    let two = cash(&town, BJ_SHOP, "ord2").await;
    assert!(owed(&town, QHD_SHOP).await > 0 && owed(&town, BJ_SHOP).await > 0);
    gives(&town, day, true, &format!("{}{}LFstrange,,500,3\n", row(&one), row(&two)));

    // not before the hour of the day after
    at(&town, next, 9);
    assert_eq!(town.app.fetch_step().await.unwrap(), 0);
    at(&town, next, 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 2);
    assert_eq!(calls(&town), 1, "one account, one file");
    assert_eq!((owed(&town, QHD_SHOP).await, owed(&town, BJ_SHOP).await), (0, 0));
    let suspense = [QHD_SHOP, BJ_SHOP].map(|shop| format!("suspense:wechat:{shop}"));
    let kept = [town.balance_of(&suspense[0]).await, town.balance_of(&suspense[1]).await];
    assert_eq!(kept.iter().sum::<i64>(), -500, "with one of them");
    assert!(kept.contains(&0));
    assert_eq!(town.app.statement_lines_waiting().await.unwrap(), (1, 0));
    assert_eq!(town.app.fetch_step().await.unwrap(), 0);
    town.audit().await;

    // the operator is told what was taken, without another question
    let told = town.app.fetch_statement(town.call(operator(), wanted(day))).await.unwrap();
    let Fetched::Taken(found) = told else { panic!("{told:?}") };
    assert_eq!((found.booked.count, found.booked.amount), (1, one.cash));
    assert_eq!(calls(&town), 1);
    assert_eq!(town.app.statements_missing().await.unwrap(), 0);
}

#[tokio::test]
async fn a_day_without_a_statement_is_asked_for_until_it_has_one() {
    let (town, day, next) = begin().await;
    let paid = cash(&town, QHD_SHOP, "ord1").await;
    at(&town, next, 10);
    town.fakes.dial("statement", [Fault::LoseRequest]);
    for asked in 1..=3 {
        assert_eq!(town.app.fetch_step().await.unwrap(), 1);
        assert_eq!(town.app.fetch_step().await.unwrap(), 0, "not at once");
        assert_eq!(calls(&town), asked);
        town.world.clock.advance_seconds(1_300);
    }
    // nothing is taken of what cannot be read, and it is told
    gives(&town, day, false, "LF1,,5.5,0\n");
    let fetch = |key: &str| town.app.fetch_statement(town.keyed(operator(), key, wanted(day)));
    assert_eq!(reason(fetch("first").await), "STATEMENT_UNREADABLE");
    town.world.clock.advance_seconds(6_000);
    assert_eq!(town.app.fetch_step().await.unwrap(), 1);
    assert_eq!(owed(&town, QHD_SHOP).await, paid.cash.0);
    // missing from the third day on
    assert_eq!(town.app.statements_missing().await.unwrap(), 0);
    at(&town, next.next_day().unwrap(), 1);
    assert_eq!(town.app.statements_missing().await.unwrap(), 1);
    // what was not taken is not kept under the key of a call
    gives(&town, day, false, &row(&paid));
    assert!(matches!(fetch("first").await.unwrap(), Fetched::Taken(_)));
    assert_eq!(town.app.statements_missing().await.unwrap(), 0);
    assert_eq!(owed(&town, QHD_SHOP).await, 0);
    assert!(matches!(fetch("first").await.unwrap(), Fetched::Taken(_)));
    town.audit().await;
}

/// What a failed payment took goes back after midnight, on a day on which nothing else moves: both lines are found, and both
/// together are nothing.
#[tokio::test]
async fn money_that_went_back_after_midnight_is_found() {
    let (town, day, next) = begin().await;
    let paid = cash(&town, QHD_SHOP, "ord1").await;
    let gone = ("LFgone,,700,4\n", "LFgone,RFgone,-700,-4\n");
    gives(&town, day, true, &format!("{}{}", row(&paid), gone.0));
    gives(&town, next, true, gone.1);
    at(&town, next, 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 1);
    assert_eq!(town.app.statement_lines_waiting().await.unwrap(), (1, 0));
    let suspense = format!("suspense:wechat:{QHD_SHOP}");
    assert_eq!(town.balance_of(&suspense).await, -700);

    let third = next.next_day().unwrap();
    at(&town, third, 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 1);
    assert_eq!(town.app.statement_lines_waiting().await.unwrap(), (0, 0));
    assert_eq!(town.balance_of(&suspense).await, 0);
    let told = town.app.fetch_statement(town.call(operator(), wanted(next))).await.unwrap();
    let Fetched::Taken(found) = told else { panic!("{told:?}") };
    assert_eq!((found.returned.count, found.suspended.count, found.all_differences), (1, 0, 0));
    town.audit().await;

    // nothing waits for a name, so nobody asks for days on which nothing moved
    at(&town, third.next_day().unwrap(), 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 0);
}

/// Of an account that institutions share: whoever was told of the money is told of its way back.
#[tokio::test]
async fn a_stranger_s_money_goes_back_where_it_came() {
    let (town, day, next) = begin().await;
    let one = cash(&town, QHD_SHOP, "ord1").await;
    let two = cash(&town, BJ_SHOP, "ord2").await;
    gives(&town, day, true, &format!("{}{}LFstrange,,500,3\n", row(&one), row(&two)));
    at(&town, next, 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 2);
    let kept = async |shop: &str| town.balance_of(&format!("suspense:wechat:{shop}")).await;
    let keeps = if kept(QHD_SHOP).await != 0 { QHD_SHOP } else { BJ_SHOP };
    let other = if keeps == QHD_SHOP { BJ_SHOP } else { QHD_SHOP };
    // the other one has business on the day of the way back
    let third = cash(&town, other, "ord3").await;
    gives(&town, next, true, &format!("{}LFstrange,RF1,-500,-3\n", row(&third)));
    at(&town, next.next_day().unwrap(), 10);
    // and has its statement first: who comes first does not matter
    let first = FetchStatement { fixmedins_code: other.to_owned(), ..wanted(next) };
    town.app.fetch_statement(town.call(operator(), first)).await.unwrap();
    assert_eq!(town.app.fetch_step().await.unwrap(), 1);
    assert_eq!((kept(keeps).await, kept(other).await, owed(&town, other).await), (0, 0, 0));
    assert_eq!(town.app.statement_lines_waiting().await.unwrap(), (0, 0));
    town.audit().await;
}

#[tokio::test]
async fn what_a_channel_says_instead_of_a_statement_is_told() {
    let (town, day, next) = begin().await;
    let fetch = || town.app.fetch_statement(town.call(operator(), wanted(day)));
    assert_eq!(reason(fetch().await), "STATEMENT_DAY_OPEN");
    at(&town, next, 1);
    assert_eq!(fetch().await.unwrap(), Fetched::Nothing);
    let key = format!("{} {}", Channel::Wechat as i32, date_text(day));
    for (state, told) in [
        (hooks::StatementState::NotReady, Fetched::NotReady),
        (hooks::StatementState::Unsupported, Fetched::Unsupported),
    ] {
        let bill = hooks::FetchStatementResponse { state: state.into(), ..Default::default() };
        town.fakes.books().bills.insert(key.clone(), bill);
        assert_eq!(fetch().await.unwrap(), told);
    }
    town.fakes.dial("statement", [Fault::LoseAnswer]);
    assert_eq!(reason(fetch().await), "STATEMENT_NOT_FETCHED");
}

/// The channel's clock is ahead of our books: what is booked after midnight was paid before.
#[tokio::test]
async fn what_is_booked_in_the_first_hour_is_looked_for_the_day_before_too() {
    let (town, day, next) = begin().await;
    at(&town, next, 0);
    let paid = cash(&town, QHD_SHOP, "ord1").await;
    let other = cash(&town, QHD_SHOP, "ord2").await;
    gives(&town, day, false, &row(&paid));
    gives(&town, next, false, &row(&other));
    at(&town, next.next_day().unwrap(), 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 2);
    assert_eq!(owed(&town, QHD_SHOP).await, 0);
    town.audit().await;

    // a day that may have had something and had nothing is not missed
    let later = next.next_day().unwrap().next_day().unwrap();
    at(&town, later, 0);
    let paid = cash(&town, QHD_SHOP, "ord3").await;
    gives(&town, later, false, &row(&paid));
    at(&town, later.next_day().unwrap(), 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 2);
    at(&town, later.next_day().unwrap().next_day().unwrap(), 9);
    assert_eq!(town.app.statements_missing().await.unwrap(), 0);
    assert_eq!(owed(&town, QHD_SHOP).await, 0);
}

/// A payment that the statement of its day does not have is counted until it is paid out.
#[tokio::test]
async fn what_a_statement_leaves_unpaid_is_counted_until_it_is_not() {
    let (town, day, next) = begin().await;
    let paid = cash(&town, QHD_SHOP, "ord1").await;
    let left = cash(&town, QHD_SHOP, "ord2").await;
    gives(&town, day, false, &row(&paid));
    at(&town, next, 10);
    assert_eq!(town.app.fetch_step().await.unwrap(), 1);
    town.world.clock.advance_seconds(700);
    assert_eq!(town.app.fetch_step().await.unwrap(), 0);
    assert_eq!(town.app.statement_lines_waiting().await.unwrap(), (0, 1));
    let work = town.world.deps.db.begin_step().await.unwrap();
    let paid_out = format!("UPDATE receivable SET open = FALSE WHERE payment_id = '{}'", left.payment_id);
    work.tx().execute_unprepared(&paid_out).await.unwrap();
    work.done().await.unwrap();
    town.world.clock.advance_seconds(700);
    town.app.fetch_step().await.unwrap();
    assert_eq!(town.app.statement_lines_waiting().await.unwrap(), (0, 0));
}
