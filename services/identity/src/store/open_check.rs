//! Checks that a provider is still at work on.

use liufang_kernel::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::domain::open_check::OpenCheck;
use crate::domain::verification::Step;
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "open_check")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    pub verification_id: String,
    pub step: i32,
    pub provider: String,
    pub asks: i32,
    pub next_us: i64,
    pub until_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes a check that is to be asked again.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    own: &OpenCheck,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let row = Model {
        request_id: own.request_id.clone(),
        verification_id: own.verification_id.clone(),
        step: own.step.code(),
        provider: own.provider.clone(),
        asks: own.asks,
        next_us: own.next_at(now).0,
        until_us: own.until.0,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Those whose turn it is, the longest waiting first.
pub async fn due<C: ConnectionTrait>(
    connection: &C,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<OpenCheck>, IdentityError> {
    let due = Entity::find().filter(Column::NextUs.lte(now.0)).order_by_asc(Column::NextUs).limit(limit);
    due.all(connection).await?.into_iter().map(read).collect()
}

/// Takes a turn, so that no other replica asks; false when one has.
pub async fn take_turn<C: ConnectionTrait>(
    connection: &C,
    own: &OpenCheck,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let sql = "UPDATE open_check SET asks = asks + 1, next_us = $1 WHERE request_id = $2 AND asks = $3";
    let next = OpenCheck { asks: own.asks + 1, ..own.clone() }.next_at(now);
    let values = [next.0.into(), own.request_id.clone().into(), own.asks.into()];
    Ok(super::run(connection, sql, values).await? == 1)
}

/// Ends it; false when somebody else has.
pub async fn end<C: ConnectionTrait>(connection: &C, request_id: &str) -> Result<bool, IdentityError> {
    let sql = "DELETE FROM open_check WHERE request_id = $1";
    Ok(super::run(connection, sql, [request_id.into()]).await? == 1)
}

fn read(row: Model) -> Result<OpenCheck, IdentityError> {
    Ok(OpenCheck {
        step: super::stored(Step::from_code(row.step))?,
        request_id: row.request_id,
        verification_id: row.verification_id,
        provider: row.provider,
        asks: row.asks,
        until: Timestamp(row.until_us),
    })
}
