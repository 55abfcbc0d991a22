//! Verification sessions and lock-outs. A session changes only under its version.

use liufang_kernel::document::Document;
use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::DbFault;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use super::vault::{Column as Sealed, Vault};
use crate::domain::phone_code::PhoneCode;
use crate::domain::verification::{Progress, Purpose, Session};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub verification_id: String,
    pub purpose: i32,
    pub platform: String,
    pub person_id: String,
    pub name_sealed: String,
    pub certno_sealed: String,
    /// `psn_cert_type`.
    pub cert_type: String,
    pub certno_blind: String,
    pub phone_sealed: String,
    pub phone_blind: String,
    pub steps: String,
    pub code_hash: String,
    pub code_sent_at_us: i64,
    pub code_delivered: bool,
    pub expires_at_us: i64,
    pub locked_until_us: Option<i64>,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A session with its person.
#[derive(Clone, Debug)]
pub struct Verification {
    pub verification_id: String,
    pub session: Session,
    /// Purchase platform that opened it; empty for the person's own app.
    pub platform: String,
    /// Known once the ID number passed.
    pub person_id: Option<String>,
    pub name: Sensitive<String>,
    pub document: Document,
    pub phone: Sensitive<String>,
    pub code: Option<PhoneCode>,
    /// Guards every change.
    pub version: i64,
}

/// A session by its id.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    verification_id: &str,
) -> Result<Option<Verification>, IdentityError> {
    let row = Entity::find_by_id(verification_id).one(connection).await?;
    row.map(|row| read(vault, row)).transpose()
}

/// Adds a session.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    verification: &Verification,
) -> Result<(), IdentityError> {
    Entity::insert(write(vault, verification)?.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Saves what may change: person, steps, code, lock. Loses the race when somebody else saved since it was read.
pub async fn update<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    verification: &mut Verification,
) -> Result<(), IdentityError> {
    let row = write(vault, verification)?;
    let change = ActiveModel {
        person_id: Set(row.person_id),
        steps: Set(row.steps),
        code_hash: Set(row.code_hash),
        code_sent_at_us: Set(row.code_sent_at_us),
        code_delivered: Set(row.code_delivered),
        locked_until_us: Set(row.locked_until_us),
        version: Set(row.version + 1),
        ..Default::default()
    };
    let updated = Entity::update_many()
        .set(change)
        .filter(Column::VerificationId.eq(row.verification_id))
        .filter(Column::Version.eq(row.version))
        .exec(connection)
        .await?;
    if updated.rows_affected != 1 {
        return Err(DbFault::LostRace.into());
    }
    if let Some(until) = verification.session.locked_until {
        lock(connection, &row.certno_blind, until).await?;
    }
    verification.version += 1;
    Ok(())
}

/// Locks an ID number out of new sessions.
pub async fn lock<C: ConnectionTrait>(
    connection: &C,
    certno_blind: &str,
    until: Timestamp,
) -> Result<(), IdentityError> {
    let sql = "INSERT INTO verification_lock (certno_blind, locked_until_us) VALUES ($1, $2) \
               ON CONFLICT (certno_blind) DO UPDATE SET locked_until_us = excluded.locked_until_us";
    super::run(connection, sql, [certno_blind.into(), until.0.into()]).await?;
    Ok(())
}

/// When the lock-out of an ID number ends, if it is locked now.
pub async fn locked_until<C: ConnectionTrait>(
    connection: &C,
    certno_blind: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, IdentityError> {
    let sql =
        "SELECT locked_until_us FROM verification_lock WHERE certno_blind = $1 AND locked_until_us > $2";
    let statement = sea_orm::Statement::from_sql_and_values(
        connection.get_database_backend(),
        sql,
        [certno_blind.into(), now.0.into()],
    );
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "locked_until_us")).transpose()?.map(Timestamp))
}

/// Forgets sessions that ended before `before`, with the personal data in them, and lock-outs that are over.
pub async fn forget<C: ConnectionTrait>(connection: &C, before: Timestamp) -> Result<u64, IdentityError> {
    let gone = super::run(connection, "DELETE FROM verification WHERE expires_at_us < $1", [before.0.into()])
        .await?;
    let free = "DELETE FROM verification_lock WHERE locked_until_us < $1";
    Ok(gone + super::run(connection, free, [before.0.into()]).await?)
}

fn write(vault: &Vault, own: &Verification) -> Result<Model, IdentityError> {
    let code = own.code.as_ref();
    Ok(Model {
        verification_id: own.verification_id.clone(),
        purpose: own.session.purpose.code(),
        platform: own.platform.clone(),
        person_id: own.person_id.clone().unwrap_or_default(),
        name_sealed: vault.seal(Sealed::Name, own.name.reveal()),
        certno_sealed: vault.seal(Sealed::Certno, own.document.reveal()),
        cert_type: own.document.kind().code().to_owned(),
        certno_blind: vault.document_blind(&own.document),
        phone_sealed: vault.seal(Sealed::Phone, own.phone.reveal()),
        phone_blind: vault.phone_blind(own.phone.reveal()),
        steps: serde_json::to_string(&own.session.steps).map_err(|_| IdentityError::Stored("steps"))?,
        code_hash: code.map(|code| code.hash.clone()).unwrap_or_default(),
        code_sent_at_us: code.map_or(0, |code| code.sent_at.0),
        code_delivered: code.is_some_and(|code| code.delivered),
        expires_at_us: own.session.expires_at.0,
        locked_until_us: own.session.locked_until.map(|until| until.0),
        version: own.version,
    })
}

fn read(vault: &Vault, row: Model) -> Result<Verification, IdentityError> {
    let steps: Vec<Progress> =
        serde_json::from_str(&row.steps).map_err(|_| IdentityError::Stored("steps"))?;
    let code = (!row.code_hash.is_empty()).then(|| PhoneCode {
        hash: row.code_hash.clone(),
        sent_at: Timestamp(row.code_sent_at_us),
        delivered: row.code_delivered,
    });
    let certno = vault.open(Sealed::Certno, &row.certno_sealed)?;
    let document =
        Document::stored(&row.cert_type, certno.reveal()).ok_or(IdentityError::Stored("certno"))?;
    Ok(Verification {
        session: Session {
            purpose: super::stored(Purpose::from_code(row.purpose))?,
            steps,
            expires_at: Timestamp(row.expires_at_us),
            locked_until: row.locked_until_us.map(Timestamp),
        },
        person_id: (!row.person_id.is_empty()).then_some(row.person_id),
        name: vault.open(Sealed::Name, &row.name_sealed)?,
        document,
        phone: vault.open(Sealed::Phone, &row.phone_sealed)?,
        code,
        verification_id: row.verification_id,
        platform: row.platform,
        version: row.version,
    })
}
