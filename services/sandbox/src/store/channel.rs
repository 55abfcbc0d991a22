//! The channel's payments and refunds.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{row, rows, run};
use crate::domain::channel::{Payment, State};

const COLUMNS: &str = "channel, channel_order_no, channel_trade_no, amount_fen, refunded_fen, state";

fn payment(row: &QueryResult) -> Result<Payment, DbFault> {
    let word: String = row.try_get("", "state")?;
    Ok(Payment {
        channel: row.try_get("", "channel")?,
        channel_order_no: row.try_get("", "channel_order_no")?,
        channel_trade_no: row.try_get("", "channel_trade_no")?,
        amount: Fen(row.try_get("", "amount_fen")?),
        refunded: Fen(row.try_get("", "refunded_fen")?),
        // only this file writes the column
        state: State::from_word(&word).unwrap_or(State::Refused),
    })
}

/// One payment by the merchant's number.
pub async fn find(conn: &impl ConnectionTrait, channel_order_no: &str) -> Result<Option<Payment>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM channel_payment WHERE channel_order_no = $1");
    row(conn, &sql, vec![channel_order_no.into()]).await?.as_ref().map(payment).transpose()
}

/// Payments by time; an empty number means all, at most 1000.
pub async fn list(conn: &impl ConnectionTrait, channel_order_no: &str) -> Result<Vec<Payment>, DbFault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM channel_payment WHERE $1 = '' OR channel_order_no = $1 \
         ORDER BY created_at_us, channel_order_no LIMIT 1000"
    );
    rows(conn, &sql, vec![channel_order_no.into()]).await?.iter().map(payment).collect()
}

/// What else is written of a new payment.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    pub freight: Fen,
    pub fixmedins_code: &'a str,
    pub at: Timestamp,
}

/// Writes a new payment; false when its number was taken meanwhile.
pub async fn insert(conn: &impl ConnectionTrait, payment: &Payment, new: New<'_>) -> Result<bool, DbFault> {
    let paid_at = if payment.state == State::Paid { new.at.0 } else { 0 };
    let touched = run(
        conn,
        "INSERT INTO channel_payment (channel_order_no, channel, channel_trade_no, amount_fen, freight_fen, \
         refunded_fen, state, created_at_us, paid_at_us, fixmedins_code) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (channel_order_no) DO NOTHING",
        vec![
            payment.channel_order_no.as_str().into(),
            payment.channel.into(),
            payment.channel_trade_no.as_str().into(),
            payment.amount.0.into(),
            new.freight.0.into(),
            payment.refunded.0.into(),
            payment.state.word().into(),
            new.at.0.into(),
            paid_at.into(),
            new.fixmedins_code.into(),
        ],
    )
    .await?;
    Ok(touched == 1)
}

/// Moves a payment from `before` to `after` at `at`; false when somebody else moved it first.
pub async fn replace(
    conn: &impl ConnectionTrait,
    before: &Payment,
    after: &Payment,
    at: Timestamp,
) -> Result<bool, DbFault> {
    let pays = before.state != State::Paid && after.state == State::Paid;
    let paid_at = if pays { at.0 } else { 0 };
    let touched = run(
        conn,
        "UPDATE channel_payment SET state = $1, refunded_fen = $2, \
         paid_at_us = CASE WHEN $6 > 0 THEN $6 ELSE paid_at_us END \
         WHERE channel_order_no = $3 AND state = $4 AND refunded_fen = $5",
        vec![
            after.state.word().into(),
            after.refunded.0.into(),
            before.channel_order_no.as_str().into(),
            before.state.word().into(),
            before.refunded.0.into(),
            paid_at.into(),
        ],
    )
    .await?;
    Ok(touched == 1)
}

/// A known refund: its payment and amount.
pub async fn find_refund(
    conn: &impl ConnectionTrait,
    refund_no: &str,
) -> Result<Option<(String, Fen)>, DbFault> {
    let sql = "SELECT channel_order_no, amount_fen FROM channel_refund WHERE refund_no = $1";
    let Some(found) = row(conn, sql, vec![refund_no.into()]).await? else { return Ok(None) };
    Ok(Some((found.try_get("", "channel_order_no")?, Fen(found.try_get("", "amount_fen")?))))
}

/// Writes a refund.
pub async fn insert_refund(
    conn: &impl ConnectionTrait,
    refund_no: &str,
    channel_order_no: &str,
    amount: Fen,
    at: Timestamp,
) -> Result<(), DbFault> {
    run(
        conn,
        "INSERT INTO channel_refund (refund_no, channel_order_no, amount_fen, created_at_us) VALUES ($1, $2, $3, $4)",
        vec![refund_no.into(), channel_order_no.into(), amount.0.into(), at.0.into()],
    )
    .await?;
    Ok(())
}
