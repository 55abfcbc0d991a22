//! Quotes.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{Rows, among, words};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Deserialize;

use super::{exec, one, statement};
use crate::domain::quote::Quote;
use crate::error::SettlementError;

pub(super) const BODY: &str = "settlement.quote.body";

/// Stores quotes, each with the time it was made.
pub fn storing(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    quotes: &[(Quote, Timestamp)],
) -> Result<Option<Part>, SettlementError> {
    let columns =
        ["quote_id", "order_id", "person_id", "sealed_body", "payment_id", "expires_at_us", "created_at_us"];
    let mut rows = Rows::new(&columns);
    for (quote, now) in quotes {
        let body = serde_json::to_string(quote).map_err(|_| SettlementError::Stored("quote"))?;
        rows.push([
            quote.quote_id.clone().into(),
            quote.order_id.clone().into(),
            quote.person_id.clone().into(),
            cipher.seal(BODY, &body).into(),
            // by what it was used, for replicas of the release before; `payment` knows
            "".into(),
            quote.expires_at.0.into(),
            now.0.into(),
        ]);
    }
    Ok(rows.inserted(conn, "quote", "")?)
}

pub async fn find(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    quote_id: &str,
) -> Result<Option<Quote>, SettlementError> {
    let sql = "SELECT sealed_body FROM quote WHERE quote_id = $1";
    let Some(row) = one(conn, sql, [quote_id.into()]).await? else { return Ok(None) };
    let sealed: String = row.try_get("", "sealed_body")?;
    let body = cipher.open(BODY, &sealed)?;
    serde_json::from_str(&body).map(Some).map_err(|_| SettlementError::Stored("quote"))
}

/// By which payment a quote was used; empty for one that is free.
#[derive(Deserialize, FromQueryResult)]
pub struct User {
    pub quote_id: String,
    pub payment_id: String,
}

/// By which payments these quotes were used; the rows are [`User`], none for a quote that is not there. A quote has one payment
/// at most: `payment` holds it to that.
pub fn users(conn: &impl ConnectionTrait, quotes: &[&str]) -> Option<Part> {
    if quotes.is_empty() {
        return None;
    }
    let sql = format!(
        "SELECT quote.quote_id, COALESCE(payment.payment_id, '') AS payment_id FROM quote \
         LEFT JOIN payment ON payment.quote_id = quote.quote_id WHERE quote.quote_id {}",
        among(conn, 1)
    );
    Some(Part::rows(statement(conn, &sql, [words(conn, quotes.iter().copied())])))
}

/// Writes a quote that is captured with less.
pub async fn replace(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    quote: &Quote,
) -> Result<(), SettlementError> {
    let body = serde_json::to_string(quote).map_err(|_| SettlementError::Stored("quote"))?;
    let sql = "UPDATE quote SET sealed_body = $1 WHERE quote_id = $2";
    match exec(conn, sql, [cipher.seal(BODY, &body).into(), quote.quote_id.clone().into()]).await? {
        1 => Ok(()),
        _ => Err(SettlementError::Stored("quote of a payment")),
    }
}
