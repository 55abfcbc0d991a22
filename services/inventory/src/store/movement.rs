//! The stock ledger: rows are added and read, never changed.

use std::collections::HashMap;

use liufang_kernel::{Quantity, Timestamp, UnitPrice};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::sql;
use crate::domain::book::KnownRow;
use crate::domain::movement::Sale;
use crate::domain::{Movement, MovementKind};
use crate::error::InventoryError;

const COLUMNS: &str = "movement_id, fixmedins_code, fixmedins_bchno, kind, med_list_codg, lot_id, manu_lotnum, \
     quantity_e4, price_micro, at_us, supplier, order_id, line_no, setl_id, hi_rxno, mdtrt_setl_type, pharmacist_code";

#[derive(FromQueryResult)]
struct Row {
    movement_id: String,
    fixmedins_code: String,
    fixmedins_bchno: String,
    kind: i32,
    med_list_codg: String,
    lot_id: String,
    manu_lotnum: String,
    quantity_e4: i64,
    price_micro: Option<i64>,
    at_us: i64,
    supplier: String,
    order_id: String,
    line_no: i32,
    setl_id: String,
    hi_rxno: String,
    mdtrt_setl_type: String,
    pharmacist_code: String,
}

impl Row {
    fn into_movement(self, codes: &mut HashMap<String, Vec<String>>) -> Result<Movement, InventoryError> {
        let kind = MovementKind::from_number(self.kind).ok_or(InventoryError::Corrupt("movement"))?;
        Ok(Movement {
            kind,
            fixmedins_code: self.fixmedins_code,
            fixmedins_bchno: self.fixmedins_bchno,
            med_list_codg: self.med_list_codg,
            lot_id: self.lot_id,
            manu_lotnum: self.manu_lotnum,
            quantity: Quantity(self.quantity_e4),
            price: self.price_micro.map(UnitPrice),
            at: Timestamp(self.at_us),
            supplier: self.supplier,
            sale: Sale {
                order_id: self.order_id,
                line_no: self.line_no,
                setl_id: self.setl_id,
                hi_rxno: self.hi_rxno,
                mdtrt_setl_type: self.mdtrt_setl_type,
                pharmacist_code: self.pharmacist_code,
            },
            trace_codes: codes.remove(&self.movement_id).unwrap_or_default(),
            movement_id: self.movement_id,
        })
    }
}

#[derive(FromQueryResult)]
struct CodeRow {
    movement_id: String,
    drug_trac_codg: String,
}

async fn with_codes(conn: &impl ConnectionTrait, rows: Vec<Row>) -> Result<Vec<Movement>, InventoryError> {
    let mut codes: HashMap<String, Vec<String>> = HashMap::new();
    if !rows.is_empty() {
        let query = format!(
            "SELECT movement_id, drug_trac_codg FROM movement_code WHERE movement_id IN ({}) ORDER BY drug_trac_codg",
            sql::list(1, rows.len())
        );
        let ids = sql::texts(rows.iter().map(|row| &row.movement_id));
        for row in sql::rows::<CodeRow>(conn, query, ids).await? {
            codes.entry(row.movement_id).or_default().push(row.drug_trac_codg);
        }
    }
    rows.into_iter().map(|row| row.into_movement(&mut codes)).collect()
}

/// Adds rows to the ledger. A row key that was taken meanwhile is a lost race: the caller rolls back.
pub async fn insert(conn: &impl ConnectionTrait, movements: &[Movement]) -> Result<(), InventoryError> {
    let values = |row: &Movement| -> Vec<Value> {
        vec![
            row.movement_id.clone().into(),
            row.fixmedins_code.clone().into(),
            row.fixmedins_bchno.clone().into(),
            row.kind.number().into(),
            row.med_list_codg.clone().into(),
            row.lot_id.clone().into(),
            row.manu_lotnum.clone().into(),
            row.quantity.0.into(),
            row.price.map(|price| price.0).into(),
            row.at.0.into(),
            row.supplier.clone().into(),
            row.sale.order_id.clone().into(),
            row.sale.line_no.into(),
            row.sale.setl_id.clone().into(),
            row.sale.hi_rxno.clone().into(),
            row.sale.mdtrt_setl_type.clone().into(),
            row.sale.pharmacist_code.clone().into(),
        ]
    };
    let tail = "ON CONFLICT (fixmedins_code, fixmedins_bchno) DO NOTHING";
    let rows = movements.iter().map(values).collect();
    let inserted = sql::insert(conn, &format!("movement ({COLUMNS})"), 17, rows, tail).await?;
    if usize::try_from(inserted) != Ok(movements.len()) {
        return Err(InventoryError::lost_race());
    }
    let code = |row: &Movement, code: &String| vec![row.movement_id.clone().into(), code.clone().into()];
    let codes: Vec<Vec<Value>> =
        movements.iter().flat_map(|row| row.trace_codes.iter().map(move |text| code(row, text))).collect();
    sql::insert(conn, "movement_code (movement_id, drug_trac_codg)", 2, codes, "").await?;
    Ok(())
}

/// Which of the institution's row keys are taken, and for what.
pub async fn known(
    conn: &impl ConnectionTrait,
    institution: &str,
    keys: &[String],
) -> Result<HashMap<String, KnownRow>, InventoryError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let query = format!(
        "SELECT {COLUMNS} FROM movement WHERE fixmedins_code = $1 AND fixmedins_bchno IN ({})",
        sql::list(2, keys.len())
    );
    let mut values: Vec<Value> = vec![institution.into()];
    values.extend(sql::texts(keys));
    let mut known = HashMap::new();
    for row in sql::rows::<Row>(conn, query, values).await? {
        let kind = MovementKind::from_number(row.kind).ok_or(InventoryError::Corrupt("movement"))?;
        let content = KnownRow {
            kind,
            med_list_codg: row.med_list_codg,
            manu_lotnum: row.manu_lotnum,
            quantity: Quantity(row.quantity_e4),
        };
        known.insert(row.fixmedins_bchno, content);
    }
    Ok(known)
}

/// Rows of one order and kind, in the order they were written.
pub async fn of_order(
    conn: &impl ConnectionTrait,
    order_id: &str,
    kind: MovementKind,
) -> Result<Vec<Movement>, InventoryError> {
    let query =
        format!("SELECT {COLUMNS} FROM movement WHERE order_id = $1 AND kind = $2 ORDER BY movement_id");
    let rows = sql::rows(conn, query, vec![order_id.into(), kind.number().into()]).await?;
    with_codes(conn, rows).await
}

/// What a list asks.
#[derive(Clone, Debug)]
pub struct Filter {
    pub institution: String,
    /// Empty: all.
    pub order_id: String,
    /// Empty: all.
    pub med_list_codg: String,
    /// The last row of the page before.
    pub before: Option<(i64, String)>,
    pub limit: u64,
}

/// Rows of an institution, newest first.
pub async fn list(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Movement>, InventoryError> {
    let mut values: Vec<Value> = vec![filter.institution.clone().into()];
    let mut wheres = String::from("fixmedins_code = $1");
    for (column, value) in [("order_id", &filter.order_id), ("med_list_codg", &filter.med_list_codg)] {
        if !value.is_empty() {
            values.push(value.clone().into());
            wheres.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    if let Some((at, id)) = &filter.before {
        values.extend([(*at).into(), id.clone().into()]);
        let (a, i) = (values.len() - 1, values.len());
        wheres.push_str(&format!(" AND (at_us < ${a} OR (at_us = ${a} AND movement_id < ${i}))"));
    }
    values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    let query = format!(
        "SELECT {COLUMNS} FROM movement WHERE {wheres} ORDER BY at_us DESC, movement_id DESC LIMIT ${}",
        values.len()
    );
    let rows = sql::rows(conn, query, values).await?;
    with_codes(conn, rows).await
}

/// Rows that carried a code, oldest first; of one institution unless `institution` is empty.
pub async fn of_code(
    conn: &impl ConnectionTrait,
    code: &str,
    institution: &str,
) -> Result<Vec<Movement>, InventoryError> {
    let query = format!(
        "SELECT {COLUMNS} FROM movement WHERE movement_id IN \
         (SELECT movement_id FROM movement_code WHERE drug_trac_codg = $1) AND ($2 = '' OR fixmedins_code = $2) \
         ORDER BY at_us, movement_id"
    );
    let rows = sql::rows(conn, query, vec![code.into(), institution.into()]).await?;
    with_codes(conn, rows).await
}
