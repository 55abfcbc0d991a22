//! Booking: the heads of the chains and what is appended to them. Each region has a chain of its own, and appending holds
//! its head row, so that sequences have no gap and hashes no fork; regions never wait for each other.
//!
//! An installation from before that goes on with the one chain it had, until the operator closes it
//! (`deploy/upgrade/settlement.sql`): replicas of both versions then agree on who waits for whom.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::Fen;
use liufang_platform::db::wide::Rows;
use liufang_platform::{Ids, hash};
use sea_orm::{ConnectionTrait, Value};

use super::{exec, one};
use crate::domain::ledger::{Account, ChainEnd, Draft, Transfer};
use crate::error::SettlementError;

pub use read::*;

/// SHA-256, hex.
pub fn digest(text: &str) -> String {
    hash::sha256_hex(text.as_bytes())
}

/// The locked end of a chain. Nothing is kept unless [`Head::store`] follows the last append.
pub struct Head {
    end: ChainEnd,
    moved: BTreeMap<Account, Fen>,
    // placed and not yet written
    placed: Vec<Transfer>,
}

/// Locks the head of a region until the transaction ends; everybody else who appends there waits.
pub async fn lock(conn: &impl ConnectionTrait, region: &str) -> Result<Head, SettlementError> {
    let own = "UPDATE region_head SET sequence = sequence WHERE region = $1 RETURNING region, sequence, hash";
    let whole =
        "UPDATE ledger_head SET sequence = sequence WHERE id = 1 RETURNING '' AS region, sequence, hash";
    // the second time the region's own row is there
    for _ in 0..2 {
        let row = match one(conn, own, [region.into()]).await? {
            Some(row) => Some(row),
            None => one(conn, whole, []).await?,
        };
        if let Some(row) = row {
            return Ok(Head { end: read_end(&row)?, moved: BTreeMap::new(), placed: Vec::new() });
        }
        // closed: nothing is appended to it any more, and the region's chain begins where it ends
        let open = "INSERT INTO region_head (region, sequence, hash) \
                    SELECT $1, sequence, hash FROM ledger_head WHERE id = 0 ON CONFLICT (region) DO NOTHING";
        exec(conn, open, [region.into()]).await?;
    }
    Err(SettlementError::Stored("ledger head"))
}

/// The locked ends of several regions' chains; they share one where the chain of the whole installation is open.
pub struct Heads(BTreeMap<String, Head>);

/// Locks the heads of regions, always in the same order, so that two batches never wait for each other in a ring.
pub async fn lock_all(
    conn: &impl ConnectionTrait,
    regions: &BTreeSet<&str>,
) -> Result<Heads, SettlementError> {
    let mut heads = BTreeMap::new();
    for region in regions {
        let head = lock(conn, region).await?;
        heads.insert(head.end.region.clone(), head);
    }
    Ok(Heads(heads))
}

impl Heads {
    /// Appends a transfer of a region that was locked; see [`Head::append`].
    pub async fn append(
        &mut self,
        conn: &impl ConnectionTrait,
        ids: &Ids,
        region: &str,
        draft: Draft,
    ) -> Result<i64, SettlementError> {
        let chain = if self.0.contains_key(region) { region } else { "" };
        let head = self.0.get_mut(chain).ok_or(SettlementError::Stored("ledger head"))?;
        head.append(conn, ids, region, draft).await
    }

    /// Writes the new heads and the balances.
    pub async fn store(self, conn: &impl ConnectionTrait) -> Result<(), SettlementError> {
        for head in self.0.into_values() {
            head.store(conn).await?;
        }
        Ok(())
    }
}

impl Head {
    /// Appends a transfer of the region this head was locked for, and answers its sequence. A draft that moves nothing
    /// leaves no trace.
    ///
    /// # Errors
    /// [`SettlementError::Stored`] when it moves a fund of another region: regions have no common books.
    pub async fn append(
        &mut self,
        conn: &impl ConnectionTrait,
        ids: &Ids,
        region: &str,
        draft: Draft,
    ) -> Result<i64, SettlementError> {
        let sequence = self.place(ids, region, draft)?;
        self.write_placed(conn).await?;
        Ok(sequence)
    }

    /// As [`Head::append`], to be written by [`Head::store`] with the others of the group.
    pub fn place(&mut self, ids: &Ids, region: &str, draft: Draft) -> Result<i64, SettlementError> {
        if draft.entries().is_empty() {
            return Ok(self.end.sequence);
        }
        let chain = self.end.region.as_str();
        let mut named = draft.entries().iter().filter_map(|entry| entry.account.region());
        if !(chain.is_empty() || chain == region) || named.any(|named| named != region) {
            return Err(SettlementError::Stored("transfer between regions"));
        }
        let transfer = draft.place(&self.end, ids.next("trf"), digest);
        for entry in &transfer.entries {
            *self.moved.entry(entry.account.clone()).or_default() += entry.amount;
        }
        self.end.sequence = transfer.sequence;
        self.end.hash.clone_from(&transfer.hash);
        self.placed.push(transfer);
        Ok(self.end.sequence)
    }

    async fn write_placed(&mut self, conn: &impl ConnectionTrait) -> Result<(), SettlementError> {
        let placed = std::mem::take(&mut self.placed);
        if placed.is_empty() {
            return Ok(());
        }
        let columns = ["sequence", "transfer_id", "kind", "reference", "at_us", "hash"];
        let transfers = placed.iter().map(|transfer| {
            vec![
                transfer.sequence.into(),
                transfer.transfer_id.clone().into(),
                transfer.kind.clone().into(),
                transfer.reference.clone().into(),
                transfer.at.0.into(),
                transfer.hash.clone().into(),
            ]
        });
        let transfers: Vec<Vec<Value>> = transfers.collect();
        let region = self.end.region.as_str();
        insert_rows(conn, region, "transfer", &columns, transfers, "").await?;
        let columns = ["sequence", "entry_no", "account", "amount_fen"];
        let entries = placed.iter().flat_map(|transfer| {
            (0_i64..).zip(&transfer.entries).map(|(entry_no, entry)| {
                vec![
                    transfer.sequence.into(),
                    entry_no.into(),
                    entry.account.as_str().into(),
                    entry.amount.0.into(),
                ]
            })
        });
        let entries: Vec<Vec<Value>> = entries.collect();
        insert_rows(conn, region, "entry", &columns, entries, "").await
    }

    /// Writes what was placed, the balances and the new head.
    pub async fn store(mut self, conn: &impl ConnectionTrait) -> Result<(), SettlementError> {
        self.write_placed(conn).await?;
        let Head { end: ChainEnd { region, sequence, hash }, moved, .. } = self;
        let conflict = match region.as_str() {
            "" => "ON CONFLICT (account) DO UPDATE SET balance_fen = ledger_balance.balance_fen + excluded.balance_fen",
            _ => {
                "ON CONFLICT (region, account) DO UPDATE \
                 SET balance_fen = region_balance.balance_fen + excluded.balance_fen"
            }
        };
        let moved = moved.iter().map(|(account, amount)| vec![account.as_str().into(), amount.0.into()]);
        let moved: Vec<Vec<Value>> = moved.collect();
        insert_rows(conn, &region, "balance", &["account", "balance_fen"], moved, conflict).await?;
        let written = if region.is_empty() {
            let sql = "UPDATE ledger_head SET sequence = $1, hash = $2 WHERE id = 1 AND sequence <= $1";
            exec(conn, sql, [sequence.into(), hash.into()]).await?
        } else {
            let sql = "UPDATE region_head SET sequence = $1, hash = $2 WHERE region = $3 AND sequence <= $1";
            exec(conn, sql, [sequence.into(), hash.into(), region.into()]).await?
        };
        if written == 1 { Ok(()) } else { Err(SettlementError::Stored("ledger head")) }
    }
}

/// All rows in one statement; those of a region carry it.
async fn insert_rows(
    conn: &impl ConnectionTrait,
    region: &str,
    what: &str,
    columns: &[&'static str],
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<(), SettlementError> {
    let own = !region.is_empty();
    let names: Vec<&'static str> = own.then_some("region").into_iter().chain(columns.iter().copied()).collect();
    let mut wide = Rows::new(&names);
    for row in rows {
        wide.push_row(own.then(|| region.into()).into_iter().chain(row).collect());
    }
    let table = if own { "region" } else { "ledger" };
    wide.insert(conn, &format!("{table}_{what}"), tail).await?;
    Ok(())
}
