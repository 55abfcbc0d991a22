//! Rows of the story: append-only.

use liufang_kernel::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::domain::{Note, State};
use crate::error::OrderError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "story")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    pub at_us: i64,
    pub step: String,
    pub state: String,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A line of the story as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub sequence: i64,
    pub at: Timestamp,
    pub step: String,
    pub state: State,
    pub detail: String,
}

/// Appends a line.
pub async fn append(
    conn: &impl ConnectionTrait,
    order_id: &str,
    sequence: i64,
    at: Timestamp,
    note: &Note,
) -> Result<(), OrderError> {
    let row = Model {
        order_id: order_id.to_owned(),
        sequence,
        at_us: at.0,
        step: note.step.to_owned(),
        state: note.state.as_str().to_owned(),
        detail: note.detail.clone(),
    };
    Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// The lines after `sequence`, in order.
pub async fn after(
    conn: &impl ConnectionTrait,
    order_id: &str,
    sequence: i64,
) -> Result<Vec<Told>, OrderError> {
    let query = Entity::find()
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::Sequence.gt(sequence))
        .order_by_asc(Column::Sequence)
        .limit(200);
    let rows = query.all(conn).await?;
    let told = |row: Model| {
        let state = State::parse(&row.state).ok_or(OrderError::Unreadable("story row"))?;
        Ok(Told {
            sequence: row.sequence,
            at: Timestamp(row.at_us),
            step: row.step,
            state,
            detail: row.detail,
        })
    };
    rows.into_iter().map(told).collect()
}
