//! Relatives 家庭共济 on statements: the account's holder reads whom it paid for, the person it paid for reads whose it was, and
//! nobody else does.

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Work;

use crate::app::App;
use crate::app::account::StatementRow;
use crate::app::booking::statement;
use crate::domain::payment::Journal;
use crate::error::SettlementError;
use crate::store;

/// Masked names by person; who is not in it stays without one.
pub type Names = BTreeMap<String, String>;

impl App {
    /// Names of the others on a page of `person_id`. While identity is silent the page comes without them: money is shown all the
    /// same.
    pub(super) async fn names(&self, person_id: &str, others: impl Iterator<Item = &String>) -> Names {
        let others: BTreeSet<String> = others.filter(|other| !other.is_empty()).cloned().collect();
        if others.is_empty() {
            return Names::new();
        }
        self.outside.relatives(person_id, others.into_iter().collect()).await.unwrap_or_default()
    }
}

/// The line of a person for whom a relative's account paid (negative), or got back (positive).
pub(super) fn aided(
    journal: &Journal,
    holder: &str,
    line: i64,
    aid: Fen,
    balance: Fen,
    at: Timestamp,
) -> StatementRow {
    let row = statement(journal, &journal.person_id, line, aid, balance, at);
    StatementRow { amount: Fen::ZERO, other_person_id: holder.to_owned(), aid, ..row }
}

/// Gives accounts back what they had paid, in the order of their holders, and tells both sides. Called with the region's head locked.
pub(super) async fn give_back(
    work: &Work,
    journal: &Journal,
    back: &[(String, Fen)],
    sequence: i64,
    at: Timestamp,
) -> Result<(), SettlementError> {
    let tx = work.tx();
    for (payer, amount) in back {
        let balance = store::account::give_back(tx, payer, *amount).await?;
        let row = statement(journal, payer, sequence, *amount, balance, at);
        store::account::insert_statement(tx, payer, &row).await?;
    }
    let relatives = back.iter().filter(|(payer, _)| *payer != journal.person_id);
    for (holder, amount) in relatives {
        let balance = store::account::take_balance(tx, &journal.person_id).await?;
        let row = aided(journal, holder, sequence, *amount, balance, at);
        store::account::insert_statement(tx, &journal.person_id, &row).await?;
    }
    Ok(())
}
