//! Days whose statement a channel is asked for, and what waits for a statement.

use std::collections::BTreeMap;

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult};

use super::statement::Of;
use super::{all, exec, one};
use crate::error::SettlementError;

const DAY_US: i64 = 86_400_000_000;
/// China's time is that many microseconds ahead.
const CHINA_US: i64 = 8 * 3_600_000_000;

/// A day to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub channel: String,
    pub fixmedins_code: String,
    pub stmt_date: String,
    pub expected: bool,
    pub attempts: i64,
    pub next_at: Timestamp,
}

impl Asked {
    pub fn of(&self) -> Of<'_> {
        Of { channel: &self.channel, fixmedins_code: &self.fixmedins_code, stmt_date: &self.stmt_date }
    }
}

/// How many receivables of a channel are open, by institution and day, from `begin` to before `end`; a day ends `late_s`
/// seconds later than on the clock.
pub async fn open_days(
    conn: &impl ConnectionTrait,
    channel: &str,
    (begin, end): (Timestamp, Timestamp),
    late_s: i64,
) -> Result<BTreeMap<(String, Date), i64>, SettlementError> {
    let ahead = CHINA_US - late_s * 1_000_000;
    let sql = format!(
        "SELECT fixmedins_code, (at_us + {ahead}) / {DAY_US} AS of_day, COUNT(*) AS lines FROM receivable \
         WHERE debtor = $1 AND open = TRUE AND debtor_kind = 'channel' AND at_us >= $2 AND at_us < $3 \
         GROUP BY fixmedins_code, (at_us + {ahead}) / {DAY_US}"
    );
    let rows = all(conn, &sql, [channel.into(), begin.0.into(), end.0.into()]).await?;
    let read = |row: &QueryResult| {
        let day: i64 = row.try_get("", "of_day")?;
        let date = Timestamp(day * DAY_US - CHINA_US).china_date();
        Ok(((row.try_get("", "fixmedins_code")?, date), row.try_get("", "lines")?))
    };
    rows.iter().map(read).collect()
}

/// Plans to ask for a day, once.
pub async fn plan(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    expected: bool,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO statement_fetch \
               (channel, fixmedins_code, stmt_date, expected, state, told, attempts, next_at_us, unpaid) \
               VALUES ($1, $2, $3, $4, 'due', '', 0, $5, 0) ON CONFLICT (channel, fixmedins_code, stmt_date) DO NOTHING";
    let key = [of.channel.into(), of.fixmedins_code.into(), of.stmt_date.into()];
    exec(conn, sql, key.into_iter().chain([expected.into(), now.0.into()])).await?;
    Ok(())
}

/// Days of a channel whose statement was taken, from `since` on, with what they left unpaid.
pub async fn ended(
    conn: &impl ConnectionTrait,
    channel: &str,
    since: Date,
) -> Result<Vec<(String, String, i64)>, SettlementError> {
    let sql = "SELECT fixmedins_code, stmt_date, unpaid FROM statement_fetch \
               WHERE channel = $1 AND stmt_date >= $2 AND state = 'taken'";
    let rows = all(conn, sql, [channel.into(), date_text(since).into()]).await?;
    let read = |row: &QueryResult| {
        Ok((row.try_get("", "fixmedins_code")?, row.try_get("", "stmt_date")?, row.try_get("", "unpaid")?))
    };
    rows.iter().map(read).collect()
}

/// Institutions that keep lines of a channel which nobody can name, with the first day of such a line.
pub async fn strange_since(
    conn: &impl ConnectionTrait,
    channel: &str,
) -> Result<Vec<(String, String)>, SettlementError> {
    let sql = "SELECT line.fixmedins_code, MIN(told.stmt_date) AS since FROM channel_line line \
               JOIN channel_statement told ON told.statement_id = line.statement_id \
               WHERE line.channel = $1 AND line.state = 'suspended' GROUP BY line.fixmedins_code";
    let rows = all(conn, sql, [channel.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get("", "fixmedins_code")?, row.try_get("", "since")?))).collect()
}

/// Notes what the statement of a day left unpaid.
pub async fn leave_unpaid(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    unpaid: i64,
) -> Result<(), SettlementError> {
    let sql = "UPDATE statement_fetch SET unpaid = $4 WHERE channel = $1 AND fixmedins_code = $2 AND stmt_date = $3";
    let key = [of.channel.into(), of.fixmedins_code.into(), of.stmt_date.into()];
    exec(conn, sql, key.into_iter().chain([unpaid.into()])).await?;
    Ok(())
}

/// Days to ask for now: of each channel those that have waited longest.
pub async fn due(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    a_channel: i64,
) -> Result<Vec<Asked>, SettlementError> {
    let sql = "SELECT channel, fixmedins_code, stmt_date, expected, attempts, next_at_us FROM \
               (SELECT channel, fixmedins_code, stmt_date, expected, attempts, next_at_us, ROW_NUMBER() OVER \
               (PARTITION BY channel ORDER BY next_at_us, stmt_date, fixmedins_code) AS place \
               FROM statement_fetch WHERE state = 'due' AND next_at_us <= $1) AS waiting \
               WHERE place <= $2 ORDER BY channel, stmt_date, fixmedins_code";
    let rows = all(conn, sql, [now.0.into(), a_channel.into()]).await?;
    let read = |row: &QueryResult| {
        Ok(Asked {
            channel: row.try_get("", "channel")?,
            fixmedins_code: row.try_get("", "fixmedins_code")?,
            stmt_date: row.try_get("", "stmt_date")?,
            expected: row.try_get("", "expected")?,
            attempts: row.try_get("", "attempts")?,
            next_at: Timestamp(row.try_get("", "next_at_us")?),
        })
    };
    rows.iter().map(read).collect()
}

/// Takes a day for an attempt; false when another replica was faster.
pub async fn lease(
    conn: &impl ConnectionTrait,
    asked: &Asked,
    until: Timestamp,
) -> Result<bool, SettlementError> {
    let sql = "UPDATE statement_fetch SET next_at_us = $4, attempts = attempts + 1 \
               WHERE channel = $1 AND fixmedins_code = $2 AND stmt_date = $3 AND state = 'due' AND next_at_us = $5";
    let of = asked.of();
    let key = [of.channel.into(), of.fixmedins_code.into(), of.stmt_date.into()];
    let touched = exec(conn, sql, key.into_iter().chain([until.0.into(), asked.next_at.0.into()])).await?;
    Ok(touched == 1)
}

/// Asks again at `at`; `told` says why.
pub async fn put_off(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    told: &str,
    at: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "UPDATE statement_fetch SET told = $4, next_at_us = $5 \
               WHERE channel = $1 AND fixmedins_code = $2 AND stmt_date = $3 AND state = 'due'";
    let key = [of.channel.into(), of.fixmedins_code.into(), of.stmt_date.into()];
    exec(conn, sql, key.into_iter().chain([told.into(), at.0.into()])).await?;
    Ok(())
}

/// Nothing more is asked: `taken`, or `none` where nothing was expected.
pub async fn end(conn: &impl ConnectionTrait, of: Of<'_>, state: &str) -> Result<(), SettlementError> {
    let sql = "UPDATE statement_fetch SET state = $4, told = '' \
               WHERE channel = $1 AND fixmedins_code = $2 AND stmt_date = $3";
    let key = [of.channel.into(), of.fixmedins_code.into(), of.stmt_date.into()];
    exec(conn, sql, key.into_iter().chain([state.into()])).await?;
    Ok(())
}

/// Days up to `until` on which money moved and whose statement is not there.
pub async fn missing(conn: &impl ConnectionTrait, until: Date) -> Result<i64, SettlementError> {
    let sql = "SELECT COUNT(*) AS days FROM statement_fetch \
               WHERE state = 'due' AND expected = TRUE AND stmt_date <= $1";
    let row = one(conn, sql, [date_text(until).into()]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "days"))?)
}

/// What differs and waits: payments without a name whose money did not all go back, and what statements left unpaid.
pub async fn waiting(conn: &impl ConnectionTrait) -> Result<(i64, i64), SettlementError> {
    let suspended = "SELECT COUNT(*) AS lines FROM (SELECT channel, number FROM channel_line \
                     WHERE state = 'suspended' GROUP BY channel, number HAVING SUM(amount_fen) <> 0) AS strange";
    let unpaid =
        "SELECT CAST(COALESCE(SUM(unpaid), 0) AS BIGINT) AS lines FROM statement_fetch WHERE unpaid > 0";
    let mut found = [0; 2];
    for (count, sql) in found.iter_mut().zip([suspended, unpaid]) {
        let row = one(conn, sql, []).await?;
        *count = row.map_or(Ok(0), |row| row.try_get("", "lines"))?;
    }
    Ok(found.into())
}
