//! Reading the books: chain by chain, or of one reference over all of them.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::app::ledger::AccountBalance;
use crate::domain::ledger::{Account, ChainEnd, Entry, Link, Transfer};
use crate::error::SettlementError;
use crate::store::{all, one};

pub(super) fn read_end(row: &QueryResult) -> Result<ChainEnd, SettlementError> {
    Ok(ChainEnd {
        region: row.try_get("", "region")?,
        sequence: row.try_get("", "sequence")?,
        hash: row.try_get("", "hash")?,
    })
}

/// The stored ends of all chains, that of the whole installation first, then by region.
pub async fn heads(conn: &impl ConnectionTrait) -> Result<Vec<ChainEnd>, SettlementError> {
    let sql = "SELECT '' AS region, sequence, hash FROM ledger_head \
               UNION ALL SELECT region, sequence, hash FROM region_head ORDER BY region";
    all(conn, sql, []).await?.iter().map(read_end).collect()
}

const COLUMNS: &str = "sequence, transfer_id, kind, reference, at_us, hash, link, link_size";

/// The next transfers of one chain, in order. Sums are asserted by whoever reads.
pub async fn chain(
    conn: &impl ConnectionTrait,
    region: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Transfer>, SettlementError> {
    let rows = if region.is_empty() {
        let sql = format!(
            "SELECT '' AS region, {COLUMNS} FROM ledger_transfer WHERE sequence > $1 ORDER BY sequence LIMIT $2"
        );
        all(conn, &sql, [after.into(), limit.into()]).await?
    } else {
        let sql = format!(
            "SELECT region, {COLUMNS} FROM region_transfer WHERE region = $1 AND sequence > $2 \
             ORDER BY sequence LIMIT $3"
        );
        all(conn, &sql, [region.into(), after.into(), limit.into()]).await?
    };
    let mut transfers = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if let (Some(first), Some(last)) = (transfers.first(), transfers.last()) {
        let mut entries = entries(conn, region, first.sequence, last.sequence).await?;
        for transfer in &mut transfers {
            transfer.entries = entries.remove(&transfer.sequence).unwrap_or_default();
        }
    }
    Ok(transfers)
}

/// The transfers of one reference, with those of its partial returns, after a place in the books, by chain and sequence.
pub async fn of_reference(
    conn: &impl ConnectionTrait,
    reference: &str,
    (region, after): (&str, i64),
    limit: i64,
) -> Result<Vec<Transfer>, SettlementError> {
    // two statements, so that each finds its rows by an index
    let parts = all(conn, "SELECT reference FROM refund WHERE payment_id = $1", [reference.into()]).await?;
    let mut values: Vec<Value> = vec![region.into(), after.into(), limit.into(), reference.into()];
    for part in &parts {
        values.push(part.try_get::<String>("", "reference")?.into());
    }
    let places: Vec<String> = (4..=values.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT region, {COLUMNS} FROM book_transfer WHERE reference IN ({}) \
         AND (region > $1 OR (region = $1 AND sequence > $2)) ORDER BY region, sequence LIMIT $3",
        places.join(", ")
    );
    let rows = all(conn, &sql, values).await?;
    let mut transfers = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // the few of one reference may lie far apart
    for transfer in &mut transfers {
        let mut own = entries(conn, &transfer.region, transfer.sequence, transfer.sequence).await?;
        transfer.entries = own.remove(&transfer.sequence).unwrap_or_default();
    }
    Ok(transfers)
}

/// The transfer of a chain that has this kind and reference.
pub async fn named_so(
    conn: &impl ConnectionTrait,
    region: &str,
    kind: &str,
    reference: &str,
) -> Result<Option<Transfer>, SettlementError> {
    let sql = format!(
        "SELECT region, {COLUMNS} FROM book_transfer WHERE region = $1 AND kind = $2 AND reference = $3"
    );
    let row = one(conn, &sql, [region.into(), kind.into(), reference.into()]).await?;
    let Some(mut transfer) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    let mut own = entries(conn, &transfer.region, transfer.sequence, transfer.sequence).await?;
    transfer.entries = own.remove(&transfer.sequence).unwrap_or_default();
    Ok(Some(transfer))
}

/// Entries of a range of transfers of a chain, by sequence.
async fn entries(
    conn: &impl ConnectionTrait,
    region: &str,
    first: i64,
    last: i64,
) -> Result<BTreeMap<i64, Vec<Entry>>, SettlementError> {
    let mut values: Vec<Value> = vec![first.into(), last.into()];
    let table = if region.is_empty() {
        "ledger_entry WHERE"
    } else {
        values.push(region.into());
        "region_entry WHERE region = $3 AND"
    };
    let sql = format!(
        "SELECT sequence, account, amount_fen FROM {table} sequence >= $1 AND sequence <= $2 \
         ORDER BY sequence, entry_no"
    );
    let mut entries: BTreeMap<i64, Vec<Entry>> = BTreeMap::new();
    for row in all(conn, &sql, values).await? {
        let account = Account::stored(row.try_get("", "account")?);
        let entry = Entry { account, amount: Fen(row.try_get("", "amount_fen")?) };
        entries.entry(row.try_get("", "sequence")?).or_default().push(entry);
    }
    Ok(entries)
}

fn read(row: &QueryResult) -> Result<Transfer, SettlementError> {
    Ok(Transfer {
        region: row.try_get("", "region")?,
        sequence: row.try_get("", "sequence")?,
        transfer_id: row.try_get("", "transfer_id")?,
        kind: row.try_get("", "kind")?,
        reference: row.try_get("", "reference")?,
        entries: Vec::new(),
        at: Timestamp(row.try_get("", "at_us")?),
        link: Link { id: row.try_get("", "link")?, size: row.try_get("", "link_size")? },
        hash: row.try_get("", "hash")?,
    })
}

/// Every balance of a chain.
pub async fn balances_of(
    conn: &impl ConnectionTrait,
    region: &str,
) -> Result<Vec<(Account, Fen)>, SettlementError> {
    let sql = "SELECT region, account, balance_fen FROM book_balance WHERE region = $1";
    let rows = all(conn, sql, [region.into()]).await?;
    rows.iter().map(|row| read_balance(row).map(|row| (row.account, row.balance))).collect()
}

/// A page of all balances that were ever moved, by region and account.
pub async fn balances(
    conn: &impl ConnectionTrait,
    (region, account): (&str, &str),
    limit: i64,
) -> Result<Vec<AccountBalance>, SettlementError> {
    let sql = "SELECT region, account, balance_fen FROM book_balance \
               WHERE region > $1 OR (region = $1 AND account > $2) ORDER BY region, account LIMIT $3";
    let rows = all(conn, sql, [region.into(), account.into(), limit.into()]).await?;
    rows.iter().map(read_balance).collect()
}

fn read_balance(row: &QueryResult) -> Result<AccountBalance, SettlementError> {
    Ok(AccountBalance {
        region: row.try_get("", "region")?,
        account: Account::stored(row.try_get("", "account")?),
        balance: Fen(row.try_get("", "balance_fen")?),
    })
}

/// What the next postings of a chain add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Of the last transfer in it; where it began when there is none.
    pub last: i64,
    pub postings: i64,
    pub sum: Fen,
}

/// The sum of about `limit` postings of a chain after `sequence`: whole transfers, so that it is zero in good order. One
/// statement over all of a long chain would outlast its time.
pub async fn postings_after(
    conn: &impl ConnectionTrait,
    region: &str,
    sequence: i64,
    limit: i64,
) -> Result<Slice, SettlementError> {
    let mut values: Vec<Value> = vec![sequence.into(), limit.into()];
    let table = if region.is_empty() {
        "ledger_entry WHERE"
    } else {
        values.push(region.into());
        "region_entry WHERE region = $3 AND"
    };
    let sql = format!(
        "SELECT COALESCE(MAX(sequence), $1) AS last, COUNT(*) AS postings, \
         CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS sum \
         FROM {table} sequence > $1 AND sequence <= (SELECT MAX(sequence) FROM \
         (SELECT sequence FROM {table} sequence > $1 ORDER BY sequence LIMIT $2) AS slice)"
    );
    let row = one(conn, &sql, values).await?.ok_or(SettlementError::Stored("ledger sum"))?;
    Ok(Slice {
        last: row.try_get("", "last")?,
        postings: row.try_get("", "postings")?,
        sum: Fen(row.try_get("", "sum")?),
    })
}

/// The sum of all balances of a region's books, by region.
pub async fn sums(conn: &impl ConnectionTrait) -> Result<Vec<(String, Fen)>, SettlementError> {
    let sql = "SELECT region, CAST(COALESCE(SUM(balance_fen), 0) AS BIGINT) AS sum FROM book_balance GROUP BY region";
    let read = |row: &QueryResult| Ok((row.try_get("", "region")?, Fen(row.try_get("", "sum")?)));
    all(conn, sql, []).await?.iter().map(read).collect()
}

/// What stands in the books more than once; zero in good order.
pub async fn repeated(conn: &impl ConnectionTrait) -> Result<i64, SettlementError> {
    let sql = "SELECT COUNT(*) AS n FROM (SELECT kind, reference FROM book_transfer GROUP BY kind, reference \
               HAVING COUNT(*) > 1) twice";
    let row = one(conn, sql, []).await?.ok_or(SettlementError::Stored("count"))?;
    Ok(row.try_get("", "n")?)
}

/// Sets of linked transfers that are not whole; zero in good order.
pub async fn torn(conn: &impl ConnectionTrait) -> Result<i64, SettlementError> {
    let sql = "SELECT COUNT(*) AS n FROM (SELECT region, link FROM book_transfer WHERE link <> '' \
               GROUP BY region, link HAVING COUNT(*) <> MAX(link_size)) torn";
    let row = one(conn, sql, []).await?.ok_or(SettlementError::Stored("count"))?;
    Ok(row.try_get("", "n")?)
}
