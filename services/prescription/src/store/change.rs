//! The feeds of changes: one per institution, one row per change that concerns it, numbered without a gap. Nothing is shared
//! between institutions, so a change waits for no other than those of its own hospital and pharmacies.
//!
//! An installation from before that goes on numbering all changes together, until the operator closes that numbering
//! (`deploy/upgrade/prescription.sql`): replicas of both versions then agree on the order. A feed goes on with numbers above
//! all of those, so a reader resumes after any sequence it has seen.

use std::collections::BTreeSet;

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use super::StoreError;
use crate::domain::lifecycle::Status;
use crate::domain::state::{Review, State, Use};

/// One change as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub sequence: i64,
    pub hi_rxno: String,
    pub state: State,
    pub review: Review,
    pub used: Use,
    pub at: Timestamp,
}

fn statement<const N: usize>(conn: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

/// Notes a change for the hospital, the pharmacy that has it now, and the one that had it before.
pub async fn note(
    conn: &impl ConnectionTrait,
    (hi_rxno, hospital): (&str, &str),
    nominee_before: &str,
    after: &Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let concerned = [hospital, nominee_before, &after.nominee];
    // always in this order, so that two changes never wait for each other in a ring
    let readers: BTreeSet<&str> = concerned.into_iter().filter(|code| !code.is_empty()).collect();
    for reader in readers {
        let Some(sequence) = next_of(conn, reader).await? else {
            // the numbering of the whole installation is open still, for all readers alike
            return note_together(conn, (hi_rxno, hospital), nominee_before, after, now).await;
        };
        let sql = "INSERT INTO feed (institution, sequence, hi_rxno, state, review, used, at_us) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let [state, review, used, at] = moving(after, now);
        let values = [reader.into(), sequence.into(), hi_rxno.into(), state, review, used, at];
        conn.execute_raw(statement(conn, sql, values)).await?;
    }
    Ok(())
}

fn moving(after: &Status, now: Timestamp) -> [Value; 4] {
    [after.state.code().into(), after.review.code().into(), after.used.code().into(), now.0.into()]
}

/// The next number of an institution's feed, or `None` while all changes are numbered together. The row stays locked until
/// the commit, so numbers become visible in their order.
async fn next_of(conn: &impl ConnectionTrait, institution: &str) -> Result<Option<i64>, StoreError> {
    let next = "UPDATE feed_head SET sequence = sequence + 1 WHERE institution = $1 RETURNING sequence";
    let open = "UPDATE counter SET value = value WHERE name = 'change' RETURNING value";
    let begin = "INSERT INTO feed_head (institution, sequence) \
                 SELECT $1, value FROM counter WHERE name = 'change-closed' ON CONFLICT (institution) DO NOTHING";
    // the second time the institution's own row is there
    for _ in 0..2 {
        let row = conn.query_one_raw(statement(conn, next, [institution.into()])).await?;
        if let Some(row) = row {
            return Ok(Some(row.try_get("", "sequence")?));
        }
        if conn.query_one_raw(statement(conn, open, [])).await?.is_some() {
            return Ok(None);
        }
        conn.execute_raw(statement(conn, begin, [institution.into()])).await?;
    }
    Err(StoreError::Corrupt("counter"))
}

/// As the version before did, and its replicas still do.
async fn note_together(
    conn: &impl ConnectionTrait,
    (hi_rxno, hospital): (&str, &str),
    nominee_before: &str,
    after: &Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = vec![(hospital, after.nominee.as_str())];
    if !nominee_before.is_empty() && nominee_before != after.nominee {
        // the hospital has the other row
        rows.push(("", nominee_before));
    }
    for (hospital, pharmacy) in rows {
        let next = "UPDATE counter SET value = value + 1 WHERE name = 'change' RETURNING value";
        let row = conn.query_one_raw(statement(conn, next, [])).await?;
        let sequence: i64 = row.ok_or(StoreError::Corrupt("counter"))?.try_get("", "value")?;
        let sql = "INSERT INTO change (sequence, hi_rxno, hospital, pharmacy, state, review, used, at_us) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let [state, review, used, at] = moving(after, now);
        let values =
            [sequence.into(), hi_rxno.into(), hospital.into(), pharmacy.into(), state, review, used, at];
        conn.execute_raw(statement(conn, sql, values)).await?;
    }
    Ok(())
}

/// The changes after `sequence` that concern an institution, oldest first; at most 200.
pub async fn after(
    conn: &impl ConnectionTrait,
    institution: &str,
    sequence: i64,
) -> Result<Vec<Change>, StoreError> {
    // one statement sees both tables at one moment: nothing of the first is missed once the second has begun
    let sql = "SELECT sequence, hi_rxno, state, review, used, at_us FROM change \
               WHERE hospital = $1 AND sequence > $2 \
               UNION ALL SELECT sequence, hi_rxno, state, review, used, at_us FROM change \
               WHERE pharmacy = $1 AND hospital <> $1 AND sequence > $2 \
               UNION ALL SELECT sequence, hi_rxno, state, review, used, at_us FROM feed \
               WHERE institution = $1 AND sequence > $2 ORDER BY sequence LIMIT 200";
    let rows = conn.query_all_raw(statement(conn, sql, [institution.into(), sequence.into()])).await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Change, StoreError> {
    let code = |column: &str| -> Result<i32, DbErr> { row.try_get("", column) };
    Ok(Change {
        sequence: row.try_get("", "sequence")?,
        hi_rxno: row.try_get("", "hi_rxno")?,
        state: State::from_code(code("state")?).ok_or(StoreError::Corrupt("change.state"))?,
        review: Review::from_code(code("review")?).ok_or(StoreError::Corrupt("change.review"))?,
        used: Use::from_code(code("used")?).ok_or(StoreError::Corrupt("change.used"))?,
        at: Timestamp(row.try_get("", "at_us")?),
    })
}
