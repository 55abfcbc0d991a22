//! Notices on their way to settlement: due, told, refused there, or given up.

use liufang_kernel::Timestamp;
use liufang_platform::{Cipher, DbFault};
use sea_orm::ConnectionTrait;

use super::sealed::NOTICE;
use super::{row, run};
use crate::error::ChannelError;

/// A notice as it was taken.
pub struct Notice {
    pub row_id: String,
    pub channel: String,
    pub notice_id: String,
    pub channel_order_no: String,
    /// `ChannelNotice` of the hook contract, serialised, in hexadecimal.
    pub body: String,
    pub attempts: i32,
    pub taken_at: Timestamp,
}

/// Takes a notice; false when it came before.
pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    notice: &Notice,
) -> Result<bool, ChannelError> {
    let touched = run(
        conn,
        "INSERT INTO notice (row_id, channel, notice_id, channel_order_no, body_sealed, state, attempts, next_at_us, \
         taken_at_us) VALUES ($1, $2, $3, $4, $5, 'due', 0, $6, $6) ON CONFLICT (channel, notice_id) DO NOTHING",
        vec![
            notice.row_id.as_str().into(),
            notice.channel.as_str().into(),
            notice.notice_id.as_str().into(),
            notice.channel_order_no.as_str().into(),
            cipher.seal(NOTICE, &notice.body).into(),
            notice.taken_at.0.into(),
        ],
    )
    .await?;
    Ok(touched == 1)
}

/// Takes the next due notice and moves its next attempt to `again_at`, so that nobody else tells it meanwhile.
pub async fn take(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    now: Timestamp,
    again_at: Timestamp,
) -> Result<Option<Notice>, ChannelError> {
    let sql = "UPDATE notice SET attempts = attempts + 1, next_at_us = $1 \
               WHERE row_id = (SELECT row_id FROM notice WHERE state = 'due' AND next_at_us <= $2 \
               ORDER BY next_at_us, row_id LIMIT 1) AND state = 'due' AND next_at_us <= $2 \
               RETURNING row_id, channel, notice_id, channel_order_no, body_sealed, attempts, taken_at_us";
    let Some(row) = row(conn, sql, vec![again_at.0.into(), now.0.into()]).await? else { return Ok(None) };
    let text = |column: &str| row.try_get::<String>("", column).map_err(DbFault::from);
    Ok(Some(Notice {
        row_id: text("row_id")?,
        channel: text("channel")?,
        notice_id: text("notice_id")?,
        channel_order_no: text("channel_order_no")?,
        body: cipher.open(NOTICE, &text("body_sealed")?)?,
        attempts: row.try_get("", "attempts").map_err(DbFault::from)?,
        taken_at: Timestamp(row.try_get("", "taken_at_us").map_err(DbFault::from)?),
    }))
}

/// Puts a notice off until `at`.
pub async fn put_off(conn: &impl ConnectionTrait, row_id: &str, at: Timestamp) -> Result<(), ChannelError> {
    let sql = "UPDATE notice SET next_at_us = $1 WHERE row_id = $2 AND state = 'due'";
    run(conn, sql, vec![at.0.into(), row_id.into()]).await?;
    Ok(())
}

/// Ends a notice: `told`, `refused` or `given_up`.
pub async fn end(conn: &impl ConnectionTrait, row_id: &str, state: &str) -> Result<(), ChannelError> {
    run(conn, "UPDATE notice SET state = $1 WHERE row_id = $2", vec![state.into(), row_id.into()]).await?;
    Ok(())
}
