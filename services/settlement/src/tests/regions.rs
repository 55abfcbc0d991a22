//! Every region has its own chain and accounts; an installation from before that is divided while it works.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use liufang_platform::db::together::Together;
use sea_orm::ConnectionTrait;

use super::world::*;
use crate::app::account::{Credit, StatementQuery};
use crate::app::ledger::{BalanceQuery, TransferQuery};
use crate::domain::lane::Books;
use crate::domain::ledger;
use crate::error::SettlementError;
use crate::store;

const DIVIDE: &str = include_str!("../../../../deploy/upgrade/settlement.sql");

async fn sql(town: &Town, sql: &str) -> Result<(), sea_orm::DbErr> {
    let work = town.world.deps.db.begin_step().await.unwrap();
    work.tx().execute_unprepared(sql).await?;
    work.done().await.unwrap();
    Ok(())
}

/// Books on one chain, as the version before did.
async fn undivided() -> Town {
    let town = town().await;
    sql(&town, "UPDATE ledger_head SET id = 1 WHERE id = 0").await.unwrap();
    town
}

fn credit(key: &str, person: &str, region: &str) -> Credit {
    Credit {
        row_key: key.into(),
        person_id: person.into(),
        amount: Fen(100),
        region: region.into(),
        kind: "annual".into(),
        problem: None,
    }
}

/// Region, transfers and last sequence of every chain that has transfers.
async fn chains(town: &Town) -> Vec<(String, i64, i64)> {
    let audited = town.app.audit_ledger(town.call(order(), ())).await.unwrap();
    assert_eq!(audited.problems, Vec::<String>::new());
    audited.chains.into_iter().map(|chain| (chain.end.region, chain.transfers, chain.end.sequence)).collect()
}

fn chain(region: &str, transfers: i64, last: i64) -> (String, i64, i64) {
    (region.to_owned(), transfers, last)
}

#[tokio::test]
async fn each_region_books_on_its_own_chain() {
    let town = town().await;
    let rows = vec![
        credit("q", "qhd1", "130300"),
        credit("b", "bj1", "110000"),
        credit("w", "qhd1", "110000"),
        credit("x", "qhd2", "999999"),
        credit("q2", "qhd1", "130300"),
    ];
    let done = town.app.credit_accounts(town.call(order(), rows)).await.unwrap();
    let refused: Vec<_> = done.refused.iter().map(|row| (row.row, row.reason.as_str())).collect();
    assert_eq!(refused, [(2, "ACCOUNT_OF_OTHER_REGION"), (3, "INVALID_REQUEST")]);
    assert_eq!(chains(&town).await, [chain("110000", 1, 1), chain("130300", 2, 2)]);
    town.pay(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    assert_eq!(chains(&town).await, [chain("110000", 1, 1), chain("130300", 3, 3)]);
    town.audit().await;
}

#[tokio::test]
async fn an_account_pays_in_its_own_region_alone() {
    let town = town().await;
    town.credit("bj1", "110000", 10_000).await;
    let quote = town.quote(otc("bj1", "ord1", &["甲 10 1"], &[], vec![])).await;
    // whatever the quote said: somebody has written the account to another region meanwhile
    sql(&town, "UPDATE personal_account SET region = '130300' WHERE person_id = 'bj1'").await.unwrap();
    assert_eq!(reason(town.try_authorise(&quote, "wechat").await), "INSUFFICIENT_BALANCE");
    let (read, mut asked) = (town.world.deps.db.read(), Together::default());
    let purses = asked.add(store::account::purses(read, ["bj1"]));
    let purses = asked.run(read).await.unwrap().rows(purses).unwrap();
    let purses: BTreeMap<_, _> = purses.into_iter().map(store::account::Found::read).collect();
    let free = |region: &str| {
        let books = Books { region: region.to_owned(), purses: purses.clone(), ..Books::default() };
        books.free("bj1")
    };
    assert_eq!((free("110000"), free("130300")), (Fen::ZERO, Fen(10_000)));
    // one of before accounts had regions is used where its holder is insured, and is that region's from then on
    sql(&town, "UPDATE personal_account SET region = '' WHERE person_id = 'bj1'").await.unwrap();
    town.authorise(&quote).await;
    let foreign = vec![credit("f", "bj1", "130300")];
    let done = town.app.credit_accounts(town.call(order(), foreign)).await.unwrap();
    assert_eq!(done.refused[0].reason, "ACCOUNT_OF_OTHER_REGION");
    // a row that was taken before is known, whoever keeps the account now
    let again =
        vec![Credit { amount: Fen(10_000), kind: "opening".into(), ..credit("open-bj1", "bj1", "110000") }];
    sql(&town, "UPDATE personal_account SET region = '130300' WHERE person_id = 'bj1'").await.unwrap();
    let done = town.app.credit_accounts(town.call(order(), again)).await.unwrap();
    assert_eq!((done.known, done.refused.len()), (1, 0));
}

#[tokio::test]
async fn no_transfer_moves_two_regions() {
    let town = town().await;
    let work = town.world.deps.db.begin_step().await.unwrap();
    let mut head = store::ledger::lock(work.tx(), "110000").await.unwrap();
    let foreign = ledger::credit("row", "130300", "bj1", Fen(1), Timestamp(1)).unwrap();
    for region in ["110000", "130300"] {
        let refused = head.append(work.tx(), &town.world.deps.ids, region, foreign.clone()).await;
        assert!(matches!(refused, Err(SettlementError::Stored("transfer between regions"))));
    }
}

#[tokio::test]
async fn an_installation_is_divided_under_way() {
    let town = undivided().await;
    // a batch of two regions stands in the one chain there is
    let mut rows = vec![credit("q", "qhd1", "130300"), credit("b", "bj1", "110000")];
    rows.iter_mut().for_each(|row| row.amount = Fen(100_000));
    let done = town.app.credit_accounts(town.call(order(), rows)).await.unwrap();
    assert_eq!((done.taken, done.refused.len()), (2, 0));
    let early = town.pay(chronic("qhd1", "ord1", &["甲 100 1"], vec![])).await;
    let held = town.quote(chronic("qhd1", "ord2", &["甲 100 1"], vec![])).await;
    assert_eq!(chains(&town).await, [chain("", 3, 3)]);
    // the head's row of before is gone for replicas of before: they book nothing any more
    sql(&town, DIVIDE).await.unwrap();
    let old = "UPDATE ledger_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash";
    let old = sea_orm::Statement::from_string(town.world.deps.db.backend(), old);
    assert!(town.world.deps.db.read().query_one_raw(old).await.unwrap().is_none());
    sql(&town, DIVIDE).await.unwrap();

    let late = town.capture(&town.authorise(&held).await).await;
    town.refund(&early).await;
    assert_eq!(chains(&town).await, [chain("", 3, 3), chain("130300", 2, 5)]);
    town.pay(otc("bj1", "ord3", &["甲 10 1"], &[], vec![])).await;
    assert_eq!(chains(&town).await, [chain("", 3, 3), chain("110000", 1, 4), chain("130300", 2, 5)]);
    town.audit().await;

    let page = StatementQuery { before: i64::MAX, size: 10 };
    let rows = town.app.list_statement(town.call(patient("qhd1"), page)).await.unwrap().rows;
    let mut balance = Fen::ZERO;
    for row in rows.iter().rev() {
        balance += row.amount;
        assert_eq!(row.balance, balance, "newest first, across the division");
    }
    assert_eq!(rows.len(), 4);
    for (payment, regions) in [(&early, vec!["", "130300"]), (&late, vec!["130300"])] {
        let query = TransferQuery {
            region: String::new(),
            after: 0,
            reference: payment.payment_id.clone(),
            size: 10,
        };
        let found = town.app.list_transfers(town.call(order(), query)).await.unwrap();
        assert_eq!(found.iter().map(|transfer| transfer.region.as_str()).collect::<Vec<_>>(), regions);
    }
}

#[tokio::test]
async fn the_books_are_read_page_by_page() {
    let town = undivided().await;
    town.credit("qhd1", "130300", 1_000).await;
    sql(&town, DIVIDE).await.unwrap();
    let rows =
        vec![credit("b", "bj1", "110000"), credit("q", "qhd1", "130300"), credit("r", "qhd1", "130300")];
    town.app.credit_accounts(town.call(order(), rows)).await.unwrap();

    let mut seen = Vec::new();
    let (mut region, mut after) = (String::new(), 0);
    loop {
        let query = TransferQuery { region: region.clone(), after, reference: String::new(), size: 1 };
        let mut page = town.app.list_transfers(town.call(order(), query)).await.unwrap();
        let Some(transfer) = page.pop() else { break };
        (region, after) = (transfer.region.clone(), transfer.sequence);
        seen.push((transfer.region, transfer.sequence));
    }
    let expected = [("", 1), ("110000", 2), ("130300", 2), ("130300", 3)];
    assert_eq!(seen, expected.map(|(region, sequence)| (region.to_owned(), sequence)));

    let whole = town.trial_balance(100).await.balances;
    assert_eq!(whole.len(), 6);
    let mut paged = Vec::new();
    let (mut region, mut account) = (String::new(), String::new());
    loop {
        let query = BalanceQuery { region, account, size: 2 };
        let page = town.app.trial_balance(town.call(order(), query)).await.unwrap();
        assert_eq!(page.sum, Fen::ZERO);
        let last = page.balances.last().unwrap().clone();
        paged.extend(page.balances);
        if !page.more {
            break;
        }
        (region, account) = (last.region, last.account.as_str().to_owned());
    }
    assert_eq!(paged, whole);
}

#[tokio::test]
async fn a_changed_head_or_a_moved_transfer_is_found() {
    let town = town().await;
    town.credit("qhd1", "130300", 1_000).await;
    town.credit("bj1", "110000", 1_000).await;
    for (spoil, mend, named) in [
        (
            "UPDATE region_head SET hash = 'x' WHERE region = '130300'",
            "UPDATE region_head SET hash = (SELECT hash FROM region_transfer WHERE region = '130300') \
             WHERE region = '130300'",
            "head",
        ),
        (
            "UPDATE region_balance SET balance_fen = balance_fen + 1 WHERE region = '110000'",
            "UPDATE region_balance SET balance_fen = balance_fen - 1 WHERE region = '110000'",
            "region 110000: 2 stored balances",
        ),
    ] {
        sql(&town, spoil).await.unwrap();
        let found = town.app.audit_ledger(town.call(order(), ())).await.unwrap().problems;
        assert!(found.iter().any(|problem| problem.contains(named)), "{found:?}");
        sql(&town, mend).await.unwrap();
        town.audit().await;
    }
    let again = "INSERT INTO region_transfer (region, sequence, transfer_id, kind, reference, at_us, hash) \
                 SELECT region, 9, 'trf_9', kind, reference, at_us, hash FROM region_transfer WHERE region = '110000'";
    let error = sql(&town, again).await.unwrap_err();
    assert!(DbFault::is_unique(&error), "nothing is booked twice: {error}");
}
