//! Where sealed text stands, and how it follows the data key: what an older version sealed is sealed anew in the background,
//! until nothing needs that version and it may be taken out of the configuration.
//!
//! A version is *in use* from the first start that seals with it until a whole walk over every sealed column, begun
//! [`MARGIN_SECONDS`] after anybody last sealed with it and after a row of it was last met, has met none. The margin is longer
//! than any transaction lives: nothing read before the walk can be written back after it.
//!
//! Invariants: a row is changed only while it still holds the text that was read; one replica walks at a time, and one that
//! dies is followed by another after its lease; nothing here knows or says what is in a text.

mod page;
pub(crate) mod proof;
#[cfg(test)]
mod tests;
mod walk;

use std::time::Duration;

use sea_orm::ConnectionTrait as _;

use crate::db::{Db, DbFault, Snapshot};
use crate::metrics::Gauge;
use crate::worker::Worker;

pub use walk::step;

/// The sealed columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedTable {
    pub table: &'static str,
    /// Text by which rows are walked through: the primary key or its first column.
    pub key: &'static str,
    /// Column and the context its text is bound to.
    pub columns: &'static [(&'static str, &'static str)],
}

/// What every database has: replies stay for two weeks, and a repeat of the call is answered from them.
pub const PLATFORM: &[SealedTable] =
    &[SealedTable { table: "idempotency", key: "scope", columns: &[("reply", crate::db::REPLY)] }];

/// See the module. Clocks of replicas may differ by less.
pub const MARGIN_SECONDS: i64 = 300;
/// Between two looks whether there is something to do.
const EVERY: Duration = Duration::from_secs(30);
const IN_USE: &str = "SELECT COUNT(*) AS n FROM data_key WHERE version <> 0 AND unused_since_us = 0";

/// The worker of a role that lets its rows follow the key.
pub fn worker(role: &'static str, db: &Db, tables: &'static [SealedTable]) -> Worker {
    let db = db.clone();
    let step = move || {
        let db = db.clone();
        async move { step(role, &db, tables).await }
    };
    Worker::new("reseal", EVERY, step).of(role)
}

/// How many data keys rows may need.
pub fn gauge(db: &Db) -> Gauge {
    let db = db.clone();
    Gauge::new("liufang_data_keys_in_use", move || {
        let db = db.clone();
        async move {
            let count = sea_orm::Statement::from_string(db.backend(), IN_USE);
            let row = db.read().query_one_raw(count).await?;
            Ok::<i64, DbFault>(row.map_or(Ok(0), |row| row.try_get("", "n"))?)
        }
    })
}

/// What a database knows of a data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// 0 is the key of the indexes.
    pub version: i64,
    pub used_at_us: i64,
    /// 0 while rows may need it.
    pub unused_since_us: i64,
}

/// The keys that sealed something in a database, by version.
///
/// # Errors
/// The database did not answer.
pub async fn keys(look: &Snapshot) -> Result<Vec<KeyUse>, DbFault> {
    let sql = "SELECT version, used_at_us, unused_since_us FROM data_key ORDER BY version";
    let rows = look.rows(sql, Vec::new()).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(KeyUse {
            version: row.try_get("", "version")?,
            used_at_us: row.try_get("", "used_at_us")?,
            unused_since_us: row.try_get("", "unused_since_us")?,
        })
    };
    rows.iter().map(read).collect()
}
