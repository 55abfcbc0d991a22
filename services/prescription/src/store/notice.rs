//! Notices to hospitals: written with what they tell of, sent in turn, kept until they are taken.
//!
//! Invariants: of a prescription only the first one due is sent; whoever sends to a hospital has its turn; a taken notice says
//! nothing any more.

mod desk;
mod paid;

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::StoreError;
use super::sealed::{self, open, seal};
use crate::domain::notice::{Content, Kind, Standing};

pub use desk::{Row, again, list, numbers};
pub use paid::{forget_paid, note_paid, paid};

/// A notice to send.
pub struct Notice {
    pub notice_id: String,
    pub hi_rxno: String,
    pub hospital: String,
    /// The prescription's version that it tells of.
    pub sequence: i64,
    pub content: Content,
    /// Nothing is to be filled in any more.
    pub complete: bool,
    /// How often it was sent.
    pub attempts: i32,
    pub created_at: Timestamp,
}

fn statement<const N: usize>(conn: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

async fn run<const N: usize>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<u64, StoreError> {
    Ok(conn.execute_raw(statement(conn, sql, values)).await?.rows_affected())
}

pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    notice: &Notice,
    give_up_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO notice (notice_id, hospital, hi_rxno, sequence, kind, content_sealed, complete, state, attempts, \
               next_at_us, give_up_at_us, words_sealed, created_at_us, ended_at_us) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, '', $9, 0)";
    let values = [
        notice.notice_id.as_str().into(),
        notice.hospital.as_str().into(),
        notice.hi_rxno.as_str().into(),
        notice.sequence.into(),
        notice.content.kind().code().into(),
        content_text(cipher, &notice.content)?.into(),
        notice.complete.into(),
        Standing::Due.code().into(),
        notice.created_at.0.into(),
        give_up_at.0.into(),
    ];
    run(conn, sql, values).await?;
    let turn = "INSERT INTO notice_turn (hospital, leased_until_us, paused_until_us, silences) VALUES ($1, 0, 0, 0) \
                ON CONFLICT (hospital) DO NOTHING";
    run(conn, turn, [notice.hospital.as_str().into()]).await?;
    Ok(())
}

fn content_text(cipher: &Cipher, content: &Content) -> Result<String, StoreError> {
    let text = serde_json::to_string(content).map_err(|_| StoreError::Corrupt("notice.content"))?;
    Ok(seal(cipher, sealed::NOTICE, &text))
}

/// Hospitals with something to be sent, that nobody sends to and that are not left alone; at most 200.
pub async fn waiting(conn: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT t.hospital FROM notice_turn t WHERE t.leased_until_us <= $1 AND t.paused_until_us <= $1 \
               AND EXISTS (SELECT 1 FROM notice n WHERE n.hospital = t.hospital AND n.state = $2 AND n.next_at_us <= $1) \
               ORDER BY t.hospital LIMIT 200";
    let rows = conn.query_all_raw(statement(conn, sql, [now.0.into(), Standing::Due.code().into()])).await?;
    Ok(rows.iter().map(|row| row.try_get("", "hospital")).collect::<Result<_, _>>()?)
}

/// Takes a hospital's turn; how often it was silent in a row, or `None` when somebody else has it.
pub async fn take_turn(
    conn: &impl ConnectionTrait,
    hospital: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<i32>, StoreError> {
    let sql = "UPDATE notice_turn SET leased_until_us = $1 \
               WHERE hospital = $2 AND leased_until_us <= $3 AND paused_until_us <= $3 RETURNING silences";
    let values = [until.0.into(), hospital.into(), now.0.into()];
    let row = conn.query_one_raw(statement(conn, sql, values)).await?;
    Ok(row.map(|row| row.try_get("", "silences")).transpose()?)
}

/// Gives back the turn that was taken until `until`.
pub async fn end_turn(
    conn: &impl ConnectionTrait,
    hospital: &str,
    until: Timestamp,
    silences: i32,
    paused_until: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE notice_turn SET leased_until_us = 0, silences = $1, paused_until_us = $2 \
               WHERE hospital = $3 AND leased_until_us = $4";
    let values = [silences.into(), paused_until.0.into(), hospital.into(), until.0.into()];
    run(conn, sql, values).await?;
    Ok(())
}

/// What is sent to a hospital next.
pub async fn next(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    hospital: &str,
    now: Timestamp,
) -> Result<Option<Notice>, StoreError> {
    let sql = "SELECT n.notice_id, n.hi_rxno, n.hospital, n.sequence, n.content_sealed, n.complete, n.attempts, \
               n.created_at_us FROM notice n WHERE n.hospital = $1 AND n.state = $2 AND n.next_at_us <= $3 \
               AND NOT EXISTS (SELECT 1 FROM notice e WHERE e.hi_rxno = n.hi_rxno AND e.state = $2 \
               AND e.sequence < n.sequence) ORDER BY n.next_at_us, n.notice_id LIMIT 1";
    let values = [hospital.into(), Standing::Due.code().into(), now.0.into()];
    let row = conn.query_one_raw(statement(conn, sql, values)).await?;
    row.map(|row| read(&row, cipher)).transpose()
}

fn read(row: &QueryResult, cipher: &Cipher) -> Result<Notice, StoreError> {
    let text: String = row.try_get("", "content_sealed")?;
    let text = open(cipher, sealed::NOTICE, &text)?;
    Ok(Notice {
        notice_id: row.try_get("", "notice_id")?,
        hi_rxno: row.try_get("", "hi_rxno")?,
        hospital: row.try_get("", "hospital")?,
        sequence: row.try_get("", "sequence")?,
        content: serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("notice.content"))?,
        complete: row.try_get("", "complete")?,
        attempts: row.try_get("", "attempts")?,
        created_at: Timestamp(row.try_get("", "created_at_us")?),
    })
}

/// What was filled in stays so, whoever sends it.
pub async fn completed(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    notice_id: &str,
    content: &Content,
) -> Result<bool, StoreError> {
    let sql = "UPDATE notice SET content_sealed = $1, complete = $2 \
               WHERE notice_id = $3 AND complete = $4 AND state = $5";
    let due = Standing::Due.code();
    let values =
        [content_text(cipher, content)?.into(), true.into(), notice_id.into(), false.into(), due.into()];
    Ok(run(conn, sql, values).await? == 1)
}

/// It was sent, or will be: not before `next_at`.
pub async fn delay(
    conn: &impl ConnectionTrait,
    notice_id: &str,
    attempts: i32,
    next_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET attempts = $1, next_at_us = $2 WHERE notice_id = $3 AND state = $4";
    run(conn, sql, [attempts.into(), next_at.0.into(), notice_id.into(), Standing::Due.code().into()])
        .await?;
    Ok(())
}

/// The hospital has stored it: what it said is not kept twice.
pub async fn taken(conn: &impl ConnectionTrait, notice_id: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = $1, attempts = attempts + 1, content_sealed = '', words_sealed = '', ended_at_us = $2 \
               WHERE notice_id = $3";
    run(conn, sql, [Standing::Taken.code().into(), now.0.into(), notice_id.into()]).await?;
    Ok(())
}

/// The hospital refused it.
pub async fn refused(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    notice_id: &str,
    words: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = $1, attempts = attempts + 1, words_sealed = $2, ended_at_us = $3 \
               WHERE notice_id = $4 AND state <> $5";
    let words = seal(cipher, sealed::NOTICE_WORDS, words);
    let (refused, taken) = (Standing::Refused.code(), Standing::Taken.code());
    run(conn, sql, [refused.into(), words.into(), now.0.into(), notice_id.into(), taken.into()]).await?;
    Ok(())
}

/// Gives up what was tried for long enough, at most 100; with the hospitals.
pub async fn give_up(
    conn: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "UPDATE notice SET state = $1, ended_at_us = $2 WHERE notice_id IN (SELECT notice_id FROM notice \
               WHERE state = $3 AND give_up_at_us <= $2 ORDER BY give_up_at_us LIMIT 100) AND state = $3 \
               RETURNING notice_id, hospital";
    let values = [Standing::GivenUp.code().into(), now.0.into(), Standing::Due.code().into()];
    let mut given_up = Vec::new();
    for row in conn.query_all_raw(statement(conn, sql, values)).await? {
        given_up.push((row.try_get("", "notice_id")?, row.try_get("", "hospital")?));
    }
    Ok(given_up)
}

/// Whether anything is to be given up at `now`: asked before the writer is.
pub async fn is_overdue(conn: &impl ConnectionTrait, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS found FROM notice WHERE state = $1 AND give_up_at_us <= $2 LIMIT 1";
    let values = [Standing::Due.code().into(), now.0.into()];
    Ok(conn.query_one_raw(statement(conn, sql, values)).await?.is_some())
}

/// Forgets notices that were taken before `before`, at most 500.
pub async fn forget_taken(conn: &impl ConnectionTrait, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM notice WHERE notice_id IN (SELECT notice_id FROM notice WHERE state = $1 AND ended_at_us < $2 \
               ORDER BY ended_at_us LIMIT 500)";
    run(conn, sql, [Standing::Taken.code().into(), before.0.into()]).await
}

/// Forgets everything told of a prescription.
pub async fn forget_of(conn: &impl ConnectionTrait, hi_rxno: &str) -> Result<(), StoreError> {
    run(conn, "DELETE FROM notice WHERE hi_rxno = $1", [hi_rxno.into()]).await?;
    Ok(())
}

/// A kind or standing as stored.
fn code<T>(row: &QueryResult, column: &'static str, of: fn(i32) -> Option<T>) -> Result<T, StoreError> {
    of(row.try_get("", column)?).ok_or(StoreError::Corrupt(column))
}

fn kind_of(row: &QueryResult) -> Result<Kind, StoreError> {
    code(row, "kind", Kind::from_code)
}

fn standing_of(row: &QueryResult) -> Result<Standing, StoreError> {
    code(row, "state", Standing::from_code)
}
