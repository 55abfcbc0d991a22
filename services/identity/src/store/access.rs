//! Who read a person's data, when and why. Append-only.

use liufang_kernel::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_record")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: String,
    pub person_id: String,
    pub reader: String,
    pub purpose: String,
    pub at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One reading of a person's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Time-ordered.
    pub record_id: String,
    /// Role or client.
    pub reader: String,
    pub purpose: String,
    pub at: Timestamp,
}

/// Notes one reading of `person_id`.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
    reading: Reading,
) -> Result<(), IdentityError> {
    let row = Model {
        record_id: reading.record_id,
        person_id: person_id.to_owned(),
        reader: reading.reader,
        purpose: reading.purpose,
        at_us: reading.at.0,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Readings of a person, newest first, older than the record `before`.
pub async fn page<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<Reading>, IdentityError> {
    let mut query = Entity::find().filter(Column::PersonId.eq(person_id));
    if let Some(before) = before {
        query = query.filter(Column::RecordId.lt(before));
    }
    let rows = query.order_by_desc(Column::RecordId).limit(limit).all(connection).await?;
    let read = |row: Model| Reading {
        record_id: row.record_id,
        reader: row.reader,
        purpose: row.purpose,
        at: Timestamp(row.at_us),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// What a guardian's call leaves in the child's access records once an hour.
pub struct Noted<'a> {
    guardian: &'a str,
    child: &'a str,
    purpose: &'a str,
    hour: Timestamp,
}

/// Microseconds of an hour.
const HOUR_US: i64 = 3_600_000_000;

impl<'a> Noted<'a> {
    pub fn new(guardian: &'a str, child: &'a str, purpose: &'a str, at: Timestamp) -> Noted<'a> {
        Noted { guardian, child, purpose, hour: Timestamp(at.0 - at.0.rem_euclid(HOUR_US)) }
    }

    fn values(&self) -> [sea_orm::Value; 4] {
        [self.guardian.into(), self.child.into(), self.purpose.into(), self.hour.0.into()]
    }
}

/// Whether the record of this hour is there.
pub async fn is_noted<C: ConnectionTrait>(connection: &C, own: &Noted<'_>) -> Result<bool, IdentityError> {
    let sql = "SELECT 1 AS noted FROM acting_noted \
               WHERE guardian_person_id = $1 AND child_person_id = $2 AND purpose = $3 AND hour_us = $4";
    let backend = connection.get_database_backend();
    let select = sea_orm::Statement::from_sql_and_values(backend, sql, own.values());
    Ok(connection.query_one_raw(select).await?.is_some())
}

/// Claims the record of this hour; false when somebody else has it.
pub async fn note<C: ConnectionTrait>(connection: &C, own: &Noted<'_>) -> Result<bool, IdentityError> {
    let sql = "INSERT INTO acting_noted (guardian_person_id, child_person_id, purpose, hour_us) \
               VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    Ok(super::run(connection, sql, own.values()).await? == 1)
}

/// Forgets hours before `before`: their records stay.
pub async fn forget<C: ConnectionTrait>(connection: &C, before: Timestamp) -> Result<u64, IdentityError> {
    Ok(super::run(connection, "DELETE FROM acting_noted WHERE hour_us < $1", [before.0.into()]).await?)
}
