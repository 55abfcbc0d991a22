//! Refunds.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, run};
use crate::domain::{Refund, RefundState};
use crate::error::ChannelError;

pub async fn find(conn: &impl ConnectionTrait, refund_no: &str) -> Result<Option<Refund>, ChannelError> {
    let sql =
        "SELECT refund_no, channel_order_no, amount_fen, state FROM channel_refund WHERE refund_no = $1";
    let Some(row) = row(conn, sql, vec![refund_no.into()]).await? else { return Ok(None) };
    let word: String = row.try_get("", "state").map_err(DbFault::from)?;
    Ok(Some(Refund {
        refund_no: row.try_get("", "refund_no").map_err(DbFault::from)?,
        channel_order_no: row.try_get("", "channel_order_no").map_err(DbFault::from)?,
        amount: Fen(row.try_get("", "amount_fen").map_err(DbFault::from)?),
        state: RefundState::from_word(&word).ok_or(ChannelError::Stored("refund state"))?,
    }))
}

/// Writes what will be asked; false when the number was taken meanwhile.
pub async fn insert(
    conn: &impl ConnectionTrait,
    refund: &Refund,
    now: Timestamp,
) -> Result<bool, ChannelError> {
    let touched = run(
        conn,
        "INSERT INTO channel_refund (refund_no, channel_order_no, amount_fen, state, created_at_us) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (refund_no) DO NOTHING",
        vec![
            refund.refund_no.as_str().into(),
            refund.channel_order_no.as_str().into(),
            refund.amount.0.into(),
            refund.state.word().into(),
            now.0.into(),
        ],
    )
    .await?;
    Ok(touched == 1)
}

/// Writes what the channel said; what is done stays done.
pub async fn learn(
    conn: &impl ConnectionTrait,
    refund_no: &str,
    state: RefundState,
) -> Result<(), ChannelError> {
    let sql = "UPDATE channel_refund SET state = $1 WHERE refund_no = $2 AND state <> 'accepted'";
    run(conn, sql, vec![state.word().into(), refund_no.into()]).await?;
    Ok(())
}

/// What went back of an order.
pub async fn returned(conn: &impl ConnectionTrait, channel_order_no: &str) -> Result<Fen, ChannelError> {
    let sql = "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS back FROM channel_refund \
               WHERE channel_order_no = $1 AND state = 'accepted'";
    let back = row(conn, sql, vec![channel_order_no.into()]).await?;
    let back: Option<i64> = back.map(|row| row.try_get("", "back")).transpose().map_err(DbFault::from)?;
    Ok(Fen(back.unwrap_or_default()))
}
