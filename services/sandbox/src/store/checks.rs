//! Checks that were answered with "still at work".

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{rows, run};

/// Notes a check once per request id.
pub async fn insert(
    conn: &impl ConnectionTrait,
    request_id: &str,
    serial: &str,
    ends_at: Timestamp,
) -> Result<(), DbFault> {
    run(
        conn,
        "INSERT INTO pending_check (request_id, proof_serial, ends_at_us) VALUES ($1, $2, $3) \
         ON CONFLICT (request_id) DO NOTHING",
        vec![request_id.into(), serial.into(), ends_at.0.into()],
    )
    .await?;
    Ok(())
}

/// Its serial, and when it ends.
pub async fn find(
    conn: &impl ConnectionTrait,
    request_id: &str,
) -> Result<Option<(String, Timestamp)>, DbFault> {
    let sql = "SELECT proof_serial, ends_at_us FROM pending_check WHERE request_id = $1";
    let found = rows(conn, sql, vec![request_id.into()]).await?;
    let read = |row: &sea_orm::QueryResult| -> Result<(String, Timestamp), DbFault> {
        Ok((row.try_get("", "proof_serial")?, Timestamp(row.try_get("", "ends_at_us")?)))
    };
    found.first().map(read).transpose()
}
