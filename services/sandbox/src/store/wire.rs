//! Payments that came in a channel's own format.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, run};

/// Whose payment, and where notices of it go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wired {
    /// mchid, or seller_id.
    pub merchant: String,
    /// appid, or app_id.
    pub app: String,
    pub notify_url: String,
}

pub async fn insert(
    conn: &impl ConnectionTrait,
    channel_order_no: &str,
    wired: &Wired,
    at: Timestamp,
) -> Result<(), DbFault> {
    let sql = "INSERT INTO channel_wire (channel_order_no, merchant, app, notify_url, created_at_us) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel_order_no) DO NOTHING";
    let Wired { merchant, app, notify_url } = wired;
    let values = vec![
        channel_order_no.into(),
        merchant.as_str().into(),
        app.as_str().into(),
        notify_url.as_str().into(),
        at.0.into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}

pub async fn find(conn: &impl ConnectionTrait, channel_order_no: &str) -> Result<Option<Wired>, DbFault> {
    let sql = "SELECT merchant, app, notify_url FROM channel_wire WHERE channel_order_no = $1";
    let Some(row) = row(conn, sql, vec![channel_order_no.into()]).await? else { return Ok(None) };
    Ok(Some(Wired {
        merchant: row.try_get("", "merchant")?,
        app: row.try_get("", "app")?,
        notify_url: row.try_get("", "notify_url")?,
    }))
}
