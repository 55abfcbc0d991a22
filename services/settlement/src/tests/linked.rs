//! The books by themselves: sets of transfers, client ids, limits, codes of before.

use liufang_kernel::{Fault, Fen, Timestamp};

use super::world::*;
use crate::domain::benefit::OutsideKind;
use crate::domain::ledger::{Account, Draft, Entry, Linked, TransferKind};
use crate::error::SettlementError;
use crate::store;

const REGION: &str = "130300";

fn draft(kind: TransferKind, reference: &str, from: Account, to: Account, fen: i64) -> Draft {
    let entries = vec![Entry { account: to, amount: Fen(fen) }, Entry { account: from, amount: Fen(-fen) }];
    Draft::new(kind, reference, entries, Timestamp(1)).unwrap()
}

fn parked(reference: &str, fen: i64) -> Draft {
    let suspense = Account::suspense("wechat", QHD_SHOP);
    draft(TransferKind::SuspenseIn, reference, suspense, Account::bank(QHD_SHOP), fen)
}

/// One unit of work that appends a set; dropped when it is refused.
async fn append(town: &Town, set: Linked) -> Result<Vec<i64>, SettlementError> {
    let work = town.world.deps.db.begin_step().await?;
    let mut head = store::ledger::lock(work.tx(), REGION).await?;
    let sequences = head.append_linked(work.tx(), &town.world.deps.ids, REGION, set).await?;
    head.store(work.tx()).await?;
    work.done().await?;
    Ok(sequences)
}

async fn alone(town: &Town, draft: Draft) -> Result<i64, SettlementError> {
    let work = town.world.deps.db.begin_step().await?;
    let mut head = store::ledger::lock(work.tx(), REGION).await?;
    let sequence = head.append(work.tx(), &town.world.deps.ids, REGION, draft).await?;
    head.store(work.tx()).await?;
    work.done().await?;
    Ok(sequence)
}

#[tokio::test]
async fn a_set_is_booked_whole_or_not_at_all() {
    let town = town().await;
    assert_eq!(
        append(&town, Linked::new("one", vec![parked("a", 5), parked("b", 7)])).await.unwrap(),
        [1, 2]
    );
    let again = Linked::new("one", vec![parked("a", 5), parked("b", 7)]);
    assert_eq!(append(&town, again).await.unwrap(), [1, 2], "the very set again changes nothing");
    for (what, drafts) in [
        ("a member of another set", vec![parked("c", 1), parked("a", 5)]),
        ("another amount", vec![parked("c", 1), parked("b", 8)]),
    ] {
        assert_eq!(reason(append(&town, Linked::new("two", drafts)).await), "TRANSFER_REUSED", "{what}");
    }
    let some = Linked::new("one", vec![parked("a", 5), parked("c", 1)]);
    assert_eq!(reason(append(&town, some).await), "TRANSFER_REUSED", "only a part stood there");
    assert_eq!(town.balance_of(&format!("bank:{QHD_SHOP}")).await, 12, "what was refused left nothing");
    assert_eq!(append(&town, Linked::new("three", vec![parked("c", 1)])).await.unwrap(), [3]);
    town.audit().await;
}

#[tokio::test]
async fn a_client_id_stands_for_one_booking() {
    let town = town().await;
    assert_eq!(alone(&town, parked("a", 5)).await.unwrap(), 1);
    assert_eq!(alone(&town, parked("a", 5)).await.unwrap(), 1);
    assert_eq!(reason(alone(&town, parked("a", 6)).await), "TRANSFER_REUSED");
    assert_eq!(alone(&town, parked("b", 6)).await.unwrap(), 2, "a repeat takes no place");
    town.audit().await;
}

#[tokio::test]
async fn no_balance_leaves_its_limit() {
    let town = town().await;
    town.credit("qhd1", REGION, 100).await;
    let bank = || Account::bank(QHD_SHOP);
    for (from, to, why) in [
        (Account::person("qhd1"), bank(), "a person gives what is not there"),
        (Account::till(QHD_SHOP), bank(), "a till gives what it never took"),
        (Account::deduction(QHD_SHOP), bank(), "an agency gives back what it never cut"),
        (bank(), Account::channel("wechat"), "payers get what they never gave"),
        (bank(), Account::fund(REGION, "310"), "a fund gets what it never gave"),
    ] {
        let refused = alone(&town, draft(TransferKind::SuspenseOut, why, from, to, 101)).await;
        let text = refused.err().map(|error| format!("{}: {error}", error.doc().reason)).unwrap_or_default();
        assert!(
            text.starts_with("SETTLEMENT_INTERNAL") && text.contains("beyond its limit"),
            "{why}: {text}"
        );
    }
    assert_eq!(town.account("qhd1").await, (100, 0));
    town.audit().await;
}

#[tokio::test]
async fn receivables_of_before_channels_had_their_own_are_read_with_them() {
    let town = town().await;
    town.credit("qhd1", REGION, 1_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    town.pay(chronic("qhd1", "ord1", &["甲 100 1"], fees)).await;
    let own = Account::channel_receivable("wechat", QHD_SHOP);
    let before = Account::stored(format!("receivable:channel:{QHD_SHOP}"));
    let owed = town.balance_of(own.as_str()).await;
    assert!(owed >= 600, "{owed}");
    // as if it had been booked by the version before
    alone(&town, draft(TransferKind::SuspenseOut, "moved", own.clone(), before.clone(), owed)).await.unwrap();
    assert_eq!((town.balance_of(own.as_str()).await, town.balance_of(before.as_str()).await), (0, owed));
    town.audit().await;
    alone(&town, draft(TransferKind::SuspenseOut, "gone", before, Account::bank(QHD_SHOP), 1)).await.unwrap();
    let audited = town.app.audit_ledger(town.call(order(), ())).await.unwrap();
    assert!(audited.problems.iter().any(|problem| problem.contains("receivable")), "{:?}", audited.problems);
}
