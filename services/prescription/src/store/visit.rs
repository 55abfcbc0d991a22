//! Visits.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Cipher;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, Set};

use super::{StoreError, sealed};
use crate::domain::state::VisitState;
use crate::domain::visit::Visit;

// no Debug of rows in logs: sealed text is not personal, but it is of no use there either
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "visit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub visit_id: String,
    pub person_id: String,
    pub hospital: String,
    pub department: String,
    pub doctor: String,
    pub slot_id: String,
    pub starts_at_us: i64,
    pub state: i32,
    pub fee_fen: i64,
    pub pay_by_us: i64,
    pub disease: String,
    pub first_rx_ref: String,
    pub condition_sealed: String,
    pub record_sealed: String,
    pub diagnosis: String,
    pub order_id: String,
    pub version: i64,
    pub created_at_us: i64,
    pub keep_until_us: i64,
    pub archived_at_us: i64,
    /// Of the record, once it is gone.
    pub record_hash: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn read(row: Model, cipher: &Cipher) -> Result<Visit, StoreError> {
    Ok(Visit {
        visit_id: row.visit_id,
        person_id: row.person_id,
        hospital: row.hospital,
        department: row.department,
        doctor: row.doctor,
        slot_id: row.slot_id,
        starts_at: Timestamp(row.starts_at_us),
        state: VisitState::from_code(row.state).ok_or(StoreError::Corrupt("visit.state"))?,
        fee: Fen(row.fee_fen),
        pay_by: Timestamp(row.pay_by_us),
        disease: row.disease,
        first_rx_ref: row.first_rx_ref,
        condition: sealed::open(cipher, sealed::CONDITION, &row.condition_sealed)?,
        order_id: row.order_id,
        diagnosis: row.diagnosis,
        version: row.version,
    })
}

pub async fn get(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    visit_id: &str,
) -> Result<Option<Visit>, StoreError> {
    let row = Entity::find_by_id(visit_id.to_owned()).one(conn).await?;
    row.map(|row| read(row, cipher)).transpose()
}

pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    visit: &Visit,
    keep_until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        visit_id: Set(visit.visit_id.clone()),
        person_id: Set(visit.person_id.clone()),
        hospital: Set(visit.hospital.clone()),
        department: Set(visit.department.clone()),
        doctor: Set(visit.doctor.clone()),
        slot_id: Set(visit.slot_id.clone()),
        starts_at_us: Set(visit.starts_at.0),
        state: Set(visit.state.code()),
        fee_fen: Set(visit.fee.0),
        pay_by_us: Set(visit.pay_by.0),
        disease: Set(visit.disease.clone()),
        first_rx_ref: Set(visit.first_rx_ref.clone()),
        condition_sealed: Set(sealed::seal(cipher, sealed::CONDITION, &visit.condition)),
        record_sealed: Set(String::new()),
        diagnosis: Set(visit.diagnosis.clone()),
        order_id: Set(visit.order_id.clone()),
        version: Set(visit.version),
        created_at_us: Set(now.0),
        keep_until_us: Set(keep_until.0),
        archived_at_us: Set(0),
        record_hash: Set(String::new()),
    };
    Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

/// Writes state, order and diagnosis decided on `visit.version - 1`; false when somebody else was faster.
pub async fn advance(conn: &impl ConnectionTrait, visit: &Visit) -> Result<bool, StoreError> {
    let changed = Entity::update_many()
        .col_expr(Column::State, Expr::value(visit.state.code()))
        .col_expr(Column::OrderId, Expr::value(visit.order_id.clone()))
        .col_expr(Column::Diagnosis, Expr::value(visit.diagnosis.clone()))
        .col_expr(Column::Version, Expr::value(visit.version))
        .filter(Column::VisitId.eq(&visit.visit_id))
        .filter(Column::Version.eq(visit.version - 1))
        .exec(conn)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Keeps the medical record, sealed.
pub async fn put_record(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    visit_id: &str,
    record: &str,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::RecordSealed, Expr::value(sealed::seal(cipher, sealed::RECORD, record)))
        .filter(Column::VisitId.eq(visit_id))
        .exec(conn)
        .await?;
    Ok(())
}

/// A person's visits, newest first; at most 200.
pub async fn of_person(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    person: &str,
) -> Result<Vec<Visit>, StoreError> {
    let query = Entity::find().filter(Column::PersonId.eq(person));
    let query = query.order_by_desc(Column::CreatedAtUs).order_by_desc(Column::VisitId).limit(200);
    query.all(conn).await?.into_iter().map(|row| read(row, cipher)).collect()
}

/// The doctor's visits that are paid or being seen, by slot time; at most 200.
pub async fn queue(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    hospital: &str,
    doctor: &str,
) -> Result<Vec<Visit>, StoreError> {
    let query = Entity::find()
        .filter(Column::Hospital.eq(hospital))
        .filter(Column::Doctor.eq(doctor))
        .filter(Column::State.is_in([VisitState::Paid.code(), VisitState::Taken.code()]))
        .order_by_asc(Column::StartsAtUs)
        .order_by_asc(Column::CreatedAtUs)
        .limit(200);
    query.all(conn).await?.into_iter().map(|row| read(row, cipher)).collect()
}

/// Whether the person has an open visit in the slot already.
pub async fn has_open(
    conn: &impl ConnectionTrait,
    person: &str,
    hospital: &str,
    slot_id: &str,
) -> Result<bool, StoreError> {
    let open = [VisitState::Booked, VisitState::Paid, VisitState::Taken].map(VisitState::code);
    let found = Entity::find()
        .filter(Column::PersonId.eq(person))
        .filter(Column::Hospital.eq(hospital))
        .filter(Column::SlotId.eq(slot_id))
        .filter(Column::State.is_in(open))
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// Unpaid visits whose deadline has passed, oldest first.
pub async fn overdue(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let query = Entity::find()
        .select_only()
        .column(Column::VisitId)
        .filter(Column::State.eq(VisitState::Booked.code()))
        .filter(Column::PayByUs.lte(now.0))
        .order_by_asc(Column::PayByUs)
        .limit(limit);
    Ok(query.into_tuple().all(conn).await?)
}

/// Takes the personal data out of a visit that is over and leaves the hash of its record. Harmless twice.
pub async fn archive(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    visit_id: &str,
    hash: impl FnOnce(&str) -> String,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(row) = Entity::find_by_id(visit_id.to_owned()).one(conn).await? else { return Ok(()) };
    let record = sealed::open(cipher, sealed::RECORD, &row.record_sealed)?;
    let hash = if record.is_empty() { String::new() } else { hash(&record) };
    let sql = "UPDATE visit SET person_id = '', disease = '', diagnosis = '', first_rx_ref = '', condition_sealed = '', \
               record_sealed = '', record_hash = $1, archived_at_us = $2, version = version + 1 \
               WHERE visit_id = $3 AND version = $4 AND archived_at_us = 0";
    let values = [hash.into(), now.0.into(), visit_id.into(), row.version.into()];
    conn.execute_raw(sea_orm::Statement::from_sql_and_values(conn.get_database_backend(), sql, values))
        .await?;
    Ok(())
}
