//! Text messages the carrier took.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{rows, run};

/// Notes a message once per request id.
pub async fn insert(
    conn: &impl ConnectionTrait,
    request_id: &str,
    phone_index: String,
    text_sealed: String,
    at: Timestamp,
) -> Result<(), DbFault> {
    run(
        conn,
        "INSERT INTO message (request_id, phone_index, text_sealed, at_us) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (request_id) DO NOTHING",
        vec![request_id.into(), phone_index.into(), text_sealed.into(), at.0.into()],
    )
    .await?;
    Ok(())
}

/// The sealed texts for a phone, newest first, at most 50.
pub async fn of_phone(conn: &impl ConnectionTrait, phone_index: String) -> Result<Vec<String>, DbFault> {
    let found = rows(
        conn,
        "SELECT text_sealed FROM message WHERE phone_index = $1 ORDER BY at_us DESC, request_id DESC LIMIT 50",
        vec![phone_index.into()],
    )
    .await?;
    found.iter().map(|row| Ok(row.try_get("", "text_sealed")?)).collect()
}
