//! Trace codes: one row per pack, unique across all institutions.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::sql;
use crate::domain::book::CodeEntry;
use crate::domain::{MovementKind, TraceRecord, TraceState};
use crate::error::InventoryError;

const COLUMNS: &str =
    "drug_trac_codg, med_list_codg, fixmedins_code, lot_id, state, order_id, gone_by, version";

#[derive(FromQueryResult)]
struct Row {
    drug_trac_codg: String,
    med_list_codg: String,
    fixmedins_code: String,
    lot_id: String,
    state: String,
    order_id: String,
    gone_by: i32,
    version: i64,
}

impl TryFrom<Row> for TraceRecord {
    type Error = InventoryError;
    fn try_from(row: Row) -> Result<TraceRecord, InventoryError> {
        Ok(TraceRecord {
            state: TraceState::from_code(&row.state).ok_or(InventoryError::Corrupt("trace code"))?,
            gone_by: MovementKind::from_number(row.gone_by),
            code: row.drug_trac_codg,
            med_list_codg: row.med_list_codg,
            fixmedins_code: row.fixmedins_code,
            lot_id: row.lot_id,
            order_id: row.order_id,
            version: row.version,
        })
    }
}

/// The known ones of `codes`.
pub async fn by_codes(
    conn: &impl ConnectionTrait,
    codes: &[String],
) -> Result<Vec<TraceRecord>, InventoryError> {
    let mut found = Vec::new();
    for chunk in codes.chunks(sql::MAX_PARAMS) {
        let query = format!(
            "SELECT {COLUMNS} FROM trace_code WHERE drug_trac_codg IN ({})",
            sql::list(1, chunk.len())
        );
        for row in sql::rows::<Row>(conn, query, sql::texts(chunk)).await? {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

fn gone_by(record: &TraceRecord) -> i32 {
    record.gone_by.map_or(0, MovementKind::number)
}

/// Writes what a batch did to codes. A code that came in elsewhere meanwhile is a lost race: the caller rolls back.
pub async fn write(conn: &impl ConnectionTrait, changed: &[&CodeEntry]) -> Result<(), InventoryError> {
    let (new, moved): (Vec<&CodeEntry>, Vec<&CodeEntry>) =
        changed.iter().copied().partition(|entry| entry.is_new);
    let values = |entry: &&CodeEntry| -> Vec<Value> {
        let record = &entry.record;
        vec![
            record.code.clone().into(),
            record.med_list_codg.clone().into(),
            record.fixmedins_code.clone().into(),
            record.lot_id.clone().into(),
            record.state.code().into(),
            record.order_id.clone().into(),
            gone_by(record).into(),
            record.version.into(),
        ]
    };
    let into = format!("trace_code ({COLUMNS})");
    let tail = "ON CONFLICT (drug_trac_codg) DO NOTHING";
    let inserted = sql::insert(conn, &into, 8, new.iter().map(values).collect(), tail).await?;
    if usize::try_from(inserted) != Ok(new.len()) {
        return Err(InventoryError::lost_race());
    }
    for chunk in moved.chunks(sql::MAX_PARAMS / 8) {
        let query = format!(
            "UPDATE trace_code SET med_list_codg = v.column2, fixmedins_code = v.column3, lot_id = v.column4, \
             state = v.column5, order_id = v.column6, gone_by = v.column7, version = version + 1 \
             FROM (VALUES {}) AS v WHERE drug_trac_codg = v.column1 AND version = v.column8",
            sql::tuples(chunk.len(), 8)
        );
        let changed = sql::run(conn, query, chunk.iter().flat_map(values).collect()).await?;
        if usize::try_from(changed) != Ok(chunk.len()) {
            return Err(InventoryError::lost_race());
        }
    }
    Ok(())
}

/// Sells codes that are in stock in `institution`; answers how many were. Fewer than asked: somebody was faster.
pub async fn sell(
    conn: &impl ConnectionTrait,
    institution: &str,
    order_id: &str,
    codes: &[String],
) -> Result<u64, DbErr> {
    if codes.is_empty() {
        return Ok(0);
    }
    let query = format!(
        "UPDATE trace_code SET state = 'dispensed', order_id = $1, version = version + 1 \
         WHERE fixmedins_code = $2 AND state = 'in_stock' AND drug_trac_codg IN ({})",
        sql::list(3, codes.len())
    );
    let mut values: Vec<Value> = vec![order_id.into(), institution.into()];
    values.extend(sql::texts(codes));
    sql::run(conn, query, values).await
}

/// Takes sold codes of an order back into `lot_id`, once; answers how many came back.
pub async fn take_back(
    conn: &impl ConnectionTrait,
    order_id: &str,
    lot_id: &str,
    codes: &[String],
) -> Result<u64, DbErr> {
    if codes.is_empty() {
        return Ok(0);
    }
    let query = format!(
        "UPDATE trace_code SET state = 'returned', lot_id = $1, version = version + 1 \
         WHERE order_id = $2 AND state = 'dispensed' AND drug_trac_codg IN ({})",
        sql::list(3, codes.len())
    );
    let mut values: Vec<Value> = vec![lot_id.into(), order_id.into()];
    values.extend(sql::texts(codes));
    sql::run(conn, query, values).await
}

/// Puts the returned packs of a freed lot on sale again.
pub async fn reopen_lot(conn: &impl ConnectionTrait, lot_id: &str) -> Result<u64, DbErr> {
    let query = "UPDATE trace_code SET state = 'in_stock', order_id = '', version = version + 1 \
         WHERE lot_id = $1 AND state = 'returned'";
    sql::run(conn, query, vec![lot_id.into()]).await
}

/// Notes a refused second sale; false when it was noted before.
pub async fn note_resale(
    conn: &impl ConnectionTrait,
    code: &str,
    order_id: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let query = "INSERT INTO resale_attempt (drug_trac_codg, order_id, at_us) VALUES ($1, $2, $3) \
         ON CONFLICT (drug_trac_codg, order_id) DO NOTHING";
    Ok(sql::run(conn, query, vec![code.into(), order_id.into(), now.0.into()]).await? == 1)
}

/// How many second sales were refused since.
pub async fn resales_since(conn: &impl ConnectionTrait, since: Timestamp) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Count {
        count: i64,
    }
    let query = "SELECT COUNT(*) AS count FROM resale_attempt WHERE at_us >= $1";
    let rows = sql::rows::<Count>(conn, query, vec![since.0.into()]).await?;
    Ok(rows.first().map_or(0, |row| row.count))
}
