//! Who read a person's data, when and why. Append-only.

use liufang_kernel::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_record")]
pub struct Model {
    /// Time-ordered.
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

/// Notes one reading.
pub async fn insert<C: ConnectionTrait>(connection: &C, record: Model) -> Result<(), IdentityError> {
    Entity::insert(record.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Readings of a person, newest first, older than the record `before`.
pub async fn page<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<Model>, IdentityError> {
    let mut query = Entity::find().filter(Column::PersonId.eq(person_id));
    if let Some(before) = before {
        query = query.filter(Column::RecordId.lt(before));
    }
    Ok(query.order_by_desc(Column::RecordId).limit(limit).all(connection).await?)
}

impl Model {
    /// A record made now.
    pub fn new(record_id: String, person_id: &str, reader: &str, purpose: &str, now: Timestamp) -> Model {
        Model {
            record_id,
            person_id: person_id.to_owned(),
            reader: reader.to_owned(),
            purpose: purpose.to_owned(),
            at_us: now.0,
        }
    }
}
