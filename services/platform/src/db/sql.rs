//! Plain statements; the same text on both databases.

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::DbFault;

/// Runs a statement; answers how many rows it touched.
pub async fn run(conn: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, DbFault> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(statement).await?.rows_affected())
}

/// The first row, if there is one.
pub async fn row(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, DbFault> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_one_raw(statement).await?)
}

/// Every row.
pub async fn rows(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbFault> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_all_raw(statement).await?)
}
