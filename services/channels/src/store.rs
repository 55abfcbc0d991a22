//! The channels' tables; the only place that names them.

pub mod notice;
pub mod order;
pub mod refund;
pub mod sealed;

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
