//! What was tried in a person's name. Append-only.

use liufang_kernel::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::domain::step_event::{StepEvent, Subject};
use crate::domain::verification::{Purpose, Step};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: String,
    pub certno_blind: String,
    pub session_tail: String,
    pub purpose: i32,
    pub step: i32,
    pub outcome: String,
    pub provider: String,
    pub platform: String,
    pub at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes one try.
pub async fn insert<C: ConnectionTrait>(connection: &C, event: StepEvent) -> Result<(), IdentityError> {
    let row = Model {
        event_id: event.event_id,
        certno_blind: event.subject.certno_blind,
        session_tail: event.subject.session_tail,
        purpose: event.subject.purpose.code(),
        step: event.step.code(),
        outcome: event.outcome,
        provider: event.provider,
        platform: event.subject.platform,
        at_us: event.at.0,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Tries of an ID number, newest first, older than the event `before`.
pub async fn page<C: ConnectionTrait>(
    connection: &C,
    certno_blind: &str,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<StepEvent>, IdentityError> {
    let mut query = Entity::find().filter(Column::CertnoBlind.eq(certno_blind));
    if let Some(before) = before {
        query = query.filter(Column::EventId.lt(before));
    }
    let rows = query.order_by_desc(Column::EventId).limit(limit).all(connection).await?;
    rows.into_iter().map(read).collect()
}

/// Forgets tries of before `before`.
pub async fn forget<C: ConnectionTrait>(connection: &C, before: Timestamp) -> Result<u64, IdentityError> {
    Ok(super::run(connection, "DELETE FROM verification_event WHERE at_us < $1", [before.0.into()]).await?)
}

fn read(row: Model) -> Result<StepEvent, IdentityError> {
    Ok(StepEvent {
        subject: Subject {
            certno_blind: row.certno_blind,
            session_tail: row.session_tail,
            purpose: super::stored(Purpose::from_code(row.purpose))?,
            platform: row.platform,
        },
        event_id: row.event_id,
        step: super::stored(Step::from_code(row.step))?,
        outcome: row.outcome,
        provider: row.provider,
        at: Timestamp(row.at_us),
    })
}
