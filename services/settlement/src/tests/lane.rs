//! Requests that share a transaction: each its own outcome, and none the worse for the others.

use std::sync::Arc;

use futures::future::join_all;
use futures::poll;
use futures::stream::{FuturesOrdered, StreamExt as _};
use liufang_platform::{Call, DbFault, Work};

use super::fakes::Fault;
use super::world::*;
use crate::app::App;
use crate::app::authorise::Authorise;
use crate::domain::payment::{Payer, Payment, PaymentState, Step};
use crate::domain::quote::Quote;
use crate::error::SettlementError;

/// Holds the database's only writer, on PostgreSQL the heads of all regions: whoever comes meanwhile waits, the first alone, all
/// others in one group.
pub(super) async fn closed_door(town: &Town) -> Work {
    use sea_orm::ConnectionTrait as _;
    let door = town.world.deps.db.begin_step().await.unwrap();
    door.tx().execute_unprepared("UPDATE region_head SET sequence = sequence").await.unwrap();
    door
}

/// The answers of calls that come in this order while the door is closed.
pub(super) async fn behind<T>(
    town: &Town,
    lane: &str,
    calls: impl IntoIterator<Item = impl Future<Output = T>>,
) -> Vec<T> {
    let door = closed_door(town).await;
    let mut under_way = FuturesOrdered::new();
    for (n, call) in calls.into_iter().enumerate() {
        under_way.push_back(call);
        // the first is taken at once, and waits for the door; the others wait for the first
        while town.app.waiting(lane) != Some(n) {
            assert!(poll!(under_way.next()).is_pending(), "nobody is answered before the door opens");
            tokio::task::yield_now().await;
        }
    }
    door.cancel().await.unwrap();
    under_way.collect().await
}

fn authorise(town: &Town, quote: &Quote, key: &str, request: &str) -> Call<Authorise> {
    let body = Authorise {
        quote_id: quote.quote_id.clone(),
        order_id: quote.order_id.clone(),
        channel: String::new(),
        hold_expires_at: town.now().plus_seconds(900),
        payer: Payer::default(),
    };
    let mut call = town.keyed(order(), key, body);
    call.meta.request_hash = request.to_owned();
    call
}

async fn thirty_yuan(town: &Town, person: &str, n: usize) -> Quote {
    town.quote(otc(person, &format!("ord-{person}-{n}"), &["甲 30 1"], &[], vec![])).await
}

async fn sql(town: &Town, sql: &str) -> u64 {
    use sea_orm::ConnectionTrait as _;
    let work = closed_door(town).await;
    let done = work.tx().execute_unprepared(sql).await.unwrap();
    work.done().await.unwrap();
    done.rows_affected()
}

#[tokio::test]
async fn each_of_a_group_has_its_own_outcome() {
    own_outcomes(town().await).await;
}

async fn own_outcomes(town: Town) {
    town.credit("bj1", "110000", 7_000).await;
    town.credit("bj2", "110000", 7_000).await;
    let mut quotes = Vec::new();
    for n in 0..6 {
        quotes.push(thirty_yuan(&town, if n < 4 { "bj1" } else { "bj2" }, n).await);
    }
    let before = town.app.authorise(authorise(&town, &quotes[0], "before", "a")).await.unwrap();
    let calls = [
        // alone: the first
        authorise(&town, &quotes[4], "first", "a"),
        // together
        authorise(&town, &quotes[1], "fits", "a"),
        authorise(&town, &quotes[2], "no-money-left", "a"),
        authorise(&town, &quotes[0], "before", "a"),
        authorise(&town, &quotes[0], "before", "b"),
        authorise(&town, &quotes[0], "another-key", "a"),
        authorise(&town, &quotes[5], "twin", "a"),
        authorise(&town, &quotes[5], "twin", "a"),
        authorise(&town, &quotes[5], "twin", "b"),
    ];
    let answers = behind(&town, "110000", calls.map(|call| town.app.authorise(call))).await;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap();
    assert_eq!(next().unwrap().person_id, "bj2");
    assert_eq!(next().unwrap().quote_id, quotes[1].quote_id);
    assert_eq!(reason(next()), "INSUFFICIENT_BALANCE");
    assert_eq!(next().unwrap(), before, "the reply of then");
    assert!(matches!(next(), Err(SettlementError::Db(DbFault::KeyReused))));
    assert_eq!(reason(next()), "QUOTE_USED");
    let twin = next().unwrap();
    assert_eq!(next().unwrap(), twin, "twins have one payment");
    assert!(matches!(next(), Err(SettlementError::Db(DbFault::KeyReused))));
    assert_eq!(town.account("bj1").await, (7_000, 6_000), "the refused held nothing");
    assert_eq!(town.account("bj2").await, (7_000, 6_000));
    town.audit().await;
}

#[tokio::test]
async fn one_that_cannot_be_booked_holds_up_no_other() {
    one_that_cannot_be_booked(town().await).await;
}

async fn one_that_cannot_be_booked(town: Town) {
    let mut held = Vec::new();
    for person in ["bj0", "bj1", "bj2", "bj3"] {
        town.credit(person, "110000", 3_000).await;
        held.push(town.try_authorise(&thirty_yuan(&town, person, 0).await, "").await.unwrap());
    }
    let poisoned = &held[2].payment_id;
    let set = |state: &str| format!("UPDATE hold SET state = '{state}' WHERE payment_id = '{poisoned}'");
    assert_eq!(sql(&town, &set("released")).await, 1);
    let captures = held.iter().map(|payment| {
        let call =
            town.keyed(order(), &format!("{}:capture", payment.payment_id), payment.payment_id.clone());
        town.app.capture(call)
    });
    let answers = behind(&town, "110000", captures).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(paid) if n != 2 => assert_eq!(paid.state, PaymentState::Captured, "{n}"),
            Err(SettlementError::Stored(_)) if n == 2 => {}
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(town.payment(&held[2]).await.state, PaymentState::Pending, "nothing of it was written");
    assert_eq!(town.account("bj2").await, (3_000, 3_000));
    assert_eq!(sql(&town, &set("held")).await, 1);
    town.settle_down(200).await;
    assert_eq!(town.payment(&held[2]).await.state, PaymentState::Captured);
    town.audit().await;
}

#[tokio::test]
async fn whoever_asked_may_be_gone_before_the_answer() {
    let town = town().await;
    town.credit("bj1", "110000", 3_000).await;
    let quote = thirty_yuan(&town, "bj1", 0).await;
    let door = closed_door(&town).await;
    let (app, call) = (town.app.clone(), authorise(&town, &quote, "key", "a"));
    let asking = tokio::spawn(async move { app.authorise(call).await });
    while town.app.waiting("110000") != Some(0) {
        tokio::task::yield_now().await;
    }
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    door.cancel().await.unwrap();
    let again = town.app.authorise(authorise(&town, &quote, "key", "a")).await.unwrap();
    assert_eq!(again.state, PaymentState::Authorised);
    assert_eq!(town.account("bj1").await, (3_000, 3_000), "held once");
    town.audit().await;
}

#[tokio::test]
async fn two_processes_share_the_books() {
    two_processes(town().await).await;
}

async fn two_processes(town: Town) {
    let town = Arc::new(town);
    let other = App::new(&town.world.deps);
    let apps = [&town.app, &other];
    town.credit("bj1", "110000", 100_000).await;
    let mut quotes = Vec::new();
    for n in 0..50 {
        quotes.push(thirty_yuan(&town, "bj1", n).await);
    }
    let calls = quotes.iter().enumerate().flat_map(|(n, quote)| {
        // both are asked for every payment, under keys of their own
        [0, 1].map(|app| apps[app].authorise(authorise(&town, quote, &format!("key-{app}-{n}"), "a")))
    });
    let answers = join_all(calls).await;
    let held: Vec<Payment> = answers.into_iter().flatten().collect();
    assert_eq!(held.len(), 33, "33 times 30 yuan fit into 1000");
    let captures = held.iter().enumerate().flat_map(|(n, payment)| {
        let key = format!("{}:capture", payment.payment_id);
        let call = |app: usize| apps[app].capture(town.keyed(order(), &key, payment.payment_id.clone()));
        [call(n % 2), call((n + 1) % 2)]
    });
    join_all(captures).await;
    town.settle_down(30).await;
    for payment in &held {
        assert_eq!(town.payment(payment).await.state, PaymentState::Captured);
    }
    assert_eq!(town.account("bj1").await, (1_000, 0));
    let settled = town.fakes.books().insurer.len();
    assert_eq!(settled, 33, "nothing outside happened twice");
    town.audit().await;
}

#[tokio::test]
async fn groups_keep_the_order_of_one_payment() {
    one_payment(town().await).await;
}

async fn one_payment(town: Town) {
    town.credit("bj1", "110000", 3_000).await;
    let quote = thirty_yuan(&town, "bj1", 0).await;
    let held = town.try_authorise(&quote, "").await.unwrap();
    // four captures under keys of their own, and a void: one end, whoever is first
    let captures = (0..4).map(|n| {
        let call = town.keyed(order(), &format!("capture-{n}"), held.payment_id.clone());
        town.app.capture(call)
    });
    let answers = behind(&town, "110000", captures).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    town.settle_down(30).await;
    let void = town.app.void(town.call(order(), held.payment_id.clone())).await;
    assert_eq!(reason(void), "PAYMENT_CAPTURED");
    assert_eq!(town.account("bj1").await, (0, 0));
    assert_eq!(town.fakes.books().calls, ["settle"]);
    town.audit().await;
}

#[tokio::test]
async fn whoever_wrote_first_is_not_written_over() {
    overtaken(town().await).await;
    overtaken(town_on_postgres().await).await;
}

async fn overtaken(town: Town) {
    town.credit("qhd1", "130300", 50_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let held = town.authorise(&quote).await;
    town.fakes.dial("settle", [Fault::LoseAnswer]);
    assert_eq!(town.capture(&held).await.state, PaymentState::Pending);
    let mut late = town.app.journal(&held.payment_id).await.unwrap();
    // another replica takes it, and holds what was held; so the version alone tells
    let taken = format!("UPDATE payment SET version = version + 1 WHERE payment_id = '{}'", held.payment_id);
    assert_eq!(sql(&town, &taken).await, 1);
    late.step = Step::Book;
    let before = town.account("qhd1").await;
    assert_eq!(town.app.run(late).await.unwrap().state, PaymentState::Pending);
    assert_eq!(town.account("qhd1").await, before);
    town.settle_down(31).await;
    assert_eq!(town.payment(&held).await.state, PaymentState::Captured);
    town.audit().await;
}

/// There the statements of a group are parts of one.
#[tokio::test]
async fn groups_are_the_same_on_postgres() {
    own_outcomes(town_on_postgres().await).await;
    one_that_cannot_be_booked(town_on_postgres().await).await;
    one_payment(town_on_postgres().await).await;
    two_processes(town_on_postgres().await).await;
}
