//! Jobs of the outside courier company.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, run};
use crate::domain::job::State;

/// A job's number and state.
pub async fn find(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
) -> Result<Option<(String, State)>, DbFault> {
    let sql = "SELECT job_no, state FROM courier_job WHERE delivery_id = $1";
    let Some(found) = row(conn, sql, vec![delivery_id.into()]).await? else { return Ok(None) };
    let word: String = found.try_get("", "state")?;
    Ok(Some((found.try_get("", "job_no")?, State::from_word(&word).unwrap_or(State::Cancelled))))
}

/// Writes a job unless the delivery has one.
pub async fn insert(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    job_no: &str,
    at: Timestamp,
) -> Result<(), DbFault> {
    run(
        conn,
        "INSERT INTO courier_job (delivery_id, job_no, state, created_at_us) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (delivery_id) DO NOTHING",
        vec![delivery_id.into(), job_no.into(), State::Waiting.word().into(), at.0.into()],
    )
    .await?;
    Ok(())
}

pub async fn set_state(conn: &impl ConnectionTrait, delivery_id: &str, state: State) -> Result<(), DbFault> {
    let sql = "UPDATE courier_job SET state = $1 WHERE delivery_id = $2";
    run(conn, sql, vec![state.word().into(), delivery_id.into()]).await?;
    Ok(())
}
