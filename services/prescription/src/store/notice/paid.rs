//! What was paid for orders, until their goods were handed out.

use liufang_kernel::{Fen, Timestamp};
use sea_orm::ConnectionTrait;

use super::{run, statement};
use crate::domain::notice::Paid;
use crate::store::StoreError;

/// Notes it once.
pub async fn note_paid(
    conn: &impl ConnectionTrait,
    order_id: &str,
    paid: &Paid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO paid_order (order_id, setl_id, fund_fen, account_fen, relatives_fen, cash_fen, paid_at_us, \
               noted_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (order_id) DO NOTHING";
    let values = [
        order_id.into(),
        paid.setl_id.as_str().into(),
        paid.fund.0.into(),
        paid.account.0.into(),
        paid.relatives.0.into(),
        paid.cash.0.into(),
        paid.at.0.into(),
        now.0.into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}

pub async fn paid(conn: &impl ConnectionTrait, order_id: &str) -> Result<Option<Paid>, StoreError> {
    let sql = "SELECT setl_id, fund_fen, account_fen, relatives_fen, cash_fen, paid_at_us FROM paid_order \
               WHERE order_id = $1";
    let Some(row) = conn.query_one_raw(statement(conn, sql, [order_id.into()])).await? else {
        return Ok(None);
    };
    Ok(Some(Paid {
        setl_id: row.try_get("", "setl_id")?,
        fund: Fen(row.try_get("", "fund_fen")?),
        account: Fen(row.try_get("", "account_fen")?),
        relatives: Fen(row.try_get("", "relatives_fen")?),
        cash: Fen(row.try_get("", "cash_fen")?),
        at: Timestamp(row.try_get("", "paid_at_us")?),
    }))
}

/// Forgets what was noted before `before`, at most 500.
pub async fn forget_paid(conn: &impl ConnectionTrait, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM paid_order WHERE order_id IN (SELECT order_id FROM paid_order WHERE noted_at_us < $1 \
               ORDER BY noted_at_us LIMIT 500)";
    run(conn, sql, [before.0.into()]).await
}
