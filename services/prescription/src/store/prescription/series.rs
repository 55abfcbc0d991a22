//! The uses of a series beside the one that is acted on. Statements touch the opening alone: it is no part of what a step of
//! the use itself writes, so neither undoes the other.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::domain::repeat::Series;
use crate::store::StoreError;

/// Later uses open no earlier than `earliest`. Earlier openings of further uses lie beyond it already.
pub async fn postpone(
    conn: &impl ConnectionTrait,
    series: &Series,
    earliest: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE prescription SET opens_at_us = $1 \
               WHERE series = $2 AND use_no > $3 AND opens_at_us < $1";
    let values = [earliest.0.into(), series.first.as_str().into(), series.use_no.into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// The goods came back: the use after this one opens again as signed.
pub async fn restore(conn: &impl ConnectionTrait, series: &Series) -> Result<(), StoreError> {
    let sql = "UPDATE prescription SET opens_at_us = planned_at_us WHERE series = $1 AND use_no = $2";
    let values = [series.first.as_str().into(), (series.use_no + 1).into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Numbers of the uses after this one, in their order.
pub async fn later(conn: &impl ConnectionTrait, series: &Series) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT hi_rxno FROM prescription WHERE series = $1 AND use_no > $2 ORDER BY use_no";
    let values = [series.first.as_str().into(), series.use_no.into()];
    let rows =
        conn.query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "hi_rxno")).collect::<Result<_, _>>()?)
}
