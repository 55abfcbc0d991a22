//! Machine clients, and values that may be used once.

use liufang_kernel::Timestamp;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "machine_client")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: String,
    pub kind: i32,
    pub subject: String,
    pub public_key: String,
    pub region: String,
    pub updated_at_us: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A machine client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub client_id: String,
    /// The contract's number of the caller kind.
    pub kind: i32,
    /// What it speaks for: institution, courier, platform or agency code.
    pub subject: String,
    /// Ed25519, Base64 of 32 bytes.
    pub public_key: String,
    /// Empty for all regions.
    pub region: String,
}

/// Adds or replaces a client.
pub async fn upsert<C: ConnectionTrait>(
    connection: &C,
    client: Client,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let client = Model {
        client_id: client.client_id,
        kind: client.kind,
        subject: client.subject,
        public_key: client.public_key,
        region: client.region,
        updated_at_us: now.0,
    };
    let columns = [Column::Kind, Column::Subject, Column::PublicKey, Column::Region, Column::UpdatedAtUs];
    Entity::insert(client.into_active_model())
        .on_conflict(OnConflict::column(Column::ClientId).update_columns(columns).to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// A client by its id.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    client_id: &str,
) -> Result<Option<Client>, IdentityError> {
    let row = Entity::find_by_id(client_id).one(connection).await?;
    Ok(row.map(|row| Client {
        client_id: row.client_id,
        kind: row.kind,
        subject: row.subject,
        public_key: row.public_key,
        region: row.region,
    }))
}

/// Claims a value for its one use; false when it was used before.
pub async fn claim_nonce<C: ConnectionTrait>(
    connection: &C,
    nonce_hash: &str,
    expires_at: Timestamp,
) -> Result<bool, IdentityError> {
    let sql = "INSERT INTO used_nonce (nonce_hash, expires_at_us) VALUES ($1, $2) ON CONFLICT (nonce_hash) DO NOTHING";
    Ok(super::run(connection, sql, [nonce_hash.into(), expires_at.0.into()]).await? == 1)
}

/// Forgets values whose credential has expired anyway.
pub async fn forget_nonces<C: ConnectionTrait>(connection: &C, now: Timestamp) -> Result<u64, IdentityError> {
    Ok(super::run(connection, "DELETE FROM used_nonce WHERE expires_at_us < $1", [now.0.into()]).await?)
}
