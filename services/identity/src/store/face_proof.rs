//! Face passes: dated, used once. No personal data beside the sealed serial of the provider.

use liufang_kernel::Timestamp;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use super::vault::{Column as Sealed, Vault};
use crate::domain::face_proof::FaceProof;
use crate::domain::verification::Purpose;
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "face_proof")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub verification_id: String,
    pub person_id: String,
    pub purpose: i32,
    pub serial_sealed: String,
    pub passed_at_us: i64,
    pub valid_until_us: i64,
    pub used_at_us: Option<i64>,
    pub used_for: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Keeps a pass.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    verification_id: &str,
    proof: &FaceProof,
    serial: &str,
) -> Result<(), IdentityError> {
    let row = Model {
        verification_id: verification_id.to_owned(),
        person_id: proof.person_id.clone(),
        purpose: proof.purpose.code(),
        serial_sealed: vault.seal(Sealed::ProofSerial, serial),
        passed_at_us: proof.passed_at.0,
        valid_until_us: proof.valid_until.0,
        used_at_us: None,
        used_for: String::new(),
    };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The pass of a session.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    verification_id: &str,
) -> Result<Option<FaceProof>, IdentityError> {
    let Some(row) = Entity::find_by_id(verification_id).one(connection).await? else { return Ok(None) };
    Ok(Some(FaceProof {
        person_id: row.person_id,
        purpose: super::stored(Purpose::from_code(row.purpose))?,
        passed_at: Timestamp(row.passed_at_us),
        valid_until: Timestamp(row.valid_until_us),
        used_at: row.used_at_us.map(Timestamp),
    }))
}

/// Uses the pass; the second of two users is refused.
pub async fn consume<C: ConnectionTrait>(
    connection: &C,
    verification_id: &str,
    used_for: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let sql = "UPDATE face_proof SET used_at_us = $1, used_for = $2 WHERE verification_id = $3 AND used_at_us IS NULL";
    let used = super::run(connection, sql, [now.0.into(), used_for.into(), verification_id.into()]).await?;
    if used == 1 { Ok(()) } else { Err(IdentityError::VerificationUsed) }
}
