//! The sandbox's tables; the only place that names them.

pub mod channel;
pub mod checks;
pub mod dials;
pub mod insurer;
pub mod jobs;
pub mod messages;
pub mod mobile;
pub mod notices;
pub mod notified;
pub mod sealed;
pub mod wire;

use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

/// Runs a statement; answers how many rows it touched.
async fn run(conn: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, DbFault> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(statement).await?.rows_affected())
}

async fn row(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, DbFault> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_one_raw(statement).await?)
}

async fn rows(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbFault> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_all_raw(statement).await?)
}
