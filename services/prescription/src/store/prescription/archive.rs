//! What is kept long enough loses its personal data and keeps its place: lines, hand-outs, signatures and the hash of what was
//! signed stay, so every sum and every proof that somebody brings can be checked as before.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::{ConnectionTrait, Statement};

use super::Record;
use crate::store::StoreError;
use crate::store::sealed::{self, seal};

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
