//! Institutions and the events of their agreements.

use std::collections::HashMap;

use liufang_kernel::timestamp::date_text;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, Iterable, QueryOrder, QuerySelect};

use crate::domain::agreement::{AgreementEvent, Change, Timeline};
use crate::domain::institution::{Institution, InstitutionKind};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "institution")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub name: String,
    pub kind: i32,
    pub level: String,
    pub admdvs: String,
    pub region: String,
    pub chain: String,
    pub capabilities: String,
    pub lat_e6: i32,
    pub lng_e6: i32,
    pub address: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "agreement_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub institution: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub effective_date: String,
        pub change: String,
        pub notice: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a list asks for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Empty: every region.
    pub region: String,
    pub kind: Option<InstitutionKind>,
    /// Empty: any.
    pub capability: String,
}

/// One institution with its timeline.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    code: &str,
) -> Result<Option<Institution>, IdentityError> {
    let Some(row) = Entity::find_by_id(code).one(connection).await? else { return Ok(None) };
    Ok(with_timelines(connection, vec![row]).await?.pop())
}

/// Institutions after `after`, by code.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Institution>, IdentityError> {
    let mut query = Entity::find();
    if !filter.region.is_empty() {
        query = query.filter(Column::Region.eq(&filter.region));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(Column::Kind.eq(kind.code()));
    }
    if !filter.capability.is_empty() {
        query = query.filter(Column::Capabilities.contains(format!(",{},", filter.capability)));
    }
    if let Some(after) = after {
        query = query.filter(Column::Code.gt(after));
    }
    let rows = query.order_by_asc(Column::Code).limit(limit).all(connection).await?;
    with_timelines(connection, rows).await
}

/// Adds or replaces an institution with its timeline.
pub async fn upsert<C: ConnectionTrait>(connection: &C, own: &Institution) -> Result<(), IdentityError> {
    let row = Model {
        code: own.code.clone(),
        name: own.name.clone(),
        kind: own.kind.code(),
        level: own.level.clone(),
        admdvs: own.admdvs.clone(),
        region: own.region.clone(),
        chain: own.chain.clone(),
        capabilities: format!(",{},", own.capabilities.join(",")),
        lat_e6: own.lat_e6,
        lng_e6: own.lng_e6,
        address: own.address.clone(),
    };
    let columns: Vec<Column> = Column::iter().filter(|column| !matches!(column, Column::Code)).collect();
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Code).update_columns(columns).to_owned())
        .exec_without_returning(connection)
        .await?;
    replace_timeline(connection, &own.code, &own.timeline).await
}

/// Replaces the timeline of an institution.
pub async fn replace_timeline<C: ConnectionTrait>(
    connection: &C,
    code: &str,
    timeline: &Timeline,
) -> Result<(), IdentityError> {
    event::Entity::delete_many().filter(event::Column::Institution.eq(code)).exec(connection).await?;
    let rows = timeline.events().iter().map(|own| event::Model {
        institution: code.to_owned(),
        effective_date: date_text(own.effective),
        change: own.change.word().to_owned(),
        notice: own.notice.clone(),
    });
    let rows: Vec<_> = rows.map(IntoActiveModel::into_active_model).collect();
    if !rows.is_empty() {
        event::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

async fn with_timelines<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<Model>,
) -> Result<Vec<Institution>, IdentityError> {
    let codes: Vec<&str> = rows.iter().map(|row| row.code.as_str()).collect();
    let found = event::Entity::find().filter(event::Column::Institution.is_in(codes)).all(connection).await?;
    let mut events: HashMap<String, Vec<AgreementEvent>> = HashMap::new();
    for row in found {
        let event = AgreementEvent {
            effective: super::stored_date(&row.effective_date)?,
            change: super::stored(Change::from_word(&row.change))?,
            notice: row.notice,
        };
        events.entry(row.institution).or_default().push(event);
    }
    rows.into_iter()
        .map(|row| {
            let own = events.remove(&row.code).unwrap_or_default();
            read(row, own)
        })
        .collect()
}

fn read(row: Model, events: Vec<AgreementEvent>) -> Result<Institution, IdentityError> {
    let capabilities = row.capabilities.split(',').filter(|word| !word.is_empty()).map(str::to_owned);
    Ok(Institution {
        kind: super::stored(InstitutionKind::from_code(row.kind))?,
        timeline: Timeline::new(events).map_err(|_| IdentityError::Stored("timeline"))?,
        capabilities: capabilities.collect(),
        code: row.code,
        name: row.name,
        level: row.level,
        admdvs: row.admdvs,
        region: row.region,
        chain: row.chain,
        lat_e6: row.lat_e6,
        lng_e6: row.lng_e6,
        address: row.address,
    })
}
