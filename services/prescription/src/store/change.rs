//! The feed of changes: one row per reader a change concerns, numbered by the counter row.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ConnectionTrait, QueryOrder, QuerySelect, Set, Statement};

use super::StoreError;
use crate::domain::lifecycle::Status;
use crate::domain::state::{Review, State, Use};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    pub hi_rxno: String,
    /// Empty on rows that tell a pharmacy it lost the prescription: the hospital has the other row.
    pub hospital: String,
    pub pharmacy: String,
    pub state: i32,
    pub review: i32,
    pub used: i32,
    pub at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One change as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub sequence: i64,
    pub hi_rxno: String,
    pub state: State,
    pub review: Review,
    pub used: Use,
    pub at: Timestamp,
}

/// Notes a change for the hospital, the pharmacy that has it now, and the one that had it before.
pub async fn note(
    conn: &impl ConnectionTrait,
    (hi_rxno, hospital): (&str, &str),
    nominee_before: &str,
    after: &Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    put(conn, (hi_rxno, hospital, &after.nominee), after, now).await?;
    if !nominee_before.is_empty() && nominee_before != after.nominee {
        put(conn, (hi_rxno, "", nominee_before), after, now).await?;
    }
    Ok(())
}

async fn put(
    conn: &impl ConnectionTrait,
    (hi_rxno, hospital, pharmacy): (&str, &str, &str),
    after: &Status,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        sequence: Set(next_sequence(conn).await?),
        hi_rxno: Set(hi_rxno.to_owned()),
        hospital: Set(hospital.to_owned()),
        pharmacy: Set(pharmacy.to_owned()),
        state: Set(after.state.code()),
        review: Set(after.review.code()),
        used: Set(after.used.code()),
        at_us: Set(now.0),
    };
    Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

// the counter row stays locked until the commit, so numbers become visible in their order
async fn next_sequence(conn: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let next = Statement::from_string(
        conn.get_database_backend(),
        "UPDATE counter SET value = value + 1 WHERE name = 'change' RETURNING value",
    );
    let row = conn.query_one_raw(next).await?.ok_or(StoreError::Corrupt("counter"))?;
    row.try_get("", "value").map_err(|error: DbErr| StoreError::Db(DbFault::from(error)))
}

/// The changes after `sequence` that concern an institution, oldest first; at most 200.
pub async fn after(
    conn: &impl ConnectionTrait,
    institution: &str,
    sequence: i64,
) -> Result<Vec<Change>, StoreError> {
    let concerns =
        Condition::any().add(Column::Hospital.eq(institution)).add(Column::Pharmacy.eq(institution));
    let query = Entity::find().filter(concerns).filter(Column::Sequence.gt(sequence));
    let rows = query.order_by_asc(Column::Sequence).limit(200).all(conn).await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Model) -> Result<Change, StoreError> {
    Ok(Change {
        sequence: row.sequence,
        hi_rxno: row.hi_rxno,
        state: State::from_code(row.state).ok_or(StoreError::Corrupt("change.state"))?,
        review: Review::from_code(row.review).ok_or(StoreError::Corrupt("change.review"))?,
        used: Use::from_code(row.used).ok_or(StoreError::Corrupt("change.used"))?,
        at: Timestamp(row.at_us),
    })
}
