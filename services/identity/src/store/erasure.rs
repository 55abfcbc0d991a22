//! Erased persons, and what an erasure takes out of every table.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, Statement};

use crate::domain::erasure::Ground;
use crate::error::IdentityError;

/// One erasure.
pub struct Erasure {
    pub person_id: String,
    pub ground: Ground,
    pub case_no: String,
    pub asked_by: String,
    /// Of the caller; empty for the operator.
    pub region: String,
    pub at: Timestamp,
}

/// When a person was erased and for which region's caller.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
) -> Result<Option<(Timestamp, String)>, IdentityError> {
    let sql = "SELECT erased_at_us, region FROM erasure WHERE person_id = $1";
    let select = Statement::from_sql_and_values(connection.get_database_backend(), sql, [person_id.into()]);
    let Some(row) = connection.query_one_raw(select).await? else { return Ok(None) };
    Ok(Some((Timestamp(row.try_get("", "erased_at_us")?), row.try_get("", "region")?)))
}

/// Statements by person id.
const BY_PERSON: [&str; 6] = [
    "DELETE FROM insurance WHERE person_id = $1",
    "DELETE FROM verification WHERE person_id = $1",
    "DELETE FROM insurance_code WHERE person_id = $1",
    "DELETE FROM presence WHERE person_id = $1",
    "UPDATE face_proof SET serial_sealed = '' WHERE person_id = $1",
    "UPDATE guardianship SET evidence_no_sealed = '' WHERE guardian_person_id = $1 OR child_person_id = $1",
];
/// Statements by the index of the ID number.
const BY_NUMBER: [&str; 2] = [
    "DELETE FROM verification WHERE certno_blind = $1",
    "DELETE FROM verification_lock WHERE certno_blind = $1",
];

/// Takes the person out. Tries of verifications stay under the opaque id: a row that names no number any more.
pub async fn erase<C: ConnectionTrait>(
    connection: &C,
    certno_blind: &str,
    own: &Erasure,
) -> Result<(), IdentityError> {
    let person = own.person_id.as_str();
    let gone = "DELETE FROM person WHERE person_id = $1 AND certno_blind = $2";
    if super::run(connection, gone, [person.into(), certno_blind.into()]).await? != 1 {
        return Err(DbFault::LostRace.into());
    }
    for sql in BY_PERSON {
        super::run(connection, sql, [person.into()]).await?;
    }
    for sql in BY_NUMBER {
        super::run(connection, sql, [certno_blind.into()]).await?;
    }
    let tries = "UPDATE verification_event SET certno_blind = $1 WHERE certno_blind = $2";
    super::run(connection, tries, [format!("erased:{person}").into(), certno_blind.into()]).await?;
    let sign_ins =
        "UPDATE token_family SET revoked_at_us = $1 WHERE person_id = $2 AND revoked_at_us IS NULL";
    super::run(connection, sign_ins, [own.at.0.into(), person.into()]).await?;
    let note = "INSERT INTO erasure (person_id, ground, case_no, asked_by, region, erased_at_us) \
                VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        person.into(),
        own.ground.code().into(),
        own.case_no.clone().into(),
        own.asked_by.clone().into(),
        own.region.clone().into(),
        own.at.0.into(),
    ];
    super::run(connection, note, values).await?;
    Ok(())
}
