//! The ledger's tables. Appending holds the one head row, so that sequences have no gap and hashes no fork.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Ids, hash};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{all, exec, one};
use crate::domain::ledger::{Account, Draft, Entry, Transfer};
use crate::error::SettlementError;

/// SHA-256, hex.
pub fn digest(text: &str) -> String {
    hash::sha256_hex(text.as_bytes())
}

/// The locked end of the chain. Nothing is kept unless [`Head::store`] follows the last append.
pub struct Head {
    sequence: i64,
    hash: String,
    moved: BTreeMap<Account, Fen>,
}

/// Locks the head until the transaction ends; everybody else who appends waits.
pub async fn lock(conn: &impl ConnectionTrait) -> Result<Head, SettlementError> {
    let sql = "UPDATE ledger_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash";
    let row = one(conn, sql, []).await?.ok_or(SettlementError::Stored("ledger head"))?;
    let (sequence, hash) = (row.try_get("", "sequence")?, row.try_get("", "hash")?);
    Ok(Head { sequence, hash, moved: BTreeMap::new() })
}

impl Head {
    /// Appends a transfer and answers its sequence. A draft that moves nothing leaves no trace.
    pub async fn append(
        &mut self,
        conn: &impl ConnectionTrait,
        ids: &Ids,
        draft: Draft,
    ) -> Result<i64, SettlementError> {
        if draft.entries().is_empty() {
            return Ok(self.sequence);
        }
        let transfer = draft.place(self.sequence + 1, ids.next("trf"), &self.hash, digest);
        insert(conn, &transfer).await?;
        for entry in &transfer.entries {
            *self.moved.entry(entry.account.clone()).or_default() += entry.amount;
        }
        self.sequence = transfer.sequence;
        self.hash = transfer.hash;
        Ok(self.sequence)
    }

    /// Writes the new head and the balances.
    pub async fn store(self, conn: &impl ConnectionTrait) -> Result<(), SettlementError> {
        for (account, amount) in &self.moved {
            let sql = "INSERT INTO ledger_balance (account, balance_fen) VALUES ($1, $2) \
                       ON CONFLICT (account) DO UPDATE \
                       SET balance_fen = ledger_balance.balance_fen + excluded.balance_fen";
            exec(conn, sql, [account.as_str().into(), amount.0.into()]).await?;
        }
        let sql = "UPDATE ledger_head SET sequence = $1, hash = $2 WHERE id = 1 AND sequence <= $1";
        if exec(conn, sql, [self.sequence.into(), self.hash.into()]).await? != 1 {
            return Err(SettlementError::Stored("ledger head"));
        }
        Ok(())
    }
}

async fn insert(conn: &impl ConnectionTrait, transfer: &Transfer) -> Result<(), SettlementError> {
    let sql = "INSERT INTO ledger_transfer (sequence, transfer_id, kind, reference, at_us, hash) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        transfer.sequence.into(),
        transfer.transfer_id.clone().into(),
        transfer.kind.clone().into(),
        transfer.reference.clone().into(),
        transfer.at.0.into(),
        transfer.hash.clone().into(),
    ];
    exec(conn, sql, values).await?;
    let mut sql = String::from("INSERT INTO ledger_entry (sequence, entry_no, account, amount_fen) VALUES ");
    let mut values: Vec<Value> = Vec::new();
    for (entry_no, entry) in (0_i64..).zip(&transfer.entries) {
        let n = values.len();
        let comma = if n == 0 { "" } else { ", " };
        sql.push_str(&format!("{comma}(${}, ${}, ${}, ${})", n + 1, n + 2, n + 3, n + 4));
        values.extend([
            transfer.sequence.into(),
            entry_no.into(),
            entry.account.as_str().into(),
            entry.amount.0.into(),
        ]);
    }
    exec(conn, &sql, values).await?;
    Ok(())
}

/// Transfers after a sequence, in order, of one reference or of all. Sums are asserted by whoever reads.
pub async fn transfers(
    conn: &impl ConnectionTrait,
    after: i64,
    reference: &str,
    limit: i64,
) -> Result<Vec<Transfer>, SettlementError> {
    let columns = "SELECT sequence, transfer_id, kind, reference, at_us, hash FROM ledger_transfer";
    let rows = if reference.is_empty() {
        let sql = format!("{columns} WHERE sequence > $1 ORDER BY sequence LIMIT $2");
        all(conn, &sql, [after.into(), limit.into()]).await?
    } else {
        let sql = format!("{columns} WHERE sequence > $1 AND reference = $2 ORDER BY sequence LIMIT $3");
        all(conn, &sql, [after.into(), reference.into(), limit.into()]).await?
    };
    let mut transfers = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if reference.is_empty() {
        if let (Some(first), Some(last)) = (transfers.first(), transfers.last()) {
            let mut entries = entries(conn, first.sequence, last.sequence).await?;
            for transfer in &mut transfers {
                transfer.entries = entries.remove(&transfer.sequence).unwrap_or_default();
            }
        }
        return Ok(transfers);
    }
    // the few of one reference may lie far apart
    for transfer in &mut transfers {
        let mut own = entries(conn, transfer.sequence, transfer.sequence).await?;
        transfer.entries = own.remove(&transfer.sequence).unwrap_or_default();
    }
    Ok(transfers)
}

/// Entries of a range of transfers, by sequence.
async fn entries(
    conn: &impl ConnectionTrait,
    first: i64,
    last: i64,
) -> Result<BTreeMap<i64, Vec<Entry>>, SettlementError> {
    let sql = "SELECT sequence, account, amount_fen FROM ledger_entry WHERE sequence >= $1 AND sequence <= $2 \
               ORDER BY sequence, entry_no";
    let mut entries: BTreeMap<i64, Vec<Entry>> = BTreeMap::new();
    for row in all(conn, sql, [first.into(), last.into()]).await? {
        let account = Account::stored(row.try_get("", "account")?);
        let entry = Entry { account, amount: Fen(row.try_get("", "amount_fen")?) };
        entries.entry(row.try_get("", "sequence")?).or_default().push(entry);
    }
    Ok(entries)
}

fn read(row: &QueryResult) -> Result<Transfer, SettlementError> {
    Ok(Transfer {
        sequence: row.try_get("", "sequence")?,
        transfer_id: row.try_get("", "transfer_id")?,
        kind: row.try_get("", "kind")?,
        reference: row.try_get("", "reference")?,
        entries: Vec::new(),
        at: Timestamp(row.try_get("", "at_us")?),
        hash: row.try_get("", "hash")?,
    })
}

/// Every balance that was ever moved, by account.
pub async fn balances(conn: &impl ConnectionTrait) -> Result<Vec<(Account, Fen)>, SettlementError> {
    let rows = all(conn, "SELECT account, balance_fen FROM ledger_balance ORDER BY account", []).await?;
    let read = |row: &QueryResult| -> Result<(Account, Fen), SettlementError> {
        Ok((Account::stored(row.try_get("", "account")?), Fen(row.try_get("", "balance_fen")?)))
    };
    rows.iter().map(read).collect()
}

/// Sequence and hash of the head.
pub async fn head(conn: &impl ConnectionTrait) -> Result<(i64, String), SettlementError> {
    let row = one(conn, "SELECT sequence, hash FROM ledger_head WHERE id = 1", []).await?;
    let row = row.ok_or(SettlementError::Stored("ledger head"))?;
    Ok((row.try_get("", "sequence")?, row.try_get("", "hash")?))
}

/// The last sequence and the sum of the postings after `sequence`.
pub async fn postings_after(
    conn: &impl ConnectionTrait,
    sequence: i64,
) -> Result<(i64, Fen), SettlementError> {
    let sql = "SELECT COALESCE(MAX(sequence), $1) AS last, CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS sum \
               FROM ledger_entry WHERE sequence > $1";
    let row = one(conn, sql, [sequence.into()]).await?.ok_or(SettlementError::Stored("ledger sum"))?;
    Ok((row.try_get("", "last")?, Fen(row.try_get("", "sum")?)))
}

/// The sum of all balances.
pub async fn balances_sum(conn: &impl ConnectionTrait) -> Result<Fen, SettlementError> {
    let sql = "SELECT CAST(COALESCE(SUM(balance_fen), 0) AS BIGINT) AS sum FROM ledger_balance";
    let row = one(conn, sql, []).await?.ok_or(SettlementError::Stored("ledger sum"))?;
    Ok(Fen(row.try_get("", "sum")?))
}
