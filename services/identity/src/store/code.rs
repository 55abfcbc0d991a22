//! Insurance codes and the proofs of presence they turn into; both are kept as keyed hashes.

use liufang_kernel::Timestamp;
use sea_orm::Statement;
use sea_orm::entity::prelude::*;

use crate::error::IdentityError;

/// A proof of presence.
pub struct Presence<'a> {
    pub token_hash: String,
    pub person_id: &'a str,
    pub institution: &'a str,
    pub business_type: &'a str,
    pub expires_at: Timestamp,
}

/// Keeps a code.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    code_hash: &str,
    person_id: &str,
    expires_at: Timestamp,
) -> Result<(), IdentityError> {
    let sql = "INSERT INTO insurance_code (code_hash, person_id, expires_at_us) VALUES ($1, $2, $3)";
    super::run(connection, sql, [code_hash.into(), person_id.into(), expires_at.0.into()]).await?;
    Ok(())
}

/// Uses a code and says whose it was; `None` when it is unknown, used or expired.
pub async fn consume<C: ConnectionTrait>(
    connection: &C,
    code_hash: &str,
    now: Timestamp,
) -> Result<Option<String>, IdentityError> {
    let sql = "UPDATE insurance_code SET used_at_us = $1 \
               WHERE code_hash = $2 AND used_at_us IS NULL AND expires_at_us > $1";
    if super::run(connection, sql, [now.0.into(), code_hash.into()]).await? != 1 {
        return Ok(None);
    }
    let select = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT person_id FROM insurance_code WHERE code_hash = $1",
        [code_hash.into()],
    );
    let row = connection.query_one_raw(select).await?;
    Ok(row.map(|row| row.try_get("", "person_id")).transpose()?)
}

/// Keeps a proof of presence.
pub async fn insert_presence<C: ConnectionTrait>(
    connection: &C,
    presence: Presence<'_>,
) -> Result<(), IdentityError> {
    let sql = "INSERT INTO presence (token_hash, person_id, institution, business_type, expires_at_us) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = [
        presence.token_hash.into(),
        presence.person_id.into(),
        presence.institution.into(),
        presence.business_type.into(),
        presence.expires_at.0.into(),
    ];
    super::run(connection, sql, values).await?;
    Ok(())
}

/// Forgets codes and proofs that ended before `before`.
pub async fn forget<C: ConnectionTrait>(connection: &C, before: Timestamp) -> Result<u64, IdentityError> {
    let codes =
        super::run(connection, "DELETE FROM insurance_code WHERE expires_at_us < $1", [before.0.into()])
            .await?;
    Ok(codes
        + super::run(connection, "DELETE FROM presence WHERE expires_at_us < $1", [before.0.into()]).await?)
}

/// Spends a proof of presence at the counter it was made for; `None` when it is unknown, used, over or of another one.
pub async fn redeem<C: ConnectionTrait>(
    connection: &C,
    token_hash: &str,
    institution: &str,
    now: Timestamp,
) -> Result<Option<String>, IdentityError> {
    let sql = "UPDATE presence SET used_at_us = $1 \
               WHERE token_hash = $2 AND institution = $3 AND used_at_us IS NULL AND expires_at_us > $1 \
               RETURNING person_id";
    let values = [now.0.into(), token_hash.into(), institution.into()];
    let spend = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = connection.query_one_raw(spend).await?;
    Ok(row.map(|row| row.try_get("", "person_id")).transpose()?)
}
