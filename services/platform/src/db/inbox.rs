//! The inbox: a consumer's effect of an event happens once, however often the event is delivered.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::{Db, DbFault};

/// Notes the event for the consumer; false when it was noted before.
pub(crate) async fn claim(
    tx: &impl ConnectionTrait,
    consumer: &str,
    event_id: &str,
    now: Timestamp,
) -> Result<bool, DbFault> {
    let insert = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "INSERT INTO inbox (consumer, event_id, at_us) VALUES ($1, $2, $3) ON CONFLICT (consumer, event_id) DO NOTHING",
        [consumer.into(), event_id.into(), now.0.into()],
    );
    Ok(tx.execute_raw(insert).await?.rows_affected() == 1)
}

/// How long keys and inbox rows are kept: far longer than any retry lives, and longer than events are published again.
const KEEP_DAYS: i64 = 14;
/// An event older than this is not published again: consumers would soon have forgotten that they handled it. A day is for
/// the way and for clocks.
pub(crate) const REPLAY_SECONDS: i64 = (KEEP_DAYS - 1) * 86_400;

/// Rows of one purge.
const BATCH: i64 = 1_000;

/// Forgets some idempotency keys and inbox rows that no retry can reach any more; answers how many.
pub async fn purge_step(db: &Db) -> Result<usize, DbFault> {
    let before = db.shared.clock.now().plus_days(-KEEP_DAYS).0;
    let work = db.begin_step().await?;
    let mut purged = 0;
    for sql in [
        "DELETE FROM inbox WHERE (consumer, event_id) IN \
         (SELECT consumer, event_id FROM inbox WHERE at_us < $1 LIMIT $2)",
        "DELETE FROM idempotency WHERE scope IN \
         (SELECT scope FROM idempotency WHERE created_at_us < $1 LIMIT $2)",
    ] {
        let delete = Statement::from_sql_and_values(db.backend(), sql, [before.into(), BATCH.into()]);
        purged += work.tx().execute_raw(delete).await?.rows_affected();
    }
    work.done().await?;
    Ok(usize::try_from(purged).unwrap_or(usize::MAX))
}
