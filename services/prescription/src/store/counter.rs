//! Tokens of the counter: a patient's QR, and what a pharmacy gets for a proof. Kept as keyed hashes.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::StoreError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shown by the patient; spent by the first pharmacy that reads it.
    Qr = 1,
    /// Held by the pharmacy; good as often as it has something to claim.
    Counter = 2,
}

/// A token to keep.
pub struct Token<'a> {
    pub hash: &'a str,
    pub kind: Kind,
    pub person_id: &'a str,
    /// Empty: everything the person has.
    pub hi_rxno: &'a str,
    /// Empty for a QR.
    pub pharmacy: &'a str,
    pub expires_at: Timestamp,
}

/// Whom and what a token opens.
pub struct Opened {
    pub person_id: String,
    /// Empty: everything the person has.
    pub hi_rxno: String,
}

fn statement<const N: usize>(conn: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

pub async fn insert(conn: &impl ConnectionTrait, token: &Token<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO counter_token (token_hash, kind, person_id, hi_rxno, pharmacy, expires_at_us, used_at_us) \
               VALUES ($1, $2, $3, $4, $5, $6, 0)";
    let values = [
        token.hash.into(),
        (token.kind as i32).into(),
        token.person_id.into(),
        token.hi_rxno.into(),
        token.pharmacy.into(),
        token.expires_at.0.into(),
    ];
    conn.execute_raw(statement(conn, sql, values)).await?;
    Ok(())
}

/// Voids the QRs of a prescription that nobody has read.
pub async fn void_qr(conn: &impl ConnectionTrait, hi_rxno: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE counter_token SET used_at_us = $1 WHERE hi_rxno = $2 AND kind = $3 AND used_at_us = 0";
    let values = [now.0.into(), hi_rxno.into(), (Kind::Qr as i32).into()];
    conn.execute_raw(statement(conn, sql, values)).await?;
    Ok(())
}

/// Whose QR it is, without reading it; `None` when it is unknown, read, voided or over.
pub async fn owner_of_qr(
    conn: &impl ConnectionTrait,
    hash: &str,
    now: Timestamp,
) -> Result<Option<Opened>, StoreError> {
    let sql = "SELECT person_id, hi_rxno FROM counter_token \
               WHERE token_hash = $1 AND kind = $2 AND used_at_us = 0 AND expires_at_us > $3";
    one(conn, statement(conn, sql, [hash.into(), (Kind::Qr as i32).into(), now.0.into()])).await
}

/// Reads a QR once; `None` when it is unknown, read, voided or over.
pub async fn spend_qr(
    conn: &impl ConnectionTrait,
    hash: &str,
    now: Timestamp,
) -> Result<Option<Opened>, StoreError> {
    let sql = "UPDATE counter_token SET used_at_us = $1 \
               WHERE token_hash = $2 AND kind = $3 AND used_at_us = 0 AND expires_at_us > $1 \
               RETURNING person_id, hi_rxno";
    let values = [now.0.into(), hash.into(), (Kind::Qr as i32).into()];
    one(conn, statement(conn, sql, values)).await
}

/// What a pharmacy's token opens; `None` when it is unknown, over or of another pharmacy.
pub async fn open(
    conn: &impl ConnectionTrait,
    hash: &str,
    pharmacy: &str,
    now: Timestamp,
) -> Result<Option<Opened>, StoreError> {
    let sql = "SELECT person_id, hi_rxno FROM counter_token \
               WHERE token_hash = $1 AND kind = $2 AND pharmacy = $3 AND expires_at_us > $4";
    let values = [hash.into(), (Kind::Counter as i32).into(), pharmacy.into(), now.0.into()];
    one(conn, statement(conn, sql, values)).await
}

async fn one(conn: &impl ConnectionTrait, statement: Statement) -> Result<Option<Opened>, StoreError> {
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some(Opened { person_id: row.try_get("", "person_id")?, hi_rxno: row.try_get("", "hi_rxno")? }))
}

/// Forgets tokens that were over before `before`; answers how many.
pub async fn forget(conn: &impl ConnectionTrait, before: Timestamp) -> Result<usize, StoreError> {
    let sql = "DELETE FROM counter_token WHERE expires_at_us < $1";
    let done = conn.execute_raw(statement(conn, sql, [before.0.into()])).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}
