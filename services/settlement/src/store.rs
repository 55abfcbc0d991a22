//! The settlement database: the only place that names tables.

pub mod account;
pub mod accumulator;
pub mod audit;
pub mod claim;
pub mod claim_line;
pub mod fetch;
pub mod hold;
pub mod late;
pub mod ledger;
pub mod message;
pub mod mobile;
pub mod need;
pub mod notice;
pub mod pack;
pub mod payer;
pub mod payment;
pub mod quote;
pub mod receivable;
pub mod reconcile;
pub mod refund;
pub mod sealed;
pub mod statement;
pub mod stuck;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

fn statement(conn: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

/// Runs a statement; answers the number of rows it touched.
async fn exec(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    Ok(conn.execute_raw(statement(conn, sql, values)).await?.rows_affected())
}

async fn one(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    conn.query_one_raw(statement(conn, sql, values)).await
}

async fn all(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    conn.query_all_raw(statement(conn, sql, values)).await
}
