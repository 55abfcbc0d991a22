//! Counted windows, by subject.

use liufang_kernel::Timestamp;
use sea_orm::Statement;
use sea_orm::entity::prelude::*;

use crate::domain::throttle::{Policy, Window};
use crate::error::IdentityError;

/// Counts one event of a subject and hands the window back. One statement: of many at once each gets a count of its own, and
/// the next waits until the transaction of this one has ended.
pub async fn count<C: ConnectionTrait>(
    connection: &C,
    subject: &str,
    policy: Policy,
    now: Timestamp,
) -> Result<Window, IdentityError> {
    let fresh = policy.count(None, now);
    let still_open = now.plus_seconds(-policy.window_seconds);
    let sql = "INSERT INTO throttle (subject, started_at_us, hits) VALUES ($1, $2, $3) ON CONFLICT (subject) DO UPDATE \
               SET hits = CASE WHEN throttle.started_at_us > $4 THEN throttle.hits + 1 ELSE excluded.hits END, \
               started_at_us = CASE WHEN throttle.started_at_us > $4 THEN throttle.started_at_us \
               ELSE excluded.started_at_us END RETURNING started_at_us, hits";
    let values = [subject.into(), fresh.started_at.0.into(), fresh.count.into(), still_open.0.into()];
    let counted = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = connection.query_one_raw(counted).await?.ok_or(IdentityError::Stored("throttle"))?;
    let started_at = Timestamp(row.try_get("", "started_at_us")?);
    Ok(Window { started_at, count: row.try_get("", "hits")? })
}

/// Forgets windows that began before `before`.
pub async fn forget<C: ConnectionTrait>(connection: &C, before: Timestamp) -> Result<u64, IdentityError> {
    Ok(super::run(connection, "DELETE FROM throttle WHERE started_at_us < $1", [before.0.into()]).await?)
}
