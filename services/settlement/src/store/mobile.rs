//! Orders at the mobile-payment centre, by our number of them.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::{exec, one};
use crate::error::SettlementError;

pub(super) const SECRET: &str = "settlement.mobile_order.secret";

/// What a call about the order must show; nothing once the order has ended.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Secret {
    pub pay_token: String,
    pub pay_auth_no: String,
}

/// An order.
#[derive(Clone)]
pub struct Order {
    /// The centre's number; empty until it has told one.
    pub pay_ord_id: String,
    pub secret: Secret,
}

/// An order as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Centre {
    pub pay_ord_id: String,
    /// The centre's last word about it; `None` before the first.
    pub ord_stas: Option<i32>,
}

pub async fn find(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    med_org_ord: &str,
) -> Result<Option<Order>, SettlementError> {
    let sql = "SELECT pay_ord_id, secret_sealed FROM mobile_order WHERE med_org_ord = $1";
    let Some(row) = one(conn, sql, [med_org_ord.into()]).await? else { return Ok(None) };
    let sealed: String = row.try_get("", "secret_sealed")?;
    Ok(Some(Order { pay_ord_id: row.try_get("", "pay_ord_id")?, secret: open(cipher, &sealed)? }))
}

/// Whose order it is.
pub async fn payment_of(
    conn: &impl ConnectionTrait,
    med_org_ord: &str,
) -> Result<Option<String>, SettlementError> {
    let sql = "SELECT payment_id FROM mobile_order WHERE med_org_ord = $1";
    let row = one(conn, sql, [med_org_ord.into()]).await?;
    Ok(row.map(|row| row.try_get("", "payment_id")).transpose()?)
}

/// Secret of the payment's order that stands, or is being given back.
pub async fn standing_secret(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    payment_id: &str,
) -> Result<Option<Secret>, SettlementError> {
    let sql = "SELECT secret_sealed FROM mobile_order WHERE payment_id = $1 AND secret_sealed <> '' \
               ORDER BY made_at_us DESC, med_org_ord DESC LIMIT 1";
    let Some(row) = one(conn, sql, [payment_id.into()]).await? else { return Ok(None) };
    let sealed: String = row.try_get("", "secret_sealed")?;
    open(cipher, &sealed).map(Some)
}

/// What the centre last said about the order.
pub async fn centre(
    conn: &impl ConnectionTrait,
    med_org_ord: &str,
) -> Result<Option<Centre>, SettlementError> {
    let sql = "SELECT pay_ord_id, ord_stas FROM mobile_order WHERE med_org_ord = $1";
    let Some(row) = one(conn, sql, [med_org_ord.into()]).await? else { return Ok(None) };
    Ok(Some(Centre {
        pay_ord_id: row.try_get("", "pay_ord_id")?,
        ord_stas: code(row.try_get("", "ord_stas")?)?,
    }))
}

/// Notes that an order is about to be made (6201).
pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    med_org_ord: &str,
    payment_id: &str,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO mobile_order (med_org_ord, payment_id, pay_ord_id, secret_sealed, made_at_us, told_at_us) \
               VALUES ($1, $2, '', $3, $4, 0) ON CONFLICT (med_org_ord) DO NOTHING";
    let values = [med_org_ord.into(), payment_id.into(), seal(cipher, secret)?.into(), now.0.into()];
    exec(conn, sql, values).await?;
    Ok(())
}

/// Keeps the numbers that the centre gave it, unless the order has ended meanwhile.
pub async fn number(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    med_org_ord: &str,
    pay_ord_id: &str,
    secret: &Secret,
) -> Result<(), SettlementError> {
    let sql = "UPDATE mobile_order SET pay_ord_id = $1, secret_sealed = $2 \
               WHERE med_org_ord = $3 AND secret_sealed <> ''";
    exec(conn, sql, [pay_ord_id.into(), seal(cipher, secret)?.into(), med_org_ord.into()]).await?;
    Ok(())
}

/// Keeps what the centre said about it.
pub async fn told(
    conn: &impl ConnectionTrait,
    med_org_ord: &str,
    ord_stas: i32,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "UPDATE mobile_order SET ord_stas = $1, told_at_us = $2 WHERE med_org_ord = $3";
    exec(conn, sql, [i64::from(ord_stas).into(), now.0.into(), med_org_ord.into()]).await?;
    Ok(())
}

/// Forgets what calls about a payment's orders must show, except for the one that stands and may still be given back.
pub async fn forget(
    conn: &impl ConnectionTrait,
    payment_id: &str,
    standing: &str,
) -> Result<(), SettlementError> {
    let sql = "UPDATE mobile_order SET secret_sealed = '' WHERE payment_id = $1 AND med_org_ord <> $2";
    exec(conn, sql, [payment_id.into(), standing.into()]).await?;
    Ok(())
}

fn open(cipher: &Cipher, sealed: &str) -> Result<Secret, SettlementError> {
    if sealed.is_empty() {
        return Ok(Secret::default());
    }
    let text = cipher.open(SECRET, sealed)?;
    serde_json::from_str(&text).map_err(|_| SettlementError::Stored("order's secret"))
}

fn seal(cipher: &Cipher, secret: &Secret) -> Result<String, SettlementError> {
    let text = serde_json::to_string(secret).map_err(|_| SettlementError::Stored("order's secret"))?;
    Ok(cipher.seal(SECRET, &text))
}

fn code(stored: Option<i64>) -> Result<Option<i32>, SettlementError> {
    stored.map(|code| i32::try_from(code).map_err(|_| SettlementError::Stored("ordStas"))).transpose()
}
