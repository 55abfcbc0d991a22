//! Payments that ended without cash and whose channel is asked once more.

use liufang_kernel::Timestamp;
use sea_orm::ConnectionTrait;

use super::{all, exec};
use crate::error::SettlementError;

/// Asks about a payment at `at`, whatever was planned before.
pub async fn plan(
    conn: &impl ConnectionTrait,
    payment_id: &str,
    looks: i32,
    at: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO late_look (payment_id, looks, look_at_us) VALUES ($1, $2, $3) \
               ON CONFLICT (payment_id) DO UPDATE SET looks = excluded.looks, look_at_us = excluded.look_at_us";
    exec(conn, sql, [payment_id.into(), looks.into(), at.0.into()]).await?;
    Ok(())
}

/// Payments to ask about now, with how often they were asked about: of each channel those that have waited longest.
pub async fn due(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    a_channel: i64,
) -> Result<Vec<(String, i32)>, SettlementError> {
    // the channel by a question of each payment: a join may walk over all of them
    let sql = "SELECT payment_id, looks FROM (SELECT payment_id, looks, look_at_us, ROW_NUMBER() OVER \
               (PARTITION BY channel ORDER BY look_at_us, payment_id) AS place FROM \
               (SELECT l.payment_id, l.looks, l.look_at_us, \
               (SELECT p.channel FROM payment p WHERE p.payment_id = l.payment_id) AS channel \
               FROM late_look l WHERE l.look_at_us <= $1) AS waiting) AS due \
               WHERE place <= $2 ORDER BY look_at_us, payment_id";
    let rows = all(conn, sql, [now.0.into(), a_channel.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get("", "payment_id")?, row.try_get("", "looks")?))).collect()
}

/// Nothing more is asked.
pub async fn end(conn: &impl ConnectionTrait, payment_id: &str) -> Result<(), SettlementError> {
    exec(conn, "DELETE FROM late_look WHERE payment_id = $1", [payment_id.into()]).await?;
    Ok(())
}
