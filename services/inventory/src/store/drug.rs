//! Catalogue rows.

use liufang_kernel::{Timestamp, UnitPrice};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::sql;
use crate::domain::{Drug, RxFlag};
use crate::error::InventoryError;

const COLUMNS: &str = "med_list_codg, generic_name, generic_name_en, trade_name, dosage_form, strength, pack, \
     units_per_pack, billing_unit, maker, approval_no, chrgitm_lv, first_selfpay_ratio, rx_flag, otc_class, \
     restricted, negotiated, controlled, storage, online_forbidden, hi_mark, trace_prefix, pay_standard_micro, \
     disease_codes";

#[derive(FromQueryResult)]
struct Row {
    med_list_codg: String,
    generic_name: String,
    generic_name_en: String,
    trade_name: String,
    dosage_form: String,
    strength: String,
    pack: String,
    units_per_pack: i64,
    billing_unit: String,
    maker: String,
    approval_no: String,
    chrgitm_lv: String,
    first_selfpay_ratio: String,
    rx_flag: String,
    otc_class: String,
    restricted: bool,
    negotiated: bool,
    controlled: String,
    storage: String,
    online_forbidden: String,
    hi_mark: bool,
    trace_prefix: String,
    pay_standard_micro: Option<i64>,
    disease_codes: String,
}

impl TryFrom<Row> for Drug {
    type Error = InventoryError;
    fn try_from(row: Row) -> Result<Drug, InventoryError> {
        let corrupt = || InventoryError::Corrupt("drug");
        Ok(Drug {
            units_per_pack: u32::try_from(row.units_per_pack).map_err(|_| corrupt())?,
            first_selfpay_ratio: row.first_selfpay_ratio.parse().map_err(|_| corrupt())?,
            rx_flag: RxFlag::from_code(&row.rx_flag).ok_or_else(corrupt)?,
            pay_standard: row.pay_standard_micro.map(UnitPrice),
            disease_codes: row.disease_codes.split_whitespace().map(str::to_owned).collect(),
            med_list_codg: row.med_list_codg,
            generic_name: row.generic_name,
            generic_name_en: row.generic_name_en,
            trade_name: row.trade_name,
            dosage_form: row.dosage_form,
            strength: row.strength,
            pack: row.pack,
            billing_unit: row.billing_unit,
            maker: row.maker,
            approval_no: row.approval_no,
            chrgitm_lv: row.chrgitm_lv,
            otc_class: row.otc_class,
            restricted: row.restricted,
            negotiated: row.negotiated,
            controlled: row.controlled,
            storage: row.storage,
            online_forbidden: row.online_forbidden,
            hi_mark: row.hi_mark,
            trace_prefix: row.trace_prefix,
        })
    }
}

fn drugs(rows: Vec<Row>) -> Result<Vec<Drug>, InventoryError> {
    rows.into_iter().map(Drug::try_from).collect()
}

/// The known ones of `codes`, by code.
pub async fn by_codes(conn: &impl ConnectionTrait, codes: &[String]) -> Result<Vec<Drug>, InventoryError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let places = sql::list(1, codes.len());
    let query =
        format!("SELECT {COLUMNS} FROM drug WHERE med_list_codg IN ({places}) ORDER BY med_list_codg");
    drugs(sql::rows(conn, query, sql::texts(codes)).await?)
}

/// Every drug that shares substance and dosage form with one of `substances`.
pub async fn by_substances(
    conn: &impl ConnectionTrait,
    substances: &[String],
) -> Result<Vec<Drug>, InventoryError> {
    if substances.is_empty() {
        return Ok(Vec::new());
    }
    let places = sql::list(1, substances.len());
    let query = format!("SELECT {COLUMNS} FROM drug WHERE substance IN ({places}) ORDER BY med_list_codg");
    drugs(sql::rows(conn, query, sql::texts(substances)).await?)
}

/// What a search asks.
#[derive(Clone, Debug)]
pub struct Search {
    pub query: String,
    pub only_hi_mark: bool,
    pub rx_flag: Option<RxFlag>,
    /// The last row of the page before: generic name and code.
    pub after: Option<(String, String)>,
    pub limit: u64,
}

/// Drugs whose names, maker or code contain the query, by generic name and code.
pub async fn search(conn: &impl ConnectionTrait, ask: &Search) -> Result<Vec<Drug>, InventoryError> {
    let mut values: Vec<Value> = vec![sql::contains(&ask.query).into()];
    let mut wheres = String::from("search_text LIKE $1 ESCAPE '\\'");
    if ask.only_hi_mark {
        values.push(true.into());
        wheres.push_str(&format!(" AND hi_mark = ${}", values.len()));
    }
    if let Some(flag) = ask.rx_flag {
        values.push(flag.code().into());
        wheres.push_str(&format!(" AND rx_flag = ${}", values.len()));
    }
    if let Some((name, code)) = &ask.after {
        values.extend([name.clone().into(), code.clone().into()]);
        let (n, c) = (values.len() - 1, values.len());
        wheres.push_str(&format!(
            " AND (generic_name > ${n} OR (generic_name = ${n} AND med_list_codg > ${c}))"
        ));
    }
    values.push(i64::try_from(ask.limit).unwrap_or(i64::MAX).into());
    let query = format!(
        "SELECT {COLUMNS} FROM drug WHERE {wheres} ORDER BY generic_name, med_list_codg LIMIT ${}",
        values.len()
    );
    drugs(sql::rows(conn, query, values).await?)
}

/// Inserts or replaces drugs and keeps each changed version.
pub async fn upsert(
    conn: &impl ConnectionTrait,
    changed: &[Drug],
    now: Timestamp,
) -> Result<(), InventoryError> {
    if changed.is_empty() {
        return Ok(());
    }
    let updates: Vec<String> = COLUMNS
        .split(", ")
        .skip(1)
        .chain(["substance", "search_text"])
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let tail = format!("ON CONFLICT (med_list_codg) DO UPDATE SET {}", updates.join(", "));
    let into = format!("drug ({COLUMNS}, substance, search_text)");
    sql::insert(conn, &into, 26, changed.iter().map(values).collect(), &tail).await?;
    keep_versions(conn, changed, now).await?;
    Ok(())
}

async fn keep_versions(conn: &impl ConnectionTrait, changed: &[Drug], now: Timestamp) -> Result<(), DbErr> {
    let mut rows = Vec::with_capacity(changed.len());
    for drug in changed {
        let body = serde_json::to_string(drug).map_err(|error| DbErr::Custom(error.to_string()))?;
        rows.push(vec![drug.med_list_codg.clone().into(), now.0.into(), body.into()]);
    }
    let tail = "ON CONFLICT (med_list_codg, at_us) DO UPDATE SET body = excluded.body";
    sql::insert(conn, "drug_version (med_list_codg, at_us, body)", 3, rows, tail).await?;
    Ok(())
}

fn values(drug: &Drug) -> Vec<Value> {
    vec![
        drug.med_list_codg.clone().into(),
        drug.generic_name.clone().into(),
        drug.generic_name_en.clone().into(),
        drug.trade_name.clone().into(),
        drug.dosage_form.clone().into(),
        drug.strength.clone().into(),
        drug.pack.clone().into(),
        i64::from(drug.units_per_pack).into(),
        drug.billing_unit.clone().into(),
        drug.maker.clone().into(),
        drug.approval_no.clone().into(),
        drug.chrgitm_lv.clone().into(),
        drug.first_selfpay_ratio.to_string().into(),
        drug.rx_flag.code().into(),
        drug.otc_class.clone().into(),
        drug.restricted.into(),
        drug.negotiated.into(),
        drug.controlled.clone().into(),
        drug.storage.clone().into(),
        drug.online_forbidden.clone().into(),
        drug.hi_mark.into(),
        drug.trace_prefix.clone().into(),
        drug.pay_standard.map(|price| price.0).into(),
        drug.disease_codes.join(" ").into(),
        drug.substance().into(),
        drug.search_text().into(),
    ]
}
