//! Notices on their way to the merchant: due, sent, or given up.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, run};

/// A notice to send.
pub struct Notice {
    pub row_id: String,
    pub channel: i32,
    pub body: Vec<u8>,
    pub signature: String,
    pub attempts: i32,
}

/// Queues a notice.
pub async fn insert(conn: &impl ConnectionTrait, notice: Notice, at: Timestamp) -> Result<(), DbFault> {
    run(
        conn,
        "INSERT INTO channel_notice (row_id, channel, body, signature, state, attempts, next_at_us) \
         VALUES ($1, $2, $3, $4, 'due', 0, $5)",
        vec![
            notice.row_id.into(),
            notice.channel.into(),
            notice.body.into(),
            notice.signature.into(),
            at.0.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Takes the next due notice and moves its next attempt to `again_at`, so that nobody else sends it meanwhile.
pub async fn take(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    again_at: Timestamp,
) -> Result<Option<Notice>, DbFault> {
    let sql = "UPDATE channel_notice SET attempts = attempts + 1, next_at_us = $1 \
               WHERE row_id = (SELECT row_id FROM channel_notice WHERE state = 'due' AND next_at_us <= $2 \
               ORDER BY next_at_us, row_id LIMIT 1) AND state = 'due' AND next_at_us <= $2 \
               RETURNING row_id, channel, body, signature, attempts";
    let Some(found) = row(conn, sql, vec![again_at.0.into(), now.0.into()]).await? else { return Ok(None) };
    Ok(Some(Notice {
        row_id: found.try_get("", "row_id")?,
        channel: found.try_get("", "channel")?,
        body: found.try_get("", "body")?,
        signature: found.try_get("", "signature")?,
        attempts: found.try_get("", "attempts")?,
    }))
}

/// Puts a notice off until `at`.
pub async fn put_off(conn: &impl ConnectionTrait, row_id: &str, at: Timestamp) -> Result<(), DbFault> {
    let sql = "UPDATE channel_notice SET next_at_us = $1 WHERE row_id = $2";
    run(conn, sql, vec![at.0.into(), row_id.into()]).await?;
    Ok(())
}

/// Ends a notice: `sent` or `refused`.
pub async fn end(conn: &impl ConnectionTrait, row_id: &str, state: &str) -> Result<(), DbFault> {
    run(conn, "UPDATE channel_notice SET state = $1 WHERE row_id = $2", vec![state.into(), row_id.into()])
        .await?;
    Ok(())
}
