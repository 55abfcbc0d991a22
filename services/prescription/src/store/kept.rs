//! What is kept for a time: sheets and visits, which say in the same words until when.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::StoreError;
use crate::domain::state::{State, VisitState};

/// What carries `keep_until_us` and `archived_at_us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Sheet,
    Visit,
}

impl Kept {
    fn table_and_key(self) -> (&'static str, &'static str) {
        match self {
            Kept::Sheet => ("prescription", "hi_rxno"),
            Kept::Visit => ("visit", "visit_id"),
        }
    }

    /// Codes of the states in which it is over.
    fn over(self) -> Vec<i32> {
        match self {
            Kept::Sheet => {
                State::ALL.iter().filter(|state| state.is_terminal()).map(|state| state.code()).collect()
            }
            Kept::Visit => [VisitState::Completed, VisitState::Cancelled].map(VisitState::code).into(),
        }
    }
}

/// Keys of what is over and kept long enough, what ended first coming first; what has no end set is kept.
pub async fn outlived(
    conn: &impl ConnectionTrait,
    kept: Kept,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let (table, key) = kept.table_and_key();
    let over: Vec<String> = kept.over().iter().map(i32::to_string).collect();
    let sql = format!(
        "SELECT {key} AS kept FROM {table} WHERE archived_at_us = 0 AND keep_until_us > 0 AND keep_until_us <= $1 \
         AND state IN ({}) ORDER BY keep_until_us LIMIT $2",
        over.join(", ")
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [now.0.into(), limit.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    let keys: Result<Vec<String>, DbErr> = rows.iter().map(|row| row.try_get("", "kept")).collect();
    Ok(keys?)
}
