//! Booking: the heads of the chains and what is appended to them. Each region has a chain of its own, and appending holds
//! its head row, so that sequences have no gap and hashes no fork; regions never wait for each other.
//!
//! An installation from before that goes on with the one chain it had, until the operator closes it
//! (`deploy/upgrade/settlement.sql`): replicas of both versions then agree on who waits for whom.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::Fen;
use liufang_platform::db::together::{Outcomes, Part, Place, Together};
use liufang_platform::db::wide::Rows;
use liufang_platform::{Ids, hash};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use serde::Deserialize;

use super::{exec, one, statement};
use crate::domain::ledger::{Account, ChainEnd, Draft, Limit, Linked, Transfer};
use crate::error::{Refusal, SettlementError};

pub use read::*;

/// SHA-256, hex.
pub fn digest(text: &str) -> String {
    hash::sha256_hex(text.as_bytes())
}

/// The locked end of a chain. Nothing is kept unless [`Head::store`] follows the last append.
pub struct Head {
    end: ChainEnd,
    moved: BTreeMap<Account, Fen>,
    // staged and not yet written
    staged: Vec<Transfer>,
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
            return Ok(Head { end: read_end(&row)?, moved: BTreeMap::new(), staged: Vec::new() });
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
    /// leaves no trace; one that stands in the chain already, the same under the same kind and reference, answers where.
    ///
    /// # Errors
    /// `TRANSFER_REUSED` when kind and reference stand for something else; [`SettlementError::Stored`] when it moves a fund
    /// of another region: regions have no common books. After an error the unit of work is dropped.
    pub async fn append(
        &mut self,
        conn: &impl ConnectionTrait,
        ids: &Ids,
        region: &str,
        draft: Draft,
    ) -> Result<i64, SettlementError> {
        if draft.entries().is_empty() {
            return Ok(self.end.sequence);
        }
        Ok(self.place(conn, ids, region, draft).await?.0)
    }

    /// Appends a set: all of its transfers or, with an error, none. Answers their sequences, those of the first time when
    /// the very set stands in the chain already.
    ///
    /// # Errors
    /// As [`Head::append`]; also `TRANSFER_REUSED` when only some of them stand there.
    pub async fn append_linked(
        &mut self,
        conn: &impl ConnectionTrait,
        ids: &Ids,
        region: &str,
        set: Linked,
    ) -> Result<Vec<i64>, SettlementError> {
        let (mut sequences, mut known) = (Vec::new(), BTreeSet::new());
        for draft in set.into_drafts() {
            let (sequence, was_there) = self.place(conn, ids, region, draft).await?;
            sequences.push(sequence);
            known.insert(was_there);
        }
        if known.len() > 1 {
            return Err(Refusal::TransferReused.into());
        }
        Ok(sequences)
    }

    /// As [`Head::append`] of a transfer that is new, to be written by [`Head::store`] with the others of a group. One that
    /// stands there already is an error of the database then.
    pub fn stage(&mut self, ids: &Ids, region: &str, draft: Draft) -> Result<i64, SettlementError> {
        if draft.entries().is_empty() {
            return Ok(self.end.sequence);
        }
        self.belongs(region, &draft)?;
        let transfer = draft.place(&self.end, ids.next("trf"), digest);
        self.moved(&transfer);
        self.staged.push(transfer);
        Ok(self.end.sequence)
    }

    /// Regions have no common books.
    fn belongs(&self, region: &str, draft: &Draft) -> Result<(), SettlementError> {
        let chain = self.end.region.as_str();
        let mut named = draft.entries().iter().filter_map(|entry| entry.account.region());
        if !(chain.is_empty() || chain == region) || named.any(|named| named != region) {
            return Err(SettlementError::Stored("transfer between regions"));
        }
        Ok(())
    }

    fn moved(&mut self, transfer: &Transfer) {
        for entry in &transfer.entries {
            *self.moved.entry(entry.account.clone()).or_default() += entry.amount;
        }
        self.end.sequence = transfer.sequence;
        self.end.hash.clone_from(&transfer.hash);
    }

    /// Its sequence, and whether it stood there before.
    async fn place(
        &mut self,
        conn: &impl ConnectionTrait,
        ids: &Ids,
        region: &str,
        draft: Draft,
    ) -> Result<(i64, bool), SettlementError> {
        self.belongs(region, &draft)?;
        let transfer = draft.clone().place(&self.end, ids.next("trf"), digest);
        if !insert(conn, &transfer).await? {
            let there = named_so(conn, &self.end.region, &transfer.kind, &transfer.reference).await?;
            return match there.filter(|there| draft.is_repeat_of(there)) {
                Some(there) => Ok((there.sequence, true)),
                None => Err(Refusal::TransferReused.into()),
            };
        }
        self.moved(&transfer);
        Ok((self.end.sequence, false))
    }

    /// Writes what was staged, the new head and the balances.
    pub async fn store(self, conn: &impl ConnectionTrait) -> Result<(), SettlementError> {
        let mut all = Together::default();
        let stored = self.storing(conn, &mut all)?;
        let told = all.run(conn).await?;
        stored.check(conn, &told).await
    }

    /// [`Head::store`] among other statements: [`Storing::check`] has to follow them.
    pub fn storing(
        self,
        conn: &impl ConnectionTrait,
        all: &mut Together,
    ) -> Result<Storing, SettlementError> {
        insert_staged(conn, &self.staged, all)?;
        let Head { end: ChainEnd { region, sequence, hash }, moved, .. } = self;
        let balances = all.add(add_all(conn, &region, &moved)?);
        let head = if region.is_empty() {
            let sql = "UPDATE ledger_head SET sequence = $1, hash = $2 WHERE id = 1 AND sequence <= $1";
            statement(conn, sql, [sequence.into(), hash.into()])
        } else {
            let sql = "UPDATE region_head SET sequence = $1, hash = $2 WHERE region = $3 AND sequence <= $1";
            statement(conn, sql, [sequence.into(), hash.into(), region.clone().into()])
        };
        let head = all.add(Some(Part::counted(head)));
        Ok(Storing { region, accounts: moved.len(), balances, head })
    }
}

/// A head that is about to be written.
#[must_use]
pub struct Storing {
    region: String,
    accounts: usize,
    balances: Place,
    head: Place,
}

/// A balance after it was moved.
#[derive(Deserialize, FromQueryResult)]
struct Moved {
    account: String,
    balance_fen: i64,
}

impl Storing {
    /// That it was written, and that every balance is within its limit.
    pub async fn check(self, conn: &impl ConnectionTrait, told: &Outcomes) -> Result<(), SettlementError> {
        let balances: Vec<Moved> = told.rows(self.balances)?;
        if balances.len() != self.accounts {
            return Err(SettlementError::Stored("ledger balance"));
        }
        if told.touched(self.head) != 1 {
            return Err(SettlementError::Stored("ledger head"));
        }
        for Moved { account, balance_fen } in balances {
            let account = Account::stored(account);
            if let Some(limit) = account.limit().filter(|limit| !limit.allows(Fen(balance_fen))) {
                within(conn, &self.region, &account, limit).await?;
            }
        }
        Ok(())
    }
}

/// Moves balances; the rows are [`Moved`].
fn add_all(
    conn: &impl ConnectionTrait,
    region: &str,
    moved: &BTreeMap<Account, Fen>,
) -> Result<Option<Part>, SettlementError> {
    let own = !region.is_empty();
    let names: &[&'static str] =
        if own { &["region", "account", "balance_fen"] } else { &["account", "balance_fen"] };
    let mut rows = Rows::new(names);
    for (account, amount) in moved {
        let row = [account.as_str().into(), amount.0.into()];
        rows.push_row(own.then(|| region.into()).into_iter().chain(row).collect());
    }
    let (table, once, columns) = match own {
        true => ("region_balance", "region, account", "v.region, v.account, v.balance_fen"),
        false => ("ledger_balance", "account", "v.account, v.balance_fen"),
    };
    let upsert = |rows: &str| {
        format!(
            "INSERT INTO {table} ({}) SELECT {columns} FROM {rows} WHERE true ON CONFLICT ({once}) DO UPDATE \
             SET balance_fen = {table}.balance_fen + excluded.balance_fen RETURNING account, balance_fen",
            names.join(", ")
        )
    };
    Ok(rows.part(|| rows.joined(conn, upsert).map(Part::rows))?)
}

/// What was booked before the division counts too.
async fn within(
    conn: &impl ConnectionTrait,
    region: &str,
    account: &Account,
    limit: Limit,
) -> Result<(), SettlementError> {
    let sql = "SELECT CAST(COALESCE(SUM(balance_fen), 0) AS BIGINT) AS balance_fen FROM book_balance \
               WHERE account = $1 AND region IN ('', $2)";
    let row = one(conn, sql, [account.as_str().into(), region.into()]).await?;
    let balance = Fen(row.ok_or(SettlementError::Stored("ledger balance"))?.try_get("", "balance_fen")?);
    if limit.allows(balance) { Ok(()) } else { Err(SettlementError::Stored("account beyond its limit")) }
}

/// Writes new transfers of one chain, a statement a table.
fn insert_staged(
    conn: &impl ConnectionTrait,
    staged: &[Transfer],
    all: &mut Together,
) -> Result<(), SettlementError> {
    let region = staged.first().map(|transfer| transfer.region.clone()).unwrap_or_default();
    let own: &[&'static str] = if region.is_empty() { &[] } else { &["region"] };
    let wide = |columns: &[&'static str]| Rows::new(&[own, columns].concat());
    let mut transfers =
        wide(&["sequence", "transfer_id", "kind", "reference", "at_us", "hash", "link", "link_size"]);
    let mut entries = wide(&["sequence", "entry_no", "account", "amount_fen"]);
    for transfer in staged {
        let head = || own.iter().map(|_| Value::from(region.clone()));
        let row: [Value; 8] = [
            transfer.sequence.into(),
            transfer.transfer_id.clone().into(),
            transfer.kind.clone().into(),
            transfer.reference.clone().into(),
            transfer.at.0.into(),
            transfer.hash.clone().into(),
            transfer.link.id.clone().into(),
            transfer.link.size.into(),
        ];
        transfers.push_row(head().chain(row).collect());
        for (entry_no, entry) in (0_i64..).zip(&transfer.entries) {
            let row: [Value; 4] = [
                transfer.sequence.into(),
                entry_no.into(),
                entry.account.as_str().into(),
                entry.amount.0.into(),
            ];
            entries.push_row(head().chain(row).collect());
        }
    }
    let table = if region.is_empty() { "ledger" } else { "region" };
    all.add(transfers.inserted(conn, &format!("{table}_transfer"), "")?);
    all.add(entries.inserted(conn, &format!("{table}_entry"), "")?);
    Ok(())
}

/// Writes a transfer; false when its kind and reference stand in the chain already.
async fn insert(conn: &impl ConnectionTrait, transfer: &Transfer) -> Result<bool, SettlementError> {
    let row = vec![
        transfer.sequence.into(),
        transfer.transfer_id.clone().into(),
        transfer.kind.clone().into(),
        transfer.reference.clone().into(),
        transfer.at.0.into(),
        transfer.hash.clone().into(),
        transfer.link.id.clone().into(),
        transfer.link.size.into(),
    ];
    let columns = "sequence, transfer_id, kind, reference, at_us, hash, link, link_size";
    let once = if transfer.region.is_empty() { "(kind, reference)" } else { "(region, kind, reference)" };
    let once = format!(" ON CONFLICT {once} DO NOTHING");
    if insert_rows(conn, &transfer.region, ("transfer", columns), vec![row], &once).await? == 0 {
        return Ok(false);
    }
    let rows = (0_i64..).zip(&transfer.entries).map(|(entry_no, entry)| {
        vec![transfer.sequence.into(), entry_no.into(), entry.account.as_str().into(), entry.amount.0.into()]
    });
    let columns = "sequence, entry_no, account, amount_fen";
    insert_rows(conn, &transfer.region, ("entry", columns), rows.collect(), "").await?;
    Ok(true)
}

/// All rows in one statement; those of a region carry it.
async fn insert_rows(
    conn: &impl ConnectionTrait,
    region: &str,
    (what, columns): (&str, &str),
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64, SettlementError> {
    let own = !region.is_empty();
    let mut sql = match own {
        true => format!("INSERT INTO region_{what} (region, {columns}) VALUES "),
        false => format!("INSERT INTO ledger_{what} ({columns}) VALUES "),
    };
    let mut values: Vec<Value> = Vec::new();
    for row in rows {
        let first = values.len() + 1;
        values.extend(own.then(|| region.into()));
        values.extend(row);
        let places: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
        let comma = if first == 1 { "" } else { ", " };
        sql.push_str(&format!("{comma}({})", places.join(", ")));
    }
    sql.push_str(tail);
    Ok(exec(conn, &sql, values).await?)
}
