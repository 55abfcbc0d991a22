//! Who pays the cash part at a channel, and what their app hands to it.

use liufang_platform::Cipher;
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{Rows, among, words};
use sea_orm::ConnectionTrait;

use super::{exec, one};
use crate::domain::payment::Payer;
use crate::error::SettlementError;

pub(super) const PAYER: &str = "settlement.channel_payer.payer";
pub(super) const PAY_PARAMS: &str = "settlement.channel_payer.pay_params";

/// Payers by payment.
pub fn noting(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    payers: &[(&str, &Payer)],
) -> Result<Option<Part>, SettlementError> {
    let mut rows = Rows::new(&["payment_id", "payer_sealed", "pay_params_sealed"]);
    for (payment_id, payer) in payers {
        let text = serde_json::to_string(payer).map_err(|_| SettlementError::Stored("payer"))?;
        let none = cipher.seal(PAY_PARAMS, "");
        rows.push([(*payment_id).into(), cipher.seal(PAYER, &text).into(), none.into()]);
    }
    Ok(rows.inserted(conn, "channel_payer", "")?)
}

/// The payer; nobody in particular where none was named.
pub async fn find(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    payment_id: &str,
) -> Result<Payer, SettlementError> {
    let sql = "SELECT payer_sealed FROM channel_payer WHERE payment_id = $1";
    let Some(row) = one(conn, sql, [payment_id.into()]).await? else { return Ok(Payer::default()) };
    let sealed: String = row.try_get("", "payer_sealed")?;
    let text = cipher.open(PAYER, &sealed)?;
    serde_json::from_str(&text).map_err(|_| SettlementError::Stored("payer"))
}

/// What the payer's app hands to the channel's; empty when there is nothing to hand over.
pub async fn pay_params(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    payment_id: &str,
) -> Result<String, SettlementError> {
    let sql = "SELECT pay_params_sealed FROM channel_payer WHERE payment_id = $1";
    let Some(row) = one(conn, sql, [payment_id.into()]).await? else { return Ok(String::new()) };
    let sealed: String = row.try_get("", "pay_params_sealed")?;
    Ok(cipher.open(PAY_PARAMS, &sealed)?)
}

pub async fn keep_pay_params(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    payment_id: &str,
    pay_params: &str,
) -> Result<(), SettlementError> {
    let sql = "UPDATE channel_payer SET pay_params_sealed = $1 WHERE payment_id = $2";
    exec(conn, sql, [cipher.seal(PAY_PARAMS, pay_params).into(), payment_id.into()]).await?;
    Ok(())
}

/// Forgets both.
pub async fn forget(conn: &impl ConnectionTrait, payment_id: &str) -> Result<(), SettlementError> {
    exec(conn, "DELETE FROM channel_payer WHERE payment_id = $1", [payment_id.into()]).await?;
    Ok(())
}

/// Forgets both, of several payments.
pub fn forgetting(conn: &impl ConnectionTrait, payments: &[&str]) -> Option<Part> {
    if payments.is_empty() {
        return None;
    }
    let sql = format!("DELETE FROM channel_payer WHERE payment_id {}", among(conn, 1));
    Some(Part::silent(super::statement(conn, &sql, [words(conn, payments.iter().copied())])))
}
