//! Practitioners. Their names are sealed, too.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, Iterable, QueryOrder};

use super::vault::{Column as Sealed, Vault};
use crate::domain::day;
use crate::domain::practitioner::{Practitioner, PractitionerKind};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "practitioner")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub kind: i32,
    pub name_sealed: String,
    pub institution: String,
    pub title_code: String,
    pub dept: String,
    pub signing_key: String,
    pub active: bool,
    pub practice_from: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A practitioner by code.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    code: &str,
) -> Result<Option<Practitioner>, IdentityError> {
    Entity::find_by_id(code).one(connection).await?.map(|row| read(vault, row)).transpose()
}

/// Practitioners of an institution, by code.
pub async fn of_institution<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    institution: &str,
) -> Result<Vec<Practitioner>, IdentityError> {
    let rows = Entity::find()
        .filter(Column::Institution.eq(institution))
        .order_by_asc(Column::Code)
        .all(connection)
        .await?;
    rows.into_iter().map(|row| read(vault, row)).collect()
}

/// Adds or replaces a practitioner.
pub async fn upsert<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    own: &Practitioner,
) -> Result<(), IdentityError> {
    let row = Model {
        code: own.code.clone(),
        kind: own.kind.code(),
        name_sealed: vault.seal(Sealed::PractitionerName, &own.name),
        institution: own.fixmedins_code.clone(),
        title_code: own.title_code.clone(),
        dept: own.dept.clone(),
        signing_key: own.signing_key.clone(),
        active: own.active,
        practice_from: day::text(own.practice_from),
    };
    let columns: Vec<Column> = Column::iter().filter(|column| !matches!(column, Column::Code)).collect();
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Code).update_columns(columns).to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

fn read(vault: &Vault, row: Model) -> Result<Practitioner, IdentityError> {
    Ok(Practitioner {
        kind: super::stored(PractitionerKind::from_code(row.kind))?,
        name: vault.open(Sealed::PractitionerName, &row.name_sealed)?.into_inner(),
        code: row.code,
        fixmedins_code: row.institution,
        title_code: row.title_code,
        dept: row.dept,
        signing_key: row.signing_key,
        active: row.active,
        practice_from: super::stored_end(Some(row.practice_from.as_str()).filter(|text| !text.is_empty()))?,
    })
}
