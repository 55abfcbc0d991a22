//! What is kept long enough loses its personal data and keeps its place: lines, hand-outs, signatures and the hash of what was
//! signed stay, so every sum and every proof that somebody brings can be checked as before.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, Statement};

use super::{Column, Entity, Record};
use crate::domain::state::State;
use crate::store::StoreError;
use crate::store::sealed::{self, seal};

/// Numbers of prescriptions that are over and kept long enough.
pub async fn outlived(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let over = State::ALL.iter().filter(|state| state.is_terminal()).map(|state| state.code());
    let numbers = Entity::find()
        .select_only()
        .column(Column::HiRxno)
        .filter(Column::ArchivedAtUs.eq(0))
        .filter(Column::KeepUntilUs.gt(0))
        .filter(Column::KeepUntilUs.lte(now.0))
        .filter(Column::State.is_in(over))
        .order_by_asc(Column::KeepUntilUs)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(numbers)
}

/// Takes the personal data out of a row as it was read; false when somebody else changed it meanwhile.
pub async fn archive(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    record: &Record,
    document_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE prescription SET person_id = '', disease = '', diagnosis = '', renews = '', findings_sealed = $1, \
               token_sealed = '', hospital_opinion_sealed = '', review_opinion_sealed = '', end_reason_sealed = '', \
               document_sealed = '', document_hash = $2, archived_at_us = $3, version = version + 1 \
               WHERE hi_rxno = $4 AND version = $5 AND archived_at_us = 0";
    let values = [
        seal(cipher, sealed::FINDINGS, "[]").into(),
        document_hash.into(),
        now.0.into(),
        record.rx.hi_rxno.as_str().into(),
        record.rx.version.into(),
    ];
    let done =
        conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected() == 1)
}
