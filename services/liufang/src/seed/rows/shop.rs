//! Rows of prices, stock and clinic hours.

use anyhow::{Context as _, Result, anyhow};
use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Date, UnitPrice};

use super::super::table::Row;

/// A row of `hospital_prices.tsv`.
#[derive(Clone, Debug)]
pub struct PriceRow {
    pub hospital: String,
    pub drug: String,
    pub own_code: String,
    pub price: String,
}

/// A row of `stock.tsv`.
#[derive(Clone, Debug)]
pub struct StockRow {
    pub pharmacy: String,
    /// `fixmedins_bchno`: the institution's key of this row.
    pub row_key: String,
    pub drug: String,
    pub own_code: String,
    pub price: UnitPrice,
    pub lot: String,
    pub made: Date,
    pub expires: Date,
    pub packs: u64,
    pub first_serial: u64,
    pub supplier: String,
    pub in_demo: bool,
}

/// A row of `slots.tsv`.
#[derive(Clone, Debug)]
pub struct SlotRow {
    pub doctor: String,
    pub department: String,
    /// Monday 1, Tuesday 2, ... Sunday 64.
    pub weekday_mask: u8,
    /// Minutes since midnight.
    pub start: i64,
    /// Minutes since midnight, up to 24:00.
    pub end: i64,
    pub slot_minutes: i64,
    pub capacity: i32,
    pub online: bool,
}

impl PriceRow {
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<PriceRow> {
        Ok(PriceRow {
            hospital: row.text("hospital_code")?,
            drug: row.text("med_list_codg")?,
            own_code: row.text("hospital_drug_code")?,
            price: row.text("price")?,
        })
    }
}

impl StockRow {
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<StockRow> {
        let date =
            |column: &str| parse_date(row.raw(column)?).with_context(|| format!("{column} is no date"));
        Ok(StockRow {
            pharmacy: row.text("pharmacy_code")?,
            row_key: row.text("fixmedins_bchno")?,
            drug: row.text("med_list_codg")?,
            own_code: row.text("fixmedins_hilist_id")?,
            price: row.value("price")?,
            lot: row.text("manu_lotnum")?,
            made: date("manu_date")?,
            expires: date("expy_end")?,
            packs: row.value("packs")?,
            first_serial: row.value("first_serial")?,
            supplier: row.text("supplier")?,
            in_demo: row.raw("set")? == "demo",
        })
    }
}

impl SlotRow {
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<SlotRow> {
        Ok(SlotRow {
            doctor: row.text("practitioner_code")?,
            department: row.text("department_zh")?,
            weekday_mask: row.value("weekday_mask")?,
            start: minutes(row.raw("start")?)?,
            end: minutes(row.raw("end")?)?,
            slot_minutes: row.value("slot_minutes")?,
            capacity: row.value("capacity")?,
            online: row.raw("mode")? == "online",
        })
    }
}

fn minutes(clock: &str) -> Result<i64> {
    let (hours, minutes) = clock.split_once(':').ok_or_else(|| anyhow!("{clock}: no time of day"))?;
    Ok(hours.parse::<i64>()? * 60 + minutes.parse::<i64>()?)
}
