//! Persons and their insurance rows. A person's name, number, phone and medical data are sealed.

use liufang_kernel::document::Document;
use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Sensitive, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder};

use super::vault::{Column as Sealed, Vault};
use crate::domain::person::{Health, Insurance, InsuranceState, Person, gender};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: String,
    pub certno_blind: String,
    pub name_sealed: String,
    pub certno_sealed: String,
    /// `psn_cert_type`.
    pub cert_type: String,
    pub phone_sealed: String,
    pub health_sealed: String,
    pub verified_at_us: Option<i64>,
    pub created_at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod insurance {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "insurance")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub person_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub ordinal: i32,
        pub insutype: String,
        pub psn_type: String,
        pub insured_place: String,
        pub state: i32,
        pub begin_date: String,
        pub end_date: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person as an import brings them.
pub struct Imported<'a> {
    pub name: &'a str,
    pub document: &'a Document,
    /// Empty keeps the phone that is known.
    pub phone: &'a str,
    pub insurances: &'a [Insurance],
    pub health: &'a Health,
}

/// The opened person of an id.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    person_id: &str,
) -> Result<Option<Person>, IdentityError> {
    match Entity::find_by_id(person_id).one(connection).await? {
        Some(row) => Ok(Some(open(connection, vault, row).await?)),
        None => Ok(None),
    }
}

/// The opened person of an ID number's index.
pub async fn find_by_certno<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    certno_blind: &str,
) -> Result<Option<Person>, IdentityError> {
    let row = Entity::find().filter(Column::CertnoBlind.eq(certno_blind)).one(connection).await?;
    match row {
        Some(row) => Ok(Some(open(connection, vault, row).await?)),
        None => Ok(None),
    }
}

/// The index of a person's ID number.
pub async fn certno_blind<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
) -> Result<Option<String>, IdentityError> {
    Ok(Entity::find_by_id(person_id).one(connection).await?.map(|row| row.certno_blind))
}

/// Insurance rows alone, for rules that need no personal data.
pub async fn insurances<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
) -> Result<Vec<Insurance>, IdentityError> {
    let rows = insurance::Entity::find()
        .filter(insurance::Column::PersonId.eq(person_id))
        .order_by_asc(insurance::Column::Ordinal)
        .all(connection)
        .await?;
    rows.into_iter().map(read_insurance).collect()
}

/// Inserts the person, or replaces what an import may replace. Answers the person id.
pub async fn import<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    row: &Imported<'_>,
    fresh_id: String,
    now: Timestamp,
) -> Result<String, IdentityError> {
    let certno_blind = vault.document_blind(row.document);
    let known = Entity::find().filter(Column::CertnoBlind.eq(&certno_blind)).one(connection).await?;
    let health = serde_json::to_string(row.health).map_err(|_| IdentityError::Stored("health"))?;
    let health_sealed = vault.seal(Sealed::Health, &health);
    let name_sealed = vault.seal(Sealed::Name, row.name);
    let person_id = match known {
        Some(known) => {
            let person_id = known.person_id.clone();
            let mut change = known.into_active_model();
            change.name_sealed = Set(name_sealed);
            change.health_sealed = Set(health_sealed);
            if !row.phone.is_empty() {
                change.phone_sealed = Set(vault.seal(Sealed::Phone, row.phone));
            }
            Entity::update(change).exec(connection).await?;
            person_id
        }
        None => {
            let fresh = Model {
                person_id: fresh_id.clone(),
                certno_blind,
                name_sealed,
                certno_sealed: vault.seal(Sealed::Certno, row.document.reveal()),
                cert_type: row.document.kind().code().to_owned(),
                phone_sealed: vault.seal(Sealed::Phone, row.phone),
                health_sealed,
                verified_at_us: None,
                created_at_us: now.0,
            };
            Entity::insert(fresh.into_active_model()).exec_without_returning(connection).await?;
            fresh_id
        }
    };
    replace_insurances(connection, &person_id, row.insurances).await?;
    Ok(person_id)
}

/// Marks the person verified and keeps the phone the carrier confirmed.
pub async fn register<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    person_id: &str,
    phone: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let sealed = vault.seal(Sealed::Phone, phone);
    let sql = "UPDATE person SET phone_sealed = $1, verified_at_us = COALESCE(verified_at_us, $2) WHERE person_id = $3";
    let touched = super::run(connection, sql, [sealed.into(), now.0.into(), person_id.into()]).await?;
    if touched == 1 { Ok(()) } else { Err(IdentityError::PersonNotFound) }
}

async fn replace_insurances<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
    rows: &[Insurance],
) -> Result<(), IdentityError> {
    insurance::Entity::delete_many()
        .filter(insurance::Column::PersonId.eq(person_id))
        .exec(connection)
        .await?;
    let models = rows.iter().zip(0_i32..).map(|(row, ordinal)| insurance::Model {
        person_id: person_id.to_owned(),
        ordinal,
        insutype: row.insutype.clone(),
        psn_type: row.psn_type.clone(),
        insured_place: row.insured_place.clone(),
        state: row.state.code(),
        begin_date: date_text(row.begin),
        end_date: row.end.map(date_text),
    });
    let models: Vec<_> = models.map(IntoActiveModel::into_active_model).collect();
    insurance::Entity::insert_many(models).exec_without_returning(connection).await?;
    Ok(())
}

async fn open<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    row: Model,
) -> Result<Person, IdentityError> {
    let certno = vault.open(Sealed::Certno, &row.certno_sealed)?;
    let document =
        Document::stored(&row.cert_type, certno.reveal()).ok_or(IdentityError::Stored("certno"))?;
    let health = vault.open(Sealed::Health, &row.health_sealed)?;
    let health: Health =
        serde_json::from_str(health.reveal()).map_err(|_| IdentityError::Stored("health"))?;
    let stated = health.stated.as_ref();
    let stated_gender = stated.and_then(|stated| gender(&stated.gender));
    let stated_birth = stated.map(|stated| stated.birth_date);
    Ok(Person {
        name: vault.open(Sealed::Name, &row.name_sealed)?,
        phone: vault.open(Sealed::Phone, &row.phone_sealed)?,
        gender_code: document.gender_code().or(stated_gender).ok_or(IdentityError::Stored("gender"))?,
        birth_date: document.birth_date().or(stated_birth).ok_or(IdentityError::Stored("birth date"))?,
        insurances: insurances(connection, &row.person_id).await?,
        health: Sensitive::new(health),
        verified: row.verified_at_us.is_some(),
        person_id: row.person_id,
        document,
    })
}

fn read_insurance(row: insurance::Model) -> Result<Insurance, IdentityError> {
    Ok(Insurance {
        state: super::stored(InsuranceState::from_code(row.state))?,
        begin: super::stored_date(&row.begin_date)?,
        end: super::stored_end(row.end_date.as_deref())?,
        insutype: row.insutype,
        psn_type: row.psn_type,
        insured_place: row.insured_place,
    })
}
