//! The rows of the seed tables. Columns are explained in `deploy/seed/README.md`.

use anyhow::{Context as _, Result, anyhow};
use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Date, UnitPrice};

use super::table::Row;

/// A row of `drugs.tsv`.
#[derive(Clone, Debug)]
pub struct DrugRow {
    pub code: String,
    pub generic_name: String,
    pub generic_name_en: String,
    pub trade_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub pack: String,
    pub units_per_pack: i32,
    pub billing_unit: String,
    pub maker: String,
    pub approval_no: String,
    pub chrgitm_lv: String,
    pub first_selfpay_ratio: String,
    pub rx_flag: String,
    /// 甲, 乙 or empty. A 双跨 pack with a class is the OTC pack.
    pub otc_class: String,
    pub restricted: bool,
    pub negotiated: bool,
    pub controlled: String,
    pub storage: String,
    pub online_forbidden: String,
    pub hi_mark: bool,
    pub trace_prefix: String,
    /// 支付标准 per billing unit, yuan.
    pub pay_standard: Option<UnitPrice>,
    pub diseases: Vec<String>,
}

/// A row of `institutions.tsv`.
#[derive(Clone, Debug)]
pub struct InstitutionRow {
    pub code: String,
    pub kind: String,
    pub name: String,
    pub level: String,
    pub district: String,
    pub chain: String,
    pub capabilities: Vec<String>,
    /// Date and change, by date.
    pub timeline: Vec<(String, String)>,
    pub lat_e6: i32,
    pub lng_e6: i32,
    pub address: String,
}

/// A row of `practitioners.tsv`.
#[derive(Clone, Debug)]
pub struct PractitionerRow {
    pub code: String,
    pub kind: String,
    pub name: String,
    /// Empty for couriers.
    pub institution: String,
    pub department: String,
    pub title_code: String,
    pub practice_from: Option<Date>,
    pub insured_doctor: bool,
    pub active: bool,
}

/// A row of `persons.tsv`. Everybody in it is invented.
#[derive(Clone)]
pub struct PersonRow {
    pub row: u32,
    pub name: String,
    pub cert_type: String,
    pub certno: String,
    pub phone: String,
    /// `insutype:psn_type:place:state:from[:to]`.
    pub insurances: Vec<Vec<String>>,
    pub balance_fen: i64,
    /// Disease code and first day.
    pub chronic: Vec<(String, String)>,
    /// Row of the holder, and what the holder is to this person.
    pub relations: Vec<(u32, String)>,
    pub lat_e6: i32,
    pub lng_e6: i32,
    pub address: String,
}

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

impl DrugRow {
    pub(super) fn read(row: &Row<'_, '_>) -> Result<DrugRow> {
        // ten-thousandths of a fen are millionths of a yuan, which is what a unit price counts
        let pay_standard = match row.raw("pay_standard_fen_e4")? {
            "" => None,
            _ => Some(UnitPrice(row.value("pay_standard_fen_e4")?)),
        };
        Ok(DrugRow {
            code: row.text("med_list_codg")?,
            generic_name: row.text("generic_name_zh")?,
            generic_name_en: row.text("generic_name_en")?,
            trade_name: row.text("trade_name")?,
            dosage_form: row.text("dosage_form")?,
            strength: row.text("strength")?,
            pack: row.text("pack")?,
            units_per_pack: row.value("units_per_pack")?,
            billing_unit: row.text("billing_unit")?,
            maker: row.text("maker")?,
            approval_no: row.text("approval_number")?,
            chrgitm_lv: row.text("chrgitm_lv")?,
            first_selfpay_ratio: row.text("first_selfpay_ratio")?,
            rx_flag: row.text("rx_flag")?,
            otc_class: row.text("otc_class")?,
            restricted: row.flag("restricted")?,
            negotiated: row.flag("negotiated")?,
            controlled: row.text("controlled_class")?,
            storage: row.text("storage")?,
            online_forbidden: row.text("online_forbidden")?,
            hi_mark: row.flag("hi_mark")?,
            trace_prefix: row.text("trace_prefix")?,
            pay_standard,
            diseases: owned(row.list("diseases", ',')?),
        })
    }

    /// A 双跨 drug whose pack is registered as OTC.
    pub fn is_otc_pack(&self) -> bool {
        self.rx_flag == "2" && !self.otc_class.is_empty()
    }
}

impl InstitutionRow {
    pub(super) fn read(row: &Row<'_, '_>) -> Result<InstitutionRow> {
        let timeline = row.list("agreement_timeline", ';')?.into_iter().map(pair);
        Ok(InstitutionRow {
            code: row.text("fixmedins_code")?,
            kind: row.text("kind")?,
            name: row.text("name")?,
            level: row.text("level")?,
            district: row.text("district")?,
            chain: row.text("chain")?,
            capabilities: owned(row.list("capabilities", ',')?),
            timeline: timeline.collect::<Result<_>>()?,
            lat_e6: row.value("lat_e6")?,
            lng_e6: row.value("lng_e6")?,
            address: row.text("address")?,
        })
    }

    /// The region pack the institution belongs to: Beijing's districts are one region, a prefecture's counties too.
    pub fn region(&self) -> &'static str {
        region_of_place(&self.district).unwrap_or_default()
    }
}

impl PractitionerRow {
    pub(super) fn read(row: &Row<'_, '_>) -> Result<PractitionerRow> {
        Ok(PractitionerRow {
            code: row.text("code")?,
            kind: row.text("kind")?,
            name: row.text("name")?,
            institution: row.text("institution_code")?,
            department: row.text("department_zh")?,
            title_code: row.text("title_code")?,
            practice_from: parse_date(row.raw("practice_from")?),
            insured_doctor: row.flag("insured_doctor")?,
            active: row.raw("state")? == "active",
        })
    }

    /// May sign: active, and a doctor must be an insured doctor 医保医师.
    pub fn may_sign(&self) -> bool {
        self.active && (self.kind != "doctor" || self.insured_doctor)
    }
}

impl PersonRow {
    pub(super) fn read(row: &Row<'_, '_>) -> Result<PersonRow> {
        let insurances = row.list("insurances", ';')?.into_iter();
        let chronic = row.list("chronic", ';')?.into_iter().map(pair);
        let relations = row.list("relations", ';')?.into_iter().map(|cell| {
            let (holder, relation) = pair(cell)?;
            Ok((holder.parse()?, relation))
        });
        Ok(PersonRow {
            row: row.value("row")?,
            name: row.text("name")?,
            cert_type: row.text("cert_type")?,
            certno: row.text("cert_no")?,
            phone: row.text("phone")?,
            insurances: insurances.map(|cell| cell.split(':').map(str::to_owned).collect()).collect(),
            balance_fen: row.value("account_balance_fen")?,
            chronic: chronic.collect::<Result<_>>()?,
            relations: relations.collect::<Result<_>>()?,
            lat_e6: row.value("lat_e6")?,
            lng_e6: row.value("lng_e6")?,
            address: row.text("address")?,
        })
    }

    /// The region that keeps the person's account: that of the first insured place; `None` outside our regions.
    pub fn region(&self) -> Option<&'static str> {
        region_of_place(self.insurances.first()?.get(2)?)
    }
}

impl PriceRow {
    pub(super) fn read(row: &Row<'_, '_>) -> Result<PriceRow> {
        Ok(PriceRow {
            hospital: row.text("hospital_code")?,
            drug: row.text("med_list_codg")?,
            own_code: row.text("hospital_drug_code")?,
            price: row.text("price")?,
        })
    }
}

impl StockRow {
    pub(super) fn read(row: &Row<'_, '_>) -> Result<StockRow> {
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
    pub(super) fn read(row: &Row<'_, '_>) -> Result<SlotRow> {
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

/// The region pack of a place code (`domain.md` §6.3).
pub fn region_of_place(place: &str) -> Option<&'static str> {
    match place {
        place if place.starts_with("11") => Some("110000"),
        place if place.starts_with("1303") => Some("130300"),
        _ => None,
    }
}

fn owned(parts: Vec<&str>) -> Vec<String> {
    parts.into_iter().map(str::to_owned).collect()
}

fn pair(cell: &str) -> Result<(String, String)> {
    let (left, right) = cell.split_once(':').ok_or_else(|| anyhow!("{cell}: no colon"))?;
    Ok((left.to_owned(), right.to_owned()))
}

fn minutes(clock: &str) -> Result<i64> {
    let (hours, minutes) = clock.split_once(':').ok_or_else(|| anyhow!("{clock}: no time of day"))?;
    Ok(hours.parse::<i64>()? * 60 + minutes.parse::<i64>()?)
}
