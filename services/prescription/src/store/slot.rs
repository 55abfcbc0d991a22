//! Slots and their vacancies.

use liufang_kernel::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, Set};

use super::StoreError;
use crate::domain::slot::Slot;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slot")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hospital: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot_id: String,
    pub department: String,
    pub doctor: String,
    pub doctor_name: String,
    pub starts_at_us: i64,
    pub ends_at_us: i64,
    pub capacity: i32,
    pub available: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Slot {
    fn from(row: Model) -> Slot {
        Slot {
            slot_id: row.slot_id,
            hospital: row.hospital,
            department: row.department,
            doctor: row.doctor,
            doctor_name: row.doctor_name,
            starts_at: Timestamp(row.starts_at_us),
            ends_at: Timestamp(row.ends_at_us),
            capacity: row.capacity,
            available: row.available,
        }
    }
}

pub async fn get(
    conn: &impl ConnectionTrait,
    hospital: &str,
    slot_id: &str,
) -> Result<Option<Slot>, StoreError> {
    let key = (hospital.to_owned(), slot_id.to_owned());
    Ok(Entity::find_by_id(key).one(conn).await?.map(Slot::from))
}

pub async fn insert(conn: &impl ConnectionTrait, slot: &Slot) -> Result<(), StoreError> {
    Entity::insert(active(slot)).exec_without_returning(conn).await?;
    Ok(())
}

/// Republishes a known slot; false when a booking changed its vacancies meanwhile.
pub async fn replace(conn: &impl ConnectionTrait, known: &Slot, slot: &Slot) -> Result<bool, StoreError> {
    let changed = Entity::update_many()
        .set(active(slot))
        .filter(Column::Hospital.eq(&known.hospital))
        .filter(Column::SlotId.eq(&known.slot_id))
        .filter(Column::Available.eq(known.available))
        .exec(conn)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Takes one place; false when there is none.
pub async fn take_place(
    conn: &impl ConnectionTrait,
    hospital: &str,
    slot_id: &str,
) -> Result<bool, StoreError> {
    let changed = Entity::update_many()
        .col_expr(Column::Available, ExprTrait::sub(Expr::col(Column::Available), 1))
        .filter(Column::Hospital.eq(hospital))
        .filter(Column::SlotId.eq(slot_id))
        .filter(Column::Available.gt(0))
        .exec(conn)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Gives one place back.
pub async fn free_place(
    conn: &impl ConnectionTrait,
    hospital: &str,
    slot_id: &str,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Available, ExprTrait::add(Expr::col(Column::Available), 1))
        .filter(Column::Hospital.eq(hospital))
        .filter(Column::SlotId.eq(slot_id))
        .filter(ExprTrait::lt(Expr::col(Column::Available), Expr::col(Column::Capacity)))
        .exec(conn)
        .await?;
    Ok(())
}

/// What a list of slots is narrowed by; empty text means all.
#[derive(Clone, Debug)]
pub struct Filter {
    pub hospital: String,
    pub department: String,
    pub doctor: String,
    /// Not over at this moment.
    pub ends_after: Timestamp,
    /// Starting in this span.
    pub starts: Option<(Timestamp, Timestamp)>,
}

/// Slots with room left, by time; at most 2000.
pub async fn vacant(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Slot>, StoreError> {
    let mut query = Entity::find()
        .filter(Column::Hospital.eq(&filter.hospital))
        .filter(Column::Available.gt(0))
        .filter(Column::EndsAtUs.gt(filter.ends_after.0));
    if !filter.department.is_empty() {
        query = query.filter(Column::Department.eq(&filter.department));
    }
    if !filter.doctor.is_empty() {
        query = query.filter(Column::Doctor.eq(&filter.doctor));
    }
    if let Some((from, until)) = filter.starts {
        query = query.filter(Column::StartsAtUs.gte(from.0)).filter(Column::StartsAtUs.lt(until.0));
    }
    let rows =
        query.order_by_asc(Column::StartsAtUs).order_by_asc(Column::SlotId).limit(2_000).all(conn).await?;
    Ok(rows.into_iter().map(Slot::from).collect())
}

fn active(slot: &Slot) -> ActiveModel {
    ActiveModel {
        hospital: Set(slot.hospital.clone()),
        slot_id: Set(slot.slot_id.clone()),
        department: Set(slot.department.clone()),
        doctor: Set(slot.doctor.clone()),
        doctor_name: Set(slot.doctor_name.clone()),
        starts_at_us: Set(slot.starts_at.0),
        ends_at_us: Set(slot.ends_at.0),
        capacity: Set(slot.capacity),
        available: Set(slot.available),
    }
}
