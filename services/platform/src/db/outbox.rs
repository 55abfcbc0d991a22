//! The outbox: events commit with the change they tell of, and are published afterwards, at least once.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::{Db, DbFault};
use crate::bus::{Bus, Event};

pub(crate) struct Row<'a> {
    pub id: &'a str,
    pub topic: &'a str,
    pub key: &'a str,
    pub payload: Vec<u8>,
    pub traceparent: String,
    pub created_at_us: i64,
}

/// How long a relay may take to publish a leased batch before another may try.
const LEASE_SECONDS: i64 = 30;
const BATCH: i64 = 64;

pub(crate) async fn insert(tx: &impl ConnectionTrait, row: Row<'_>) -> Result<(), DbFault> {
    let insert = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "INSERT INTO outbox (id, topic, key, payload, traceparent, created_at_us, leased_until_us, attempts) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
        [
            row.id.into(),
            row.topic.into(),
            row.key.into(),
            row.payload.into(),
            row.traceparent.into(),
            row.created_at_us.into(),
        ],
    );
    tx.execute_raw(insert).await?;
    Ok(())
}

/// Publishes one batch in order of writing; answers how many were published. A failed event is tried again later with
/// growing delays; events of other keys go on.
pub async fn relay_step(db: &Db, bus: &dyn Bus) -> Result<usize, DbFault> {
    let now = db.shared.clock.now();
    let leased = lease(db, now).await?;
    let mut published = 0;
    for (event, attempts) in leased {
        match bus.publish(&event).await {
            Ok(()) => {
                remove(db, &event.id).await?;
                published += 1;
            }
            Err(error) => {
                tracing::info!(topic = event.topic, attempts, "event not delivered yet: {error}");
                delay(db, &event.id, retry_at(now, attempts)).await?;
            }
        }
    }
    Ok(published)
}

/// A fifth of a second after the first failure, doubling up to a minute and a half.
fn retry_at(now: Timestamp, attempts: i64) -> Timestamp {
    Timestamp(now.0 + (100_000_i64 << attempts.clamp(0, 10)))
}

/// Waits until a commit writes to the outbox.
pub async fn wait(db: &Db) {
    db.shared.outbox_bell.notified().await;
}

/// How many events wait, and since when the oldest does.
pub async fn backlog(db: &Db) -> Result<(i64, Timestamp), DbFault> {
    let select = Statement::from_string(
        db.backend(),
        "SELECT COUNT(*) AS waiting, COALESCE(MIN(created_at_us), 0) AS oldest FROM outbox",
    );
    let row = db.read().query_one_raw(select).await?.ok_or(DbFault::LostRace)?;
    Ok((row.try_get("", "waiting")?, Timestamp(row.try_get("", "oldest")?)))
}

async fn lease(db: &Db, now: Timestamp) -> Result<Vec<(Event, i64)>, DbFault> {
    let work = db.begin_step().await?;
    // the guard is repeated outside the subquery: on PostgreSQL a second relay waits for the row, then finds it leased
    let statement = Statement::from_sql_and_values(
        db.backend(),
        "UPDATE outbox SET leased_until_us = $1, attempts = attempts + 1 \
         WHERE id IN (SELECT id FROM outbox WHERE leased_until_us <= $2 ORDER BY id LIMIT $3) AND leased_until_us <= $2 \
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

async fn remove(db: &Db, id: &str) -> Result<(), DbFault> {
    run(db, "DELETE FROM outbox WHERE id = $1", [id.into()]).await
}

async fn delay(db: &Db, id: &str, until: Timestamp) -> Result<(), DbFault> {
    run(db, "UPDATE outbox SET leased_until_us = $1 WHERE id = $2", [until.0.into(), id.into()]).await
}

async fn run<const N: usize>(db: &Db, sql: &str, values: [sea_orm::Value; N]) -> Result<(), DbFault> {
    let work = db.begin_step().await?;
    work.tx().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    work.done().await
}
