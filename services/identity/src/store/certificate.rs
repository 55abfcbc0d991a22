//! Signing certificates, as they were registered.

use liufang_kernel::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder};

use crate::domain::authority::Standing;
use crate::domain::certificate::{Certificate, Revocation, RevocationReason};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub fingerprint: String,
    pub practitioner: String,
    pub serial: String,
    pub issuer: String,
    pub algorithm: String,
    pub signing_key: String,
    pub not_before_us: i64,
    pub not_after_us: i64,
    pub revoked_at_us: Option<i64>,
    pub revocation_reason: i32,
    pub certificate: String,
    pub registered_at_us: i64,
    pub chain: String,
}

/// A certificate as it was registered: what was read, and the texts it was read from.
pub struct Registered {
    pub own: Certificate,
    pub text: String,
    /// Authorities that came with it.
    pub chain: Vec<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A certificate by its fingerprint.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    fingerprint: &str,
) -> Result<Option<Registered>, IdentityError> {
    Entity::find_by_id(fingerprint).one(connection).await?.map(read).transpose()
}

/// Certificates of a practitioner.
pub async fn of_practitioner<C: ConnectionTrait>(
    connection: &C,
    code: &str,
) -> Result<Vec<Registered>, IdentityError> {
    let own = Entity::find().filter(Column::Practitioner.eq(code)).order_by_asc(Column::Fingerprint);
    own.all(connection).await?.into_iter().map(read).collect()
}

/// Whose the key is, when somebody has a certificate with it.
pub async fn owner_of_key<C: ConnectionTrait>(
    connection: &C,
    signing_key: &str,
) -> Result<Option<String>, IdentityError> {
    let row = Entity::find().filter(Column::SigningKey.eq(signing_key)).one(connection).await?;
    Ok(row.map(|row| row.practitioner))
}

/// Certificates with one of these serials, whoever issued them.
pub async fn with_serials<C: ConnectionTrait>(
    connection: &C,
    serials: &[String],
) -> Result<Vec<Registered>, IdentityError> {
    let mut found = Vec::new();
    for some in serials.chunks(500) {
        let rows = Entity::find().filter(Column::Serial.is_in(some)).order_by_asc(Column::Fingerprint);
        for row in rows.all(connection).await? {
            found.push(read(row)?);
        }
    }
    Ok(found)
}

/// Adds a certificate.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    registered: &Registered,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let own = &registered.own;
    let row = Model {
        fingerprint: own.fingerprint.clone(),
        practitioner: own.practitioner.clone(),
        serial: own.serial.clone(),
        issuer: own.issuer.clone(),
        algorithm: own.algorithm.clone(),
        signing_key: own.signing_key.clone(),
        not_before_us: own.not_before.0,
        not_after_us: own.not_after.0,
        revoked_at_us: None,
        revocation_reason: 0,
        certificate: registered.text.clone(),
        registered_at_us: now.0,
        chain: registered.chain.join(" "),
    };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Saves other authorities between.
pub async fn save_chain<C: ConnectionTrait>(
    connection: &C,
    fingerprint: &str,
    chain: &[String],
) -> Result<(), IdentityError> {
    let change = ActiveModel { chain: Set(chain.join(" ")), ..Default::default() };
    let own = Entity::update_many().set(change).filter(Column::Fingerprint.eq(fingerprint));
    own.exec(connection).await?;
    Ok(())
}

/// Saves the revocation.
pub async fn save_revocation<C: ConnectionTrait>(
    connection: &C,
    own: &Certificate,
) -> Result<(), IdentityError> {
    let change = ActiveModel {
        revoked_at_us: Set(own.revocation.map(|revocation| revocation.at.0)),
        revocation_reason: Set(own.revocation.map_or(0, |revocation| revocation.reason.code())),
        ..Default::default()
    };
    let own = Entity::update_many().set(change).filter(Column::Fingerprint.eq(&own.fingerprint));
    own.exec(connection).await?;
    Ok(())
}

fn read(row: Model) -> Result<Registered, IdentityError> {
    let revocation = match row.revoked_at_us {
        None => None,
        Some(at) => Some(Revocation {
            at: Timestamp(at),
            reason: super::stored(RevocationReason::from_code(row.revocation_reason))?,
        }),
    };
    let chain = row.chain.split_whitespace().map(str::to_owned).collect();
    let own = Certificate {
        fingerprint: row.fingerprint,
        practitioner: row.practitioner,
        serial: row.serial,
        issuer: row.issuer,
        algorithm: row.algorithm,
        signing_key: row.signing_key,
        not_before: Timestamp(row.not_before_us),
        not_after: Timestamp(row.not_after_us),
        revocation,
        standing: Standing::default(),
    };
    Ok(Registered { own, text: row.certificate, chain })
}
