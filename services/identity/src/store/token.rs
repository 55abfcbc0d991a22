//! Token families and refresh tokens. A token is kept as a keyed hash only.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::domain::token_family::{Family, RefreshToken};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_family")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub family_id: String,
    pub person_id: String,
    pub client: String,
    pub region: String,
    pub expires_at_us: i64,
    pub revoked_at_us: Option<i64>,
    pub started_at_us: i64,
    pub used_at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod refresh {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refresh_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: String,
        pub family_id: String,
        pub expires_at_us: i64,
        pub used_at_us: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Begins a family.
pub async fn insert_family<C: ConnectionTrait>(connection: &C, family: &Family) -> Result<(), IdentityError> {
    let row = Model {
        family_id: family.family_id.clone(),
        person_id: family.person_id.clone(),
        client: family.client.clone(),
        region: family.region.clone(),
        expires_at_us: family.expires_at.0,
        revoked_at_us: None,
        started_at_us: family.started_at.0,
        used_at_us: family.used_at.0,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Adds the next token of a family.
pub async fn insert_refresh<C: ConnectionTrait>(
    connection: &C,
    token_hash: String,
    family_id: &str,
    expires_at: Timestamp,
) -> Result<(), IdentityError> {
    let row = refresh::Model {
        token_hash,
        family_id: family_id.to_owned(),
        expires_at_us: expires_at.0,
        used_at_us: None,
    };
    refresh::Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// A token and its family.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    token_hash: &str,
) -> Result<Option<(Family, RefreshToken)>, IdentityError> {
    let Some(token) = refresh::Entity::find_by_id(token_hash).one(connection).await? else { return Ok(None) };
    let Some(family) = Entity::find_by_id(token.family_id).one(connection).await? else { return Ok(None) };
    let token =
        RefreshToken { expires_at: Timestamp(token.expires_at_us), used_at: token.used_at_us.map(Timestamp) };
    Ok(Some((read(family), token)))
}

/// A family by its id.
pub async fn find_family<C: ConnectionTrait>(
    connection: &C,
    family_id: &str,
) -> Result<Option<Family>, IdentityError> {
    Ok(Entity::find_by_id(family_id).one(connection).await?.map(read))
}

/// Families of a person, newest first, also ended ones.
pub async fn of_person<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
) -> Result<Vec<Family>, IdentityError> {
    let own = Entity::find().filter(Column::PersonId.eq(person_id)).order_by_desc(Column::FamilyId);
    Ok(own.all(connection).await?.into_iter().map(read).collect())
}

fn read(row: Model) -> Family {
    Family {
        family_id: row.family_id,
        person_id: row.person_id,
        client: row.client,
        region: row.region,
        started_at: Timestamp(row.started_at_us),
        used_at: Timestamp(row.used_at_us),
        expires_at: Timestamp(row.expires_at_us),
        revoked_at: row.revoked_at_us.map(Timestamp),
    }
}

/// Uses a token; loses the race when it was used meanwhile.
pub async fn consume<C: ConnectionTrait>(
    connection: &C,
    token_hash: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let sql = "UPDATE refresh_token SET used_at_us = $1 WHERE token_hash = $2 AND used_at_us IS NULL";
    let used = super::run(connection, sql, [now.0.into(), token_hash.into()]).await?;
    if used != 1 {
        return Err(DbFault::LostRace.into());
    }
    let touch = "UPDATE token_family SET used_at_us = $1 \
                 WHERE family_id = (SELECT family_id FROM refresh_token WHERE token_hash = $2)";
    super::run(connection, touch, [now.0.into(), token_hash.into()]).await?;
    Ok(())
}

/// Ends a family; ending it twice changes nothing.
pub async fn revoke<C: ConnectionTrait>(
    connection: &C,
    family_id: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let sql = "UPDATE token_family SET revoked_at_us = $1 WHERE family_id = $2 AND revoked_at_us IS NULL";
    super::run(connection, sql, [now.0.into(), family_id.into()]).await?;
    Ok(())
}

/// Families that were ended after a moment, oldest first.
pub async fn ended<C: ConnectionTrait>(
    connection: &C,
    after: Timestamp,
    limit: u64,
) -> Result<Vec<(String, Timestamp)>, IdentityError> {
    let found = Entity::find()
        .filter(Column::RevokedAtUs.gt(after.0))
        .order_by_asc(Column::RevokedAtUs)
        .order_by_asc(Column::FamilyId)
        .limit(limit);
    let rows = found.all(connection).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.family_id, Timestamp(row.revoked_at_us?)))).collect())
}

/// Forgets families that ended before `before`, and their tokens.
pub async fn forget<C: ConnectionTrait>(connection: &C, before: Timestamp) -> Result<u64, IdentityError> {
    let tokens = "DELETE FROM refresh_token WHERE family_id IN \
                  (SELECT family_id FROM token_family WHERE expires_at_us < $1)";
    super::run(connection, tokens, [before.0.into()]).await?;
    Ok(super::run(connection, "DELETE FROM token_family WHERE expires_at_us < $1", [before.0.into()]).await?)
}
