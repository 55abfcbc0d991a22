//! Rows of institutions, practitioners and persons.

use anyhow::Result;
use liufang_kernel::Date;
use liufang_kernel::timestamp::parse_date;

use super::super::table::Row;
use super::{owned, pair, region_of_place};

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
    /// 1 male, 2 female.
    pub gender: String,
    /// `yyyy-MM-dd`.
    pub birth_date: String,
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

impl InstitutionRow {
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<InstitutionRow> {
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
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<PractitionerRow> {
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
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<PersonRow> {
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
            gender: row.text("gender")?,
            birth_date: row.text("birth_date")?,
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

/// Who acts for whom: both are rows of `persons.tsv`.
pub struct GuardianRow {
    pub child: u32,
    pub guardian: u32,
    pub relation: String,
    pub begin: String,
}

impl GuardianRow {
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<GuardianRow> {
        Ok(GuardianRow {
            child: row.value("child")?,
            guardian: row.value("guardian")?,
            relation: row.text("relation")?,
            begin: row.text("begin")?,
        })
    }
}
