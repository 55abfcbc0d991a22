//! The gauge of the books, over books that take many looks.

use liufang_kernel::Fen;
use sea_orm::ConnectionTrait as _;

use super::world::*;
use crate::app::account::Credit;
use crate::app::measure::{Look, Sum};
use crate::store;

/// One transfer a statement, two statements a look.
const SMALL: Look = Look { postings: 1, slices: 2 };

async fn sql(town: &Town, sql: &str) {
    let work = town.world.deps.db.begin_step().await.unwrap();
    work.tx().execute_unprepared(sql).await.unwrap();
    work.done().await.unwrap();
}

async fn looks(town: &Town, sum: &Sum, count: usize) -> Vec<i64> {
    let mut shown = Vec::new();
    for _ in 0..count {
        shown.push(town.app.imbalance_fen(sum, SMALL).await.unwrap());
    }
    shown
}

/// Three transfers in one region's books, two in the other's.
async fn booked() -> Town {
    let town = town().await;
    for region in ["110000", "130300", "130300", "110000", "130300"] {
        credit(&town, region).await;
    }
    town
}

/// One transfer of two postings.
async fn credit(town: &Town, region: &str) {
    let row = Credit {
        row_key: town.world.deps.ids.next("row"),
        person_id: if region == "110000" { "bj1" } else { "qhd1" }.into(),
        amount: Fen(1_000),
        region: region.into(),
        kind: "annual".into(),
        problem: None,
    };
    let done = town.app.credit_accounts(town.call(order(), vec![row])).await.unwrap();
    assert_eq!((done.taken, done.refused.len()), (1, 0));
}

#[tokio::test]
async fn a_slice_ends_with_a_transfer() {
    let town = booked().await;
    let db = town.world.deps.db.read();
    for (limit, slices) in [(1, vec![(1, 2), (2, 2), (3, 2)]), (3, vec![(2, 4), (3, 2)]), (100, vec![(3, 6)])]
    {
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let slice = store::ledger::postings_after(db, "130300", after, limit).await.unwrap();
            assert_eq!(slice.sum, Fen::ZERO, "whole transfers");
            if slice.postings == 0 {
                assert_eq!(slice.last, after);
                break;
            }
            after = slice.last;
            seen.push((slice.last, slice.postings));
        }
        assert_eq!(seen, slices, "{limit} at once");
    }
}

#[tokio::test]
async fn long_books_are_read_look_by_look() {
    let town = booked().await;
    let spoil = "UPDATE region_entry SET amount_fen = amount_fen + 7 WHERE entry_no = 0 AND region = '130300' AND sequence = ";
    sql(&town, &format!("{spoil}3")).await;
    let sum = Sum::default();
    assert_eq!(
        looks(&town, &sum, 4).await,
        [0, 0, 7, 7],
        "two transfers a look, the spoilt one is the fifth"
    );

    // what was read is not read again before the hour, what is new is
    sql(&town, &format!("{spoil}1")).await;
    credit(&town, "130300").await;
    sql(&town, &format!("{spoil}4")).await;
    assert_eq!(looks(&town, &sum, 2).await, [14, 14]);

    // read anew, what was known is shown until the end is reached, and what is new is added to it
    town.world.clock.advance_seconds(3_600);
    assert_eq!(looks(&town, &sum, 2).await, [14, 14]);
    credit(&town, "130300").await;
    sql(&town, &format!("{spoil}5")).await;
    assert_eq!(looks(&town, &sum, 4).await, [21, 21, 28, 28]);
}
