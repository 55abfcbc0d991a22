//! What a hospital sees of its notices, and what the metrics count.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::ConnectionTrait;

use super::{kind_of, run, standing_of, statement};
use crate::domain::notice::{Kind, Standing};
use crate::store::StoreError;
use crate::store::sealed::{self, open};

/// A notice that was not taken.
pub struct Row {
    pub notice_id: String,
    pub hi_rxno: String,
    pub sequence: i64,
    pub kind: Kind,
    pub standing: Standing,
    pub attempts: i32,
    pub created_at: Timestamp,
    pub give_up_at: Timestamp,
    /// The hospital's; may be empty.
    pub words: String,
}

/// A page of a hospital's notices that it has not taken, oldest first, after the row `(created_at_us, notice_id)`.
pub async fn list(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    hospital: &str,
    after: Option<(i64, String)>,
    limit: u64,
) -> Result<Vec<Row>, StoreError> {
    let (at, id) = after.unwrap_or_default();
    let sql = "SELECT notice_id, hi_rxno, sequence, kind, state, attempts, created_at_us, give_up_at_us, words_sealed \
               FROM notice WHERE hospital = $1 AND state <> 2 \
               AND (created_at_us > $2 OR (created_at_us = $2 AND notice_id > $3)) \
               ORDER BY created_at_us, notice_id LIMIT $4";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = conn
        .query_all_raw(statement(conn, sql, [hospital.into(), at.into(), id.into(), limit.into()]))
        .await?;
    let read = |row: &sea_orm::QueryResult| {
        let words: String = row.try_get("", "words_sealed")?;
        Ok(Row {
            notice_id: row.try_get("", "notice_id")?,
            hi_rxno: row.try_get("", "hi_rxno")?,
            sequence: row.try_get("", "sequence")?,
            kind: kind_of(row)?,
            standing: standing_of(row)?,
            attempts: row.try_get("", "attempts")?,
            created_at: Timestamp(row.try_get("", "created_at_us")?),
            give_up_at: Timestamp(row.try_get("", "give_up_at_us")?),
            words: open(cipher, sealed::NOTICE_WORDS, &words)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Lets a notice of the hospital wait to be sent at once; false when there is none that was not taken.
pub async fn again(
    conn: &impl ConnectionTrait,
    hospital: &str,
    notice_id: &str,
    give_up_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE notice SET state = $1, attempts = 0, next_at_us = $2, give_up_at_us = $3, words_sealed = '', \
               ended_at_us = 0 WHERE notice_id = $4 AND hospital = $5 AND state <> 2";
    let due = Standing::Due.code();
    let values = [due.into(), now.0.into(), give_up_at.0.into(), notice_id.into(), hospital.into()];
    let found = run(conn, sql, values).await? == 1;
    // whoever asks is there
    let turn = "UPDATE notice_turn SET paused_until_us = 0, silences = 0 WHERE hospital = $1";
    run(conn, turn, [hospital.into()]).await?;
    Ok(found)
}

/// Since when the oldest notice waits (0: none does), and how many were given up after `since`.
pub async fn numbers(conn: &impl ConnectionTrait, since: Timestamp) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT (SELECT COALESCE(MIN(created_at_us), 0) FROM notice WHERE state = $1) AS oldest, \
               (SELECT COUNT(*) FROM notice WHERE state = $2 AND ended_at_us > $3) AS given_up";
    let values = [Standing::Due.code().into(), Standing::GivenUp.code().into(), since.0.into()];
    let row = conn.query_one_raw(statement(conn, sql, values)).await?.ok_or(StoreError::Corrupt("notice"))?;
    Ok((row.try_get("", "oldest")?, row.try_get("", "given_up")?))
}
