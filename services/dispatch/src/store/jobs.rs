//! Jobs of the outside courier company, and when to look at them next.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, run};

/// State of a job on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// The company is being asked; an earlier question may have been heard.
    Asking,
    /// The company carries it.
    Open,
    Refused,
    Ended,
}

impl JobState {
    const fn word(self) -> &'static str {
        match self {
            JobState::Asking => "asking",
            JobState::Open => "open",
            JobState::Refused => "refused",
            JobState::Ended => "ended",
        }
    }
}

/// Notes that the company will be asked for deliveries that have waited since `ready_before`; once per delivery.
/// Answers how many.
pub async fn ask_for_waiting(
    conn: &impl ConnectionTrait,
    ready_before: Timestamp,
    now: Timestamp,
) -> Result<u64, DbFault> {
    // the last point of a ready delivery is the moment it became ready
    let sql = "INSERT INTO outside_job (delivery_id, state, job_no, next_at_us) \
               SELECT delivery.delivery_id, 'asking', '', $1 FROM delivery JOIN track_point \
               ON track_point.delivery_id = delivery.delivery_id AND track_point.sequence = delivery.last_sequence \
               WHERE delivery.state = 'ready' AND track_point.at_us <= $2 \
               ON CONFLICT (delivery_id) DO NOTHING";
    run(conn, sql, vec![now.0.into(), ready_before.0.into()]).await
}

/// Takes the next due job and moves its next look to `again_at`, so that nobody else works on it meanwhile.
pub async fn take(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    again_at: Timestamp,
) -> Result<Option<(String, JobState)>, DbFault> {
    let sql = "UPDATE outside_job SET next_at_us = $1 \
               WHERE delivery_id = (SELECT delivery_id FROM outside_job WHERE state IN ('asking', 'open') \
               AND next_at_us <= $2 ORDER BY next_at_us, delivery_id LIMIT 1) AND next_at_us <= $2 \
               RETURNING delivery_id, state";
    let Some(found) = row(conn, sql, vec![again_at.0.into(), now.0.into()]).await? else { return Ok(None) };
    let word: String = found.try_get("", "state")?;
    let state = if word == JobState::Open.word() { JobState::Open } else { JobState::Asking };
    Ok(Some((found.try_get("", "delivery_id")?, state)))
}

/// Moves a job on and looks at it again at `next_at`.
pub async fn set(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    state: JobState,
    job_no: &str,
    next_at: Timestamp,
) -> Result<(), DbFault> {
    let sql = "UPDATE outside_job SET state = $1, next_at_us = $2, \
               job_no = CASE WHEN $3 = '' THEN job_no ELSE $3 END WHERE delivery_id = $4";
    run(conn, sql, vec![state.word().into(), next_at.0.into(), job_no.into(), delivery_id.into()]).await?;
    Ok(())
}
