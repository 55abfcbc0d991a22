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
