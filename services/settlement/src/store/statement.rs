//! Statements of channels, their lines, and what the channels owe by our books.

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::{Fen, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{all, exec, one};
use crate::domain::payout::{LineFate, Owed};
use crate::domain::statement::StatementLine;
use crate::error::SettlementError;

/// A statement that was taken.
#[derive(Clone, Debug)]
pub struct Statement {
    pub statement_id: String,
    pub fixmedins_code: String,
    pub digest: String,
    /// The answer of then, as text.
    pub body: String,
}

const COLUMNS: &str = "SELECT statement_id, fixmedins_code, digest, body FROM channel_statement";

/// The statement of a channel for an institution and a day.
pub async fn of_day(
    conn: &impl ConnectionTrait,
    channel: &str,
    fixmedins_code: &str,
    stmt_date: &str,
) -> Result<Option<Statement>, SettlementError> {
    let sql = format!("{COLUMNS} WHERE channel = $1 AND fixmedins_code = $2 AND stmt_date = $3");
    let row = one(conn, &sql, [channel.into(), fixmedins_code.into(), stmt_date.into()]).await?;
    row.as_ref().map(read).transpose()
}

pub async fn find(conn: &impl ConnectionTrait, id: &str) -> Result<Option<Statement>, SettlementError> {
    let row = one(conn, &format!("{COLUMNS} WHERE statement_id = $1"), [id.into()]).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &QueryResult) -> Result<Statement, SettlementError> {
    Ok(Statement {
        statement_id: row.try_get("", "statement_id")?,
        fixmedins_code: row.try_get("", "fixmedins_code")?,
        digest: row.try_get("", "digest")?,
        body: row.try_get("", "body")?,
    })
}

/// Whose statement, of which day.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    pub channel: &'a str,
    pub fixmedins_code: &'a str,
    pub stmt_date: &'a str,
}

pub async fn insert(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    statement: &Statement,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO channel_statement \
               (statement_id, channel, fixmedins_code, stmt_date, digest, body, imported_at_us) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        statement.statement_id.clone().into(),
        of.channel.into(),
        of.fixmedins_code.into(),
        of.stmt_date.into(),
        statement.digest.clone().into(),
        statement.body.clone().into(),
        now.0.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}

/// Notes lines with what became of them; false when one of them stands in another statement.
pub async fn insert_lines(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    statement_id: &str,
    lines: &[(StatementLine, LineFate)],
) -> Result<bool, SettlementError> {
    for chunk in lines.chunks(500) {
        let mut values: Vec<Value> = Vec::new();
        let mut places = Vec::new();
        for (line, fate) in chunk {
            let first = values.len() + 1;
            values.extend([
                of.channel.into(),
                line.number.clone().into(),
                line.refund_no.clone().into(),
                statement_id.into(),
                of.fixmedins_code.into(),
                line.amount.0.into(),
                line.fee.0.into(),
                fate.as_str().into(),
            ]);
            let own: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
            places.push(format!("({})", own.join(", ")));
        }
        let sql = format!(
            "INSERT INTO channel_line (channel, number, refund_no, statement_id, fixmedins_code, amount_fen, fee_fen, \
             state) VALUES {} ON CONFLICT (channel, number, refund_no) DO NOTHING",
            places.join(", ")
        );
        if exec(conn, &sql, values).await? != u64::try_from(chunk.len()).unwrap_or(u64::MAX) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Lines that nobody could name yet.
pub async fn suspended(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
) -> Result<Vec<StatementLine>, SettlementError> {
    let sql = "SELECT number, refund_no, amount_fen, fee_fen FROM channel_line \
               WHERE fixmedins_code = $1 AND channel = $2 AND state = 'suspended'";
    let rows = all(conn, sql, [of.fixmedins_code.into(), of.channel.into()]).await?;
    let read = |row: &QueryResult| {
        Ok(StatementLine {
            number: row.try_get("", "number")?,
            refund_no: row.try_get("", "refund_no")?,
            amount: Fen(row.try_get("", "amount_fen")?),
            fee: Fen(row.try_get("", "fee_fen")?),
        })
    };
    rows.iter().map(read).collect()
}

/// A line has a name now (`cleared`), or is known to be nothing (`returned`).
pub async fn leave_suspense(
    conn: &impl ConnectionTrait,
    channel: &str,
    line: &StatementLine,
    state: &str,
) -> Result<(), SettlementError> {
    let sql = "UPDATE channel_line SET state = $4 WHERE channel = $1 AND number = $2 AND refund_no = $3 \
               AND state = 'suspended'";
    let values = [channel.into(), line.number.clone().into(), line.refund_no.clone().into(), state.into()];
    if exec(conn, sql, values).await? == 1 { Ok(()) } else { Err(SettlementError::LostRace) }
}

/// Whose the payments of these numbers are.
pub async fn owners(
    conn: &impl ConnectionTrait,
    channel: &str,
    numbers: &[&str],
) -> Result<BTreeMap<String, String>, SettlementError> {
    let mut found = BTreeMap::new();
    for chunk in numbers.chunks(500) {
        let sql = format!(
            "SELECT channel_order_no, fixmedins_code FROM payment WHERE channel = $1 AND channel_order_no IN ({})",
            places(2, chunk.len())
        );
        for row in all(conn, &sql, named(channel, chunk)).await? {
            found.insert(row.try_get("", "channel_order_no")?, row.try_get("", "fixmedins_code")?);
        }
    }
    Ok(found)
}

/// Whose statement has lines of these numbers, and which refunds' lines (the payment's own: empty).
pub async fn told(
    conn: &impl ConnectionTrait,
    channel: &str,
    numbers: &[&str],
) -> Result<BTreeMap<String, (String, BTreeSet<String>)>, SettlementError> {
    let mut found = BTreeMap::new();
    for chunk in numbers.chunks(500) {
        let sql = format!(
            "SELECT number, refund_no, fixmedins_code FROM channel_line WHERE channel = $1 AND number IN ({})",
            places(2, chunk.len())
        );
        for row in all(conn, &sql, named(channel, chunk)).await? {
            let keeper: String = row.try_get("", "fixmedins_code")?;
            let of_number = found.entry(row.try_get("", "number")?).or_insert((keeper, BTreeSet::new()));
            of_number.1.insert(row.try_get("", "refund_no")?);
        }
    }
    Ok(found)
}

/// `$first, …`, so many.
fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

fn named<'a>(channel: &str, numbers: &'a [&'a str]) -> impl Iterator<Item = Value> + use<'a> {
    std::iter::once(Value::from(channel)).chain(numbers.iter().map(|number| Value::from(*number)))
}

/// The rows of a partial return, what stood and what stays, are one refund under its own number.
const OWED: &str = "SELECT r.payment_id, r.part_no, r.refund, p.channel_order_no, \
                    CASE WHEN r.part_no > 0 THEN COALESCE(x.refund_no, '') \
                    WHEN r.refund = TRUE THEN p.refund_no ELSE '' END AS refund_no, r.amount_fen \
                    FROM receivable r JOIN payment p ON p.payment_id = r.payment_id \
                    LEFT JOIN refund x ON x.payment_id = r.payment_id AND x.part_no = r.part_no \
                    WHERE r.debtor_kind = 'channel' AND r.open = TRUE AND r.fixmedins_code = $1 AND r.debtor = $2";

/// What the channel owes by these numbers.
pub async fn owed_by_number(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    numbers: &[&str],
) -> Result<Vec<Owed>, SettlementError> {
    let mut rows = Vec::new();
    for chunk in numbers.chunks(500) {
        let places: Vec<String> = (3..chunk.len() + 3).map(|n| format!("${n}")).collect();
        let sql = format!("{OWED} AND p.channel_order_no IN ({})", places.join(", "));
        let own = [Value::from(of.fixmedins_code), of.channel.into()];
        let values = own.into_iter().chain(chunk.iter().map(|number| Value::from(*number)));
        rows.extend(all(conn, &sql, values).await?);
    }
    added_up(&rows)
}

/// What the channel owes since a moment of the day.
pub async fn owed_between(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    (begin, end): (Timestamp, Timestamp),
) -> Result<Vec<Owed>, SettlementError> {
    let sql = format!("{OWED} AND r.at_us >= $3 AND r.at_us < $4");
    let values = [of.fixmedins_code.into(), of.channel.into(), begin.0.into(), end.0.into()];
    added_up(&all(conn, &sql, values).await?)
}

/// Nothing is owed where a return moved no cash.
fn added_up(rows: &[QueryResult]) -> Result<Vec<Owed>, SettlementError> {
    let mut found: BTreeMap<(String, i64, bool), Owed> = BTreeMap::new();
    for row in rows {
        let part_no: i64 = row.try_get("", "part_no")?;
        let payment_id: String = row.try_get("", "payment_id")?;
        let refund = part_no > 0 || row.try_get("", "refund")?;
        let one = Owed {
            payment_id: payment_id.clone(),
            part_no,
            refund,
            number: row.try_get("", "channel_order_no")?,
            refund_no: row.try_get("", "refund_no")?,
            amount: Fen::ZERO,
        };
        let owed = found.entry((payment_id, part_no, refund)).or_insert(one);
        owed.amount += Fen(row.try_get("", "amount_fen")?);
    }
    Ok(found.into_values().filter(|owed| !owed.amount.is_zero()).collect())
}

/// Closes what a channel has paid out.
pub async fn close(conn: &impl ConnectionTrait, owed: &Owed) -> Result<(), SettlementError> {
    let sql = "UPDATE receivable SET open = FALSE WHERE payment_id = $1 AND part_no = $2 AND debtor_kind = 'channel' \
               AND (part_no > 0 OR refund = $3) AND open = TRUE";
    let values = [owed.payment_id.clone().into(), owed.part_no.into(), owed.refund.into()];
    if exec(conn, sql, values).await? > 0 { Ok(()) } else { Err(SettlementError::LostRace) }
}
