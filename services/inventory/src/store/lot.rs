//! Lots and their guarded quantities.

use liufang_kernel::{Date, Quantity, timestamp};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::sql;
use crate::domain::{Lot, LotState, Origin};
use crate::error::InventoryError;

const COLUMNS: &str = "lot_id, fixmedins_code, med_list_codg, manu_lotnum, origin, manu_date, expy_end, on_hand_e4, \
     reserved_e4, state";

#[derive(FromQueryResult)]
struct Row {
    lot_id: String,
    fixmedins_code: String,
    med_list_codg: String,
    manu_lotnum: String,
    origin: String,
    manu_date: String,
    expy_end: String,
    on_hand_e4: i64,
    reserved_e4: i64,
    state: String,
}

impl TryFrom<Row> for Lot {
    type Error = InventoryError;
    fn try_from(row: Row) -> Result<Lot, InventoryError> {
        let corrupt = || InventoryError::Corrupt("lot");
        Ok(Lot {
            origin: Origin::from_code(&row.origin).ok_or_else(corrupt)?,
            manu_date: timestamp::parse_date(&row.manu_date),
            expy_end: timestamp::parse_date(&row.expy_end).ok_or_else(corrupt)?,
            on_hand: Quantity(row.on_hand_e4),
            reserved: Quantity(row.reserved_e4),
            state: LotState::from_code(&row.state).ok_or_else(corrupt)?,
            lot_id: row.lot_id,
            fixmedins_code: row.fixmedins_code,
            med_list_codg: row.med_list_codg,
            manu_lotnum: row.manu_lotnum,
        })
    }
}

fn lots(rows: Vec<Row>) -> Result<Vec<Lot>, InventoryError> {
    rows.into_iter().map(Lot::try_from).collect()
}

/// Lots of `drugs` in an institution, by drug and expiry; of all drugs when `drugs` is empty.
pub async fn of(
    conn: &impl ConnectionTrait,
    institution: &str,
    drugs: &[String],
) -> Result<Vec<Lot>, InventoryError> {
    let mut values: Vec<Value> = vec![institution.into()];
    values.extend(sql::texts(drugs));
    let among = match drugs.len() {
        0 => String::new(),
        count => format!("AND med_list_codg IN ({})", sql::list(2, count)),
    };
    let query = format!(
        "SELECT {COLUMNS} FROM lot WHERE fixmedins_code = $1 {among} ORDER BY med_list_codg, expy_end, lot_id"
    );
    lots(sql::rows(conn, query, values).await?)
}

/// Lots an order can be served from today, first expired first.
pub async fn saleable(
    conn: &impl ConnectionTrait,
    institution: &str,
    drugs: &[String],
    today: Date,
) -> Result<Vec<Lot>, InventoryError> {
    let mut values: Vec<Value> = vec![institution.into(), timestamp::date_text(today).into()];
    values.extend(sql::texts(drugs));
    let query = format!(
        "SELECT {COLUMNS} FROM lot WHERE fixmedins_code = $1 AND state = 'ok' AND expy_end > $2 \
         AND reserved_e4 < on_hand_e4 AND med_list_codg IN ({}) ORDER BY med_list_codg, expy_end, lot_id",
        sql::list(3, drugs.len())
    );
    lots(sql::rows(conn, query, values).await?)
}

/// Lots by id.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<Lot>, InventoryError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!("SELECT {COLUMNS} FROM lot WHERE lot_id IN ({})", sql::list(1, ids.len()));
    lots(sql::rows(conn, query, sql::texts(ids)).await?)
}

/// Opens lots; answers how many were new. A lot that is known already is left as it is.
pub async fn insert(conn: &impl ConnectionTrait, opened: &[Lot]) -> Result<u64, DbErr> {
    let values = |lot: &Lot| -> Vec<Value> {
        vec![
            lot.lot_id.clone().into(),
            lot.fixmedins_code.clone().into(),
            lot.med_list_codg.clone().into(),
            lot.manu_lotnum.clone().into(),
            lot.origin.code().into(),
            lot.manu_date.map(timestamp::date_text).unwrap_or_default().into(),
            timestamp::date_text(lot.expy_end).into(),
            lot.on_hand.0.into(),
            lot.reserved.0.into(),
            lot.state.code().into(),
            "".into(),
        ]
    };
    let into = format!("lot ({COLUMNS}, state_reason)");
    let tail = "ON CONFLICT (fixmedins_code, med_list_codg, manu_lotnum, origin) DO NOTHING";
    sql::insert(conn, &into, 11, opened.iter().map(values).collect(), tail).await
}

/// A change of one lot's quantities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub lot_id: String,
    pub on_hand: Quantity,
    pub reserved: Quantity,
}

/// Changes of an order are made one by one in the order of lot ids, so that orders never wait for each other crosswise:
/// a statement for many rows locks them in an order of its own. Larger batches are reports of one institution.
const ONE_BY_ONE: usize = 8;

/// Changes several lots. Each change is guarded: no quantity goes below zero, nothing more is reserved than there is.
/// Fewer rows than changes means a lost race, and the caller rolls back.
pub async fn change(conn: &impl ConnectionTrait, changes: &[Change]) -> Result<(), InventoryError> {
    let mut changes: Vec<&Change> =
        changes.iter().filter(|change| change.on_hand.0 != 0 || change.reserved.0 != 0).collect();
    changes.sort_by(|a, b| a.lot_id.cmp(&b.lot_id));
    let size = if changes.len() <= ONE_BY_ONE { 1 } else { sql::MAX_PARAMS / 3 };
    for chunk in changes.chunks(size) {
        change_chunk(conn, chunk).await?;
    }
    Ok(())
}

async fn change_chunk(conn: &impl ConnectionTrait, changes: &[&Change]) -> Result<(), InventoryError> {
    let query = format!(
        "UPDATE lot SET on_hand_e4 = on_hand_e4 + v.column2, reserved_e4 = reserved_e4 + v.column3 \
         FROM (VALUES {}) AS v WHERE lot_id = v.column1 AND on_hand_e4 + v.column2 >= 0 \
         AND reserved_e4 + v.column3 >= 0 AND reserved_e4 + v.column3 <= on_hand_e4 + v.column2",
        sql::tuples(changes.len(), 3)
    );
    let row = |change: &&Change| -> Vec<Value> {
        vec![change.lot_id.clone().into(), change.on_hand.0.into(), change.reserved.0.into()]
    };
    let values: Vec<Value> = changes.iter().flat_map(row).collect();
    let changed = sql::run(conn, query, values).await?;
    if usize::try_from(changed) == Ok(changes.len()) { Ok(()) } else { Err(InventoryError::lost_race()) }
}

/// Sets the state of a lot; `institution` empty means any. Answers the lot as it is now, or `None` when there is none.
pub async fn set_state(
    conn: &impl ConnectionTrait,
    lot_id: &str,
    institution: &str,
    state: LotState,
    reason: &str,
) -> Result<Option<Lot>, InventoryError> {
    let query = format!(
        "UPDATE lot SET state = $1, state_reason = $2 WHERE lot_id = $3 AND ($4 = '' OR fixmedins_code = $4) \
         RETURNING {COLUMNS}"
    );
    let values: Vec<Value> = vec![state.code().into(), reason.into(), lot_id.into(), institution.into()];
    Ok(lots(sql::rows(conn, query, values).await?)?.pop())
}

/// Holds a lot that takes packs of `sold_lot_id` back: recalled as that one is, and never out of a recall.
pub async fn take_back(
    conn: &impl ConnectionTrait,
    lot_id: &str,
    sold_lot_id: &str,
    reason: &str,
) -> Result<(), DbErr> {
    let query = "UPDATE lot SET state_reason = $1, state = CASE WHEN EXISTS (SELECT 1 FROM lot AS sold \
         WHERE sold.lot_id = $2 AND sold.state = 'recalled') THEN 'recalled' ELSE 'held' END \
         WHERE lot_id = $3 AND state <> 'recalled'";
    sql::run(conn, query, vec![reason.into(), sold_lot_id.into(), lot_id.into()]).await?;
    Ok(())
}
