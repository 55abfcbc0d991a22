//! The region packs by which quotes were made, as they were read.

use liufang_kernel::Timestamp;
use sea_orm::ConnectionTrait;

use super::{all, exec, one};
use crate::error::SettlementError;

/// Keeps a pack, and the last day whose rules of it were used.
pub async fn keep(
    conn: &impl ConnectionTrait,
    (region, version, text): (&str, &str, &str),
    used_on: &str,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO region_pack (region, version, text, used_on, first_seen_us) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (region, version) DO UPDATE SET used_on = excluded.used_on \
               WHERE region_pack.used_on < excluded.used_on";
    exec(conn, sql, [region.into(), version.into(), text.into(), used_on.into(), now.0.into()]).await?;
    Ok(())
}

/// The text of a version.
pub async fn text(
    conn: &impl ConnectionTrait,
    region: &str,
    version: &str,
) -> Result<Option<String>, SettlementError> {
    let sql = "SELECT text FROM region_pack WHERE region = $1 AND version = $2";
    let row = one(conn, sql, [region.into(), version.into()]).await?;
    row.map(|row| Ok(row.try_get("", "text")?)).transpose()
}

/// A pack that was used.
pub struct Kept {
    pub region: String,
    pub version: String,
    pub text: String,
    /// `yyyy-MM-dd`.
    pub used_on: String,
}

/// All of them.
pub async fn kept(conn: &impl ConnectionTrait) -> Result<Vec<Kept>, SettlementError> {
    let sql =
        "SELECT region, version, text, used_on FROM region_pack ORDER BY region, first_seen_us, version";
    let rows = all(conn, sql, []).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(Kept {
            region: row.try_get("", "region")?,
            version: row.try_get("", "version")?,
            text: row.try_get("", "text")?,
            used_on: row.try_get("", "used_on")?,
        })
    };
    rows.iter().map(read).collect()
}
