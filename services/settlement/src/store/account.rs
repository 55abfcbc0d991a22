//! Personal accounts and their statements.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{Rows, among, words};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};
use serde::Deserialize;

use super::{all, exec, one, statement as select};
use crate::app::account::StatementRow;
use crate::domain::lane::Purse;
use crate::error::SettlementError;

/// Balance and held amount; zeros for somebody without an account.
pub async fn balance(conn: &impl ConnectionTrait, person_id: &str) -> Result<(Fen, Fen), SettlementError> {
    let sql = "SELECT balance_fen, held_fen FROM personal_account WHERE person_id = $1";
    match one(conn, sql, [person_id.into()]).await? {
        Some(row) => Ok((Fen(row.try_get("", "balance_fen")?), Fen(row.try_get("", "held_fen")?))),
        None => Ok((Fen::ZERO, Fen::ZERO)),
    }
}

/// Whether a region may put money into the account: it is this region's, nobody's yet, or not there yet.
pub async fn may_take(
    conn: &impl ConnectionTrait,
    person_id: &str,
    region: &str,
) -> Result<bool, SettlementError> {
    let sql = "SELECT region FROM personal_account WHERE person_id = $1 AND region NOT IN ('', $2)";
    Ok(one(conn, sql, [person_id.into(), region.into()]).await?.is_none())
}

/// Puts money of a region's fund into an account, opening it when there is none; answers the balance after it, or `None`
/// when the account is another region's.
pub async fn credit(
    conn: &impl ConnectionTrait,
    person_id: &str,
    region: &str,
    amount: Fen,
) -> Result<Option<Fen>, SettlementError> {
    let sql = "INSERT INTO personal_account (person_id, balance_fen, held_fen, region) VALUES ($1, $2, 0, $3) \
               ON CONFLICT (person_id) DO UPDATE SET region = excluded.region, \
               balance_fen = personal_account.balance_fen + excluded.balance_fen \
               WHERE personal_account.region IN ('', excluded.region) RETURNING balance_fen";
    let row = one(conn, sql, [person_id.into(), amount.0.into(), region.into()]).await?;
    row.map(|row| Ok(Fen(row.try_get("", "balance_fen")?))).transpose()
}

/// What is free on an account, whose row nobody else can move until this transaction ends; zero without an account.
pub async fn take_free(conn: &impl ConnectionTrait, person_id: &str) -> Result<Fen, SettlementError> {
    let sql = "UPDATE personal_account SET held_fen = held_fen WHERE person_id = $1 \
               RETURNING balance_fen - held_fen AS free";
    let row = one(conn, sql, [person_id.into()]).await?;
    row.map_or(Ok(Fen::ZERO), |row| Ok(Fen(row.try_get("", "free")?)))
}

/// The balance of an account, whose row nobody else can move until this transaction ends; zero without an account.
pub async fn take_balance(conn: &impl ConnectionTrait, person_id: &str) -> Result<Fen, SettlementError> {
    let sql = "UPDATE personal_account SET held_fen = held_fen WHERE person_id = $1 RETURNING balance_fen";
    let row = one(conn, sql, [person_id.into()]).await?;
    row.map_or(Ok(Fen::ZERO), |row| Ok(Fen(row.try_get("", "balance_fen")?)))
}

/// Pays out what is free; answers the balance after it, or `None` when less is free.
pub async fn pay_out(
    conn: &impl ConnectionTrait,
    person_id: &str,
    amount: Fen,
) -> Result<Option<Fen>, SettlementError> {
    let sql = "UPDATE personal_account SET balance_fen = balance_fen - $1 \
               WHERE person_id = $2 AND balance_fen - held_fen >= $1 RETURNING balance_fen";
    let row = one(conn, sql, [amount.0.into(), person_id.into()]).await?;
    row.map(|row| Ok(Fen(row.try_get("", "balance_fen")?))).transpose()
}

/// Gives back what an account had paid; answers the balance after it.
pub async fn give_back(
    conn: &impl ConnectionTrait,
    person_id: &str,
    amount: Fen,
) -> Result<Fen, SettlementError> {
    let sql = "UPDATE personal_account SET balance_fen = balance_fen + $1 WHERE person_id = $2 \
               RETURNING balance_fen";
    let row = one(conn, sql, [amount.0.into(), person_id.into()]).await?;
    Ok(Fen(row.ok_or(SettlementError::Stored("personal account"))?.try_get("", "balance_fen")?))
}

/// Adds a row to a statement. It stands under the number of its transfer, or under the next one where the statement has
/// gone on already: transfers of different chains may have the same number.
pub async fn insert_statement(
    conn: &impl ConnectionTrait,
    person_id: &str,
    row: &StatementRow,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO statement_row \
               (person_id, sequence, at_us, kind, amount_fen, balance_fen, order_id, for_relative, other_person_id, aid_fen) \
               SELECT $1, CASE WHEN last >= $2 THEN last + 1 ELSE $2 END, $3, $4, $5, $6, $7, $8, $9, $10 FROM \
               (SELECT COALESCE(MAX(sequence), 0) AS last FROM statement_row WHERE person_id = $1) so_far";
    let values = [
        person_id.into(),
        row.sequence.into(),
        row.at.0.into(),
        row.kind.clone().into(),
        row.amount.0.into(),
        row.balance.0.into(),
        row.order_id.clone().into(),
        row.for_relative.into(),
        row.other_person_id.clone().into(),
        row.aid.0.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}

/// An account as a group finds it.
#[derive(Deserialize, FromQueryResult)]
pub struct Found {
    person_id: String,
    balance_fen: i64,
    held_fen: i64,
    region: String,
    last: i64,
}

impl Found {
    pub fn read(self) -> (String, Purse) {
        let (balance, held) = (Fen(self.balance_fen), Fen(self.held_fen));
        (self.person_id, Purse { balance, held, region: self.region, last: self.last })
    }
}

/// Accounts; the rows are [`Found`], none for an account that is not there.
pub fn purses<'a>(conn: &impl ConnectionTrait, persons: impl IntoIterator<Item = &'a str>) -> Option<Part> {
    let mut persons = persons.into_iter().peekable();
    persons.peek()?;
    let sql = format!(
        "SELECT a.person_id, a.balance_fen, a.held_fen, a.region, COALESCE((SELECT MAX(s.sequence) \
         FROM statement_row s WHERE s.person_id = a.person_id), 0) AS last \
         FROM personal_account a WHERE a.person_id {}",
        among(conn, 1)
    );
    Some(Part::rows(select(conn, &sql, [words(conn, persons)])))
}

/// The newest number of a statement.
#[derive(Deserialize, FromQueryResult)]
pub struct LastLine {
    pub person_id: String,
    pub last: i64,
}

/// The newest numbers of statements; the rows are [`LastLine`], none for an empty statement.
pub fn last_lines<'a>(
    conn: &impl ConnectionTrait,
    persons: impl IntoIterator<Item = &'a str>,
) -> Option<Part> {
    let mut persons = persons.into_iter().peekable();
    persons.peek()?;
    let sql = format!(
        "SELECT person_id, MAX(sequence) AS last FROM statement_row WHERE person_id {} GROUP BY person_id",
        among(conn, 1)
    );
    Some(Part::rows(select(conn, &sql, [words(conn, persons)])))
}

/// Writes accounts from what they were to what they are, and says how many it has to touch: fewer mean that one is not what it
/// was, and nothing of the transaction may stay.
pub fn moving(
    conn: &impl ConnectionTrait,
    before: &BTreeMap<String, Purse>,
    after: &BTreeMap<String, Purse>,
) -> Result<(Option<Part>, u64), SettlementError> {
    let columns = ["person_id", "balance_fen", "held_fen", "region", "old_balance", "old_held"];
    let mut rows = Rows::new(&columns);
    for (person_id, now) in after {
        let Some(was) = before.get(person_id).filter(|was| *was != now) else { continue };
        rows.push([
            person_id.clone().into(),
            now.balance.0.into(),
            now.held.0.into(),
            now.region.clone().into(),
            was.balance.0.into(),
            was.held.0.into(),
        ]);
    }
    let update = |rows: &str| {
        format!(
            "UPDATE personal_account SET balance_fen = v.balance_fen, held_fen = v.held_fen, region = v.region \
             FROM {rows} WHERE personal_account.person_id = v.person_id \
             AND personal_account.balance_fen = v.old_balance AND personal_account.held_fen = v.old_held"
        )
    };
    Ok((rows.part(|| rows.joined(conn, update).map(Part::counted))?, rows.len()))
}

/// Adds rows to statements, each under its own number.
pub fn stating(
    conn: &impl ConnectionTrait,
    lines: &[(String, StatementRow)],
) -> Result<Option<Part>, SettlementError> {
    let columns = [
        "person_id",
        "sequence",
        "at_us",
        "kind",
        "amount_fen",
        "balance_fen",
        "order_id",
        "for_relative",
        "other_person_id",
        "aid_fen",
    ];
    let mut rows = Rows::new(&columns);
    for (person_id, row) in lines {
        rows.push([
            person_id.clone().into(),
            row.sequence.into(),
            row.at.0.into(),
            row.kind.clone().into(),
            row.amount.0.into(),
            row.balance.0.into(),
            row.order_id.clone().into(),
            row.for_relative.into(),
            row.other_person_id.clone().into(),
            row.aid.0.into(),
        ]);
    }
    Ok(rows.inserted(conn, "statement_row", "")?)
}

/// Newest first, older than `before`.
pub async fn statement(
    conn: &impl ConnectionTrait,
    person_id: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<StatementRow>, SettlementError> {
    let sql = "SELECT sequence, at_us, kind, amount_fen, balance_fen, order_id, for_relative, other_person_id, aid_fen \
               FROM statement_row WHERE person_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3";
    let rows = all(conn, sql, [person_id.into(), before.into(), limit.into()]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<StatementRow, SettlementError> {
    Ok(StatementRow {
        sequence: row.try_get("", "sequence")?,
        at: Timestamp(row.try_get("", "at_us")?),
        kind: row.try_get("", "kind")?,
        amount: Fen(row.try_get("", "amount_fen")?),
        balance: Fen(row.try_get("", "balance_fen")?),
        order_id: row.try_get("", "order_id")?,
        for_relative: row.try_get("", "for_relative")?,
        other_person_id: row.try_get("", "other_person_id")?,
        aid: Fen(row.try_get("", "aid_fen")?),
    })
}

/// Accounts whose balance differs from the ledger's; zero in good order.
pub async fn mismatches(conn: &impl ConnectionTrait) -> Result<i64, SettlementError> {
    let sql = "SELECT COUNT(*) AS n FROM personal_account a LEFT JOIN \
               (SELECT account, CAST(SUM(balance_fen) AS BIGINT) AS balance_fen FROM book_balance GROUP BY account) b \
               ON b.account = 'person:' || a.person_id WHERE a.balance_fen <> COALESCE(b.balance_fen, 0)";
    let row = one(conn, sql, []).await?.ok_or(SettlementError::Stored("count"))?;
    Ok(row.try_get("", "n")?)
}

/// What a credit row said.
pub struct CreditRow<'a> {
    pub row_key: &'a str,
    pub person_id: &'a str,
    pub amount: Fen,
    pub region: &'a str,
    pub kind: &'a str,
}

/// How a credit row stands.
pub enum Noted {
    Fresh,
    Known,
    /// The key said something else before.
    Reused,
}

/// Notes a credit row under its key.
pub async fn note_credit(conn: &impl ConnectionTrait, row: &CreditRow<'_>) -> Result<Noted, SettlementError> {
    let insert = "INSERT INTO credit_row (row_key, person_id, amount_fen, region, kind) \
                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (row_key) DO NOTHING";
    let values =
        [row.row_key.into(), row.person_id.into(), row.amount.0.into(), row.region.into(), row.kind.into()];
    if exec(conn, insert, values).await? == 1 {
        return Ok(Noted::Fresh);
    }
    Ok(if is_noted(conn, row).await? { Noted::Known } else { Noted::Reused })
}

/// Whether the very row was taken before.
pub async fn is_noted(conn: &impl ConnectionTrait, row: &CreditRow<'_>) -> Result<bool, SettlementError> {
    let same = "SELECT row_key FROM credit_row WHERE row_key = $1 AND person_id = $2 AND amount_fen = $3 \
                AND region = $4 AND kind = $5";
    let values =
        [row.row_key.into(), row.person_id.into(), row.amount.0.into(), row.region.into(), row.kind.into()];
    Ok(one(conn, same, values).await?.is_some())
}
