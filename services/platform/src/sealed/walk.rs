//! One walk over the sealed columns, a page at a time, by whichever replica holds the lease.

use sea_orm::{ConnectionTrait, Statement, Value};

use super::{MARGIN_SECONDS, PLATFORM, SealedTable, page, proof};
use crate::db::{Db, DbFault};

/// A page takes far less.
const LEASE_SECONDS: i64 = 60;
/// Between two notes that the present key is in use.
const BEAT_SECONDS: i64 = 60;

/// Where a walk stands.
struct Place {
    began_at_us: i64,
    /// Empty between two walks.
    table: String,
    position: String,
}

/// One page of a walk; answers 0 when there is nothing to do for now.
///
/// # Errors
/// The database did not answer; the page is walked again.
pub async fn step(role: &'static str, db: &Db, tables: &'static [SealedTable]) -> Result<usize, DbFault> {
    let now = db.shared.clock.now();
    let present = i64::from(db.shared.cipher.present());
    let beat = "UPDATE data_key SET used_at_us = $1 WHERE version = $2 AND used_at_us < $3";
    run(db, beat, [now.0.into(), present.into(), now.plus_seconds(-BEAT_SECONDS).0.into()]).await?;
    let Some(used_at_us) = last_use_of_others(db, present).await? else { return Ok(0) };
    let until = now.plus_seconds(LEASE_SECONDS).0;
    let lease = "UPDATE reseal_walk SET leased_until_us = $1 WHERE leased_until_us < $2";
    if run(db, lease, [until.into(), now.0.into()]).await? == 0 {
        return Ok(0);
    }
    let mut place = place(db).await?;
    if !all(tables).any(|own| own.table == place.table) {
        if now.plus_seconds(-MARGIN_SECONDS).0 < used_at_us {
            keep(db, &place, until, 0).await?;
            return Ok(0);
        }
        let first = PLATFORM.first().map_or("", |own| own.table);
        place = Place { began_at_us: now.0, table: first.to_owned(), position: String::new() };
    }
    let Some(table) = all(tables).find(|own| own.table == place.table) else { return Ok(0) };
    let walked = page::reseal(role, db, table, &place.position).await?;
    for version in walked.met {
        // a row that could not be opened, or could only now, was in need of its key a moment ago
        proof::note(db, version).await.map_err(into_db)?;
    }
    let more = walked.next.is_some();
    let table_after = all(tables).skip_while(|own| own.table != table.table).nth(1);
    let next = match walked.next {
        Some(position) => Place { position, ..place },
        None => {
            let table = table_after.map_or("", |own| own.table).to_owned();
            Place { table, position: String::new(), ..place }
        }
    };
    if !keep(db, &next, until, 0).await? {
        // the lease ran out and somebody else went on from the old place
        return Ok(0);
    }
    if !more && table_after.is_none() {
        ended(role, db, present, next.began_at_us).await?;
        return Ok(0);
    }
    Ok(1)
}

fn all(tables: &'static [SealedTable]) -> impl Iterator<Item = &'static SealedTable> {
    PLATFORM.iter().chain(tables)
}

fn into_db(fault: proof::KeyFault) -> DbFault {
    match fault {
        proof::KeyFault::Db(fault) => fault,
        _ => DbFault::Reply,
    }
}

/// A whole walk is over: a version that nobody sealed with and no row had since long before it began is not needed any more.
async fn ended(role: &'static str, db: &Db, present: i64, began_at_us: i64) -> Result<(), DbFault> {
    let now = db.shared.clock.now();
    let before = began_at_us.saturating_sub(MARGIN_SECONDS * 1_000_000);
    let work = db.begin_step().await?;
    let sql = "UPDATE data_key SET unused_since_us = $1 \
               WHERE version <> 0 AND version <> $2 AND unused_since_us = 0 AND used_at_us <= $3 RETURNING version";
    let values: [Value; 3] = [now.0.into(), present.into(), before.into()];
    let rows = work.tx().query_all_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    work.done().await?;
    for row in rows {
        let version: i64 = row.try_get("", "version")?;
        tracing::info!(
            role,
            version,
            "data key is no longer used here; it may be taken out of the configuration"
        );
    }
    Ok(())
}

/// When another version than the present was last used; none when none is needed.
async fn last_use_of_others(db: &Db, present: i64) -> Result<Option<i64>, DbFault> {
    let sql = "SELECT MAX(used_at_us) AS at_us FROM data_key \
               WHERE version <> 0 AND version <> $1 AND unused_since_us = 0";
    let select = Statement::from_sql_and_values(db.backend(), sql, [present.into()]);
    let row = db.read().query_one_raw(select).await?;
    Ok(row.map(|row| row.try_get("", "at_us")).transpose()?.flatten())
}

async fn place(db: &Db) -> Result<Place, DbFault> {
    let sql = "SELECT began_at_us, table_name, position FROM reseal_walk";
    let row = db.read().query_one_raw(Statement::from_string(db.backend(), sql)).await?;
    let row = row.ok_or(DbFault::LostRace)?;
    Ok(Place {
        began_at_us: row.try_get("", "began_at_us")?,
        table: row.try_get("", "table_name")?,
        position: row.try_get("", "position")?,
    })
}

/// Writes the place down and gives the lease back; false when it is not ours any more.
async fn keep(db: &Db, place: &Place, leased_until_us: i64, until: i64) -> Result<bool, DbFault> {
    let sql = "UPDATE reseal_walk SET began_at_us = $1, table_name = $2, position = $3, leased_until_us = $4 \
               WHERE leased_until_us = $5";
    let values = [
        place.began_at_us.into(),
        place.table.clone().into(),
        place.position.clone().into(),
        until.into(),
        leased_until_us.into(),
    ];
    Ok(run(db, sql, values).await? == 1)
}

async fn run(db: &Db, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, DbFault> {
    let work = db.begin_step().await?;
    let done = work.tx().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    work.done().await?;
    Ok(done.rows_affected())
}
