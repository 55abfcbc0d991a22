//! Revocation lists: the newest of each authority, and every certificate its lists have named.

use std::collections::HashMap;

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ActiveValue::Set;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::domain::authority::{Known, ListHead, ListState, Revoked};
use crate::domain::certificate::{Revocation, RevocationReason};
use crate::error::IdentityError;

/// Rows of one statement.
const BATCH: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation_list")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub issuer: String,
    pub issuer_text: String,
    pub fingerprint: String,
    pub number: String,
    pub this_update_us: i64,
    pub next_update_us: i64,
    pub imported_at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "revoked_certificate")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub serial: String,
        pub revoked_at_us: i64,
        pub reason: i32,
        pub hold: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is known of the certificates that were asked for.
#[derive(Default)]
pub struct Facts {
    revoked: HashMap<(String, String), Revocation>,
    lists: HashMap<String, ListState>,
}

impl Known for Facts {
    fn revocation(&self, issuer: &str, serial: &str) -> Option<Revocation> {
        self.revoked.get(&(issuer.to_owned(), serial.to_owned())).copied()
    }
    fn list(&self, issuer: &str) -> ListState {
        self.lists.get(issuer).copied().unwrap_or(ListState::Missing)
    }
}

/// What is known of certificates, by issuer and serial.
pub async fn facts<C: ConnectionTrait>(
    connection: &C,
    asked: &[(String, String)],
    now: Timestamp,
) -> Result<Facts, IdentityError> {
    let mut facts = Facts::default();
    if asked.is_empty() {
        return Ok(facts);
    }
    let issuers: Vec<&str> = asked.iter().map(|(issuer, _)| issuer.as_str()).collect();
    let serials: Vec<&str> = asked.iter().map(|(_, serial)| serial.as_str()).collect();
    let named = row::Entity::find()
        .filter(row::Column::Issuer.is_in(issuers.iter().copied()))
        .filter(row::Column::Serial.is_in(serials));
    for row in named.all(connection).await? {
        let revoked = read(&row)?;
        facts.revoked.insert((row.issuer, revoked.serial), revoked.revocation);
    }
    for list in Entity::find().filter(Column::Issuer.is_in(issuers)).all(connection).await? {
        let head = head(list);
        facts.lists.insert(head.issuer.clone(), head.state(now));
    }
    Ok(facts)
}

/// The newest list of an authority.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    issuer: &str,
) -> Result<Option<ListHead>, IdentityError> {
    Ok(Entity::find_by_id(issuer).one(connection).await?.map(head))
}

/// Puts `next` in the place of `known`, which holds the authority's row until the end: of two at once one loses the race.
pub async fn replace<C: ConnectionTrait>(
    connection: &C,
    known: Option<&ListHead>,
    next: &ListHead,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let row = Model {
        issuer: next.issuer.clone(),
        issuer_text: next.issuer_text.clone(),
        fingerprint: next.fingerprint.clone(),
        number: next.number.clone(),
        this_update_us: next.this_update.0,
        next_update_us: next.next_update.0,
        imported_at_us: now.0,
    };
    let Some(known) = known else {
        let inserted = Entity::insert(row.into_active_model()).exec_without_returning(connection).await;
        return super::once(inserted);
    };
    let change = ActiveModel { issuer: sea_orm::ActiveValue::NotSet, ..row.into_active_model().reset_all() };
    let own = Entity::update_many().set(change).filter(Column::Issuer.eq(&known.issuer));
    let replaced = own.filter(Column::Fingerprint.eq(&known.fingerprint)).exec(connection).await?;
    if replaced.rows_affected == 1 { Ok(()) } else { Err(DbFault::LostRace.into()) }
}

/// Everything an authority's lists have named, by serial.
pub async fn rows<C: ConnectionTrait>(
    connection: &C,
    issuer: &str,
) -> Result<HashMap<String, Revoked>, IdentityError> {
    let all = row::Entity::find().filter(row::Column::Issuer.eq(issuer)).all(connection).await?;
    all.iter().map(|row| read(row).map(|own| (own.serial.clone(), own))).collect()
}

/// Writes rows, new ones and changed ones.
pub async fn write<C: ConnectionTrait>(
    connection: &C,
    issuer: &str,
    rows: &[Revoked],
) -> Result<(), IdentityError> {
    for some in rows.chunks(BATCH) {
        let models = some.iter().map(|own| row::ActiveModel {
            issuer: Set(issuer.to_owned()),
            serial: Set(own.serial.clone()),
            revoked_at_us: Set(own.revocation.at.0),
            reason: Set(own.revocation.reason.code()),
            hold: Set(own.hold),
        });
        let key = OnConflict::columns([row::Column::Issuer, row::Column::Serial])
            .update_columns([row::Column::RevokedAtUs, row::Column::Reason, row::Column::Hold])
            .to_owned();
        row::Entity::insert_many(models).on_conflict(key).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Takes holds back that the newest list no longer has.
pub async fn release<C: ConnectionTrait>(
    connection: &C,
    issuer: &str,
    serials: &[String],
) -> Result<(), IdentityError> {
    for some in serials.chunks(BATCH) {
        let own = row::Entity::delete_many().filter(row::Column::Issuer.eq(issuer));
        own.filter(row::Column::Serial.is_in(some)).exec(connection).await?;
    }
    Ok(())
}

fn head(row: Model) -> ListHead {
    ListHead {
        issuer: row.issuer,
        issuer_text: row.issuer_text,
        fingerprint: row.fingerprint,
        number: row.number,
        this_update: Timestamp(row.this_update_us),
        next_update: Timestamp(row.next_update_us),
    }
}

fn read(row: &row::Model) -> Result<Revoked, IdentityError> {
    let reason = super::stored(RevocationReason::from_code(row.reason))?;
    let revocation = Revocation { at: Timestamp(row.revoked_at_us), reason };
    Ok(Revoked { serial: row.serial.clone(), revocation, hold: row.hold })
}
