//! The outbox: events commit with the change they tell of, and are published afterwards, at least once.
//!
//! A row is removed when a bus in this process has delivered it. Given to another server it is only marked, and kept until
//! [`purge_step`] ([`super::relay`] says why).

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::wide::Rows;
use super::{Db, DbFault, inbox};
use crate::bus::{Bus, Event};

pub(crate) struct Row {
    pub id: String,
    pub topic: String,
    pub key: String,
    pub payload: Vec<u8>,
    pub traceparent: String,
    pub created_at_us: i64,
}

/// How long a relay may take to publish a leased batch before another may try.
const LEASE_SECONDS: i64 = 30;
pub(super) const BATCH: i64 = 64;
/// Rows of one purge.
const SWEEP: i64 = 500;

pub(crate) async fn insert_all(tx: &impl ConnectionTrait, rows: Vec<Row>) -> Result<(), DbFault> {
    wide(rows).insert(tx, "outbox", "").await?;
    Ok(())
}

pub(super) fn wide(rows: Vec<Row>) -> Rows {
    let mut wide = Rows::new(&[
        "id",
        "topic",
        "key",
        "payload",
        "traceparent",
        "created_at_us",
        "leased_until_us",
        "attempts",
    ]);
    for row in rows {
        let Row { id, topic, key, payload, traceparent, created_at_us } = row;
        let none = || Value::from(0_i64);
        wide.push([
            id.into(),
            topic.into(),
            key.into(),
            payload.into(),
            traceparent.into(),
            created_at_us.into(),
            none(),
            none(),
        ]);
    }
    wide
}

/// Waits until a commit writes to the outbox.
pub async fn wait(db: &Db) {
    db.shared.outbox_bell.notified().await;
}

/// How many events wait to be published, and since when the oldest does.
pub async fn backlog(db: &Db) -> Result<(i64, Timestamp), DbFault> {
    let select = Statement::from_string(
        db.backend(),
        "SELECT COUNT(*) AS waiting, COALESCE(MIN(created_at_us), 0) AS oldest FROM outbox \
         WHERE published_at_us = 0",
    );
    let row = db.read().query_one_raw(select).await?.ok_or(DbFault::LostRace)?;
    Ok((row.try_get("", "waiting")?, Timestamp(row.try_get("", "oldest")?)))
}

/// Takes a batch in order of writing, with how often each was tried.
pub(super) async fn lease(db: &Db, now: Timestamp) -> Result<Vec<(Event, i64)>, DbFault> {
    let work = db.begin_step().await?;
    // the guard is repeated outside the subquery: on PostgreSQL a second relay waits for the row, then finds it leased
    let statement = Statement::from_sql_and_values(
        db.backend(),
        "UPDATE outbox SET leased_until_us = $1, attempts = attempts + 1 \
         WHERE id IN (SELECT id FROM outbox WHERE published_at_us = 0 AND leased_until_us <= $2 ORDER BY id LIMIT $3) \
         AND published_at_us = 0 AND leased_until_us <= $2 \
         RETURNING id, topic, key, payload, traceparent, created_at_us, attempts",
        [now.plus_seconds(LEASE_SECONDS).0.into(), now.0.into(), BATCH.into()],
    );
    let rows = work.tx().query_all_raw(statement).await?;
    work.done().await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let event = Event {
            id: row.try_get("", "id")?,
            topic: row.try_get("", "topic")?,
            key: row.try_get("", "key")?,
            payload: row.try_get("", "payload")?,
            traceparent: row.try_get("", "traceparent")?,
            at: Timestamp(row.try_get("", "created_at_us")?),
        };
        events.push((event, row.try_get("", "attempts")?));
    }
    events.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    Ok(events)
}

pub(super) async fn remove(db: &Db, id: &str) -> Result<(), DbFault> {
    run(db, "DELETE FROM outbox WHERE id = $1", vec![id.into()]).await.map(drop)
}

pub(super) async fn delay(db: &Db, id: &str, until: Timestamp) -> Result<(), DbFault> {
    run(db, "UPDATE outbox SET leased_until_us = $1 WHERE id = $2", vec![until.0.into(), id.into()])
        .await
        .map(drop)
}

/// Gives leased rows back, to be taken at once.
pub(super) async fn release(db: &Db, ids: &[String]) -> Result<(), DbFault> {
    for_ids(db, "UPDATE outbox SET leased_until_us = 0", vec![], ids).await
}

/// Notes which memory of the bus has the rows.
pub(super) async fn mark(db: &Db, ids: &[String], mark: &str, now: Timestamp) -> Result<(), DbFault> {
    // leased for ever: a relay of a version that does not know the mark leaves them alone too
    let set = "UPDATE outbox SET published_at_us = $1, published_epoch = $2, leased_until_us = $3";
    for_ids(db, set, vec![now.0.into(), mark.into(), i64::MAX.into()], ids).await
}

pub(super) async fn remove_all(db: &Db, ids: &[String]) -> Result<(), DbFault> {
    for_ids(db, "DELETE FROM outbox", vec![], ids).await
}

async fn for_ids(db: &Db, sql: &str, mut values: Vec<Value>, ids: &[String]) -> Result<(), DbFault> {
    if ids.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = (0..ids.len()).map(|n| format!("${}", values.len() + n + 1)).collect();
    values.extend(ids.iter().map(|id| Value::from(id.clone())));
    run(db, &format!("{sql} WHERE id IN ({})", places.join(", ")), values).await.map(drop)
}

/// Marked with another memory of the bus than `$1`: two ranges instead of "another than", for the index.
const ELSEWHERE: &str = "published_at_us > 0 AND (published_epoch < $1 OR published_epoch > $1)";

/// Lets at most `limit` rows wait again, oldest first, that were given to another memory of the bus than `mark`; answers how
/// many. Rows that consumers may have forgotten to have handled stay as they are.
pub(super) async fn forget(db: &Db, mark: &str, limit: i64) -> Result<u64, DbFault> {
    let young = format!("{ELSEWHERE} AND created_at_us >= $2");
    let sql = format!(
        "UPDATE outbox SET published_at_us = 0, published_epoch = '', leased_until_us = 0, attempts = 0 \
         WHERE id IN (SELECT id FROM outbox WHERE {young} ORDER BY id LIMIT $3) AND {young}"
    );
    run(db, &sql, vec![mark.into(), replayed_since(db).0.into(), limit.into()]).await
}

/// What was written before is not published again.
fn replayed_since(db: &Db) -> Timestamp {
    db.shared.clock.now().plus_seconds(-inbox::REPLAY_SECONDS)
}

/// Removes some rows that need not be kept any more; answers how many. Those are rows that the present memory of `bus` has
/// had for `keep_seconds`, and rows of another memory that are too old to be published again.
pub async fn purge_step(db: &Db, bus: &dyn Bus, keep_seconds: i64) -> Result<usize, DbFault> {
    if !bus.may_forget() {
        return purge(db, "published_at_us > 0", vec![]).await;
    }
    // while the bus is away nobody knows what it still has
    let Ok(epoch) = bus.epoch().await else { return Ok(0) };
    let mark = epoch.mark();
    let before = db.shared.clock.now().plus_seconds(-keep_seconds);
    let kept = "published_at_us > 0 AND published_epoch = $1 AND published_at_us < $2";
    let kept = purge(db, kept, vec![mark.clone().into(), before.0.into()]).await?;
    let old = format!("{ELSEWHERE} AND created_at_us < $2");
    Ok(kept + purge(db, &old, vec![mark.into(), replayed_since(db).0.into()]).await?)
}

async fn purge(db: &Db, which: &str, values: Vec<Value>) -> Result<usize, DbFault> {
    let sql = format!("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE {which} LIMIT {SWEEP})");
    Ok(usize::try_from(run(db, &sql, values).await?).unwrap_or(usize::MAX))
}

async fn run(db: &Db, sql: &str, values: Vec<Value>) -> Result<u64, DbFault> {
    let work = db.begin_step().await?;
    let done = work.tx().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    work.done().await?;
    Ok(done.rows_affected())
}
