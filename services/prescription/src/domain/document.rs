//! The canonical document that doctor and hospital pharmacist sign.
//!
//! UTF-8 JSON, keys sorted, no blanks, every scalar a text ([`super::json`]). It holds the twenty review fields of D002
//! (`domain.md` §1.4) and the prescription itself, so any later edit of who reviewed, when, or of a line breaks both
//! signatures. Fields nobody has recorded are empty text: a missing key and an empty one never mean different things.
//! Both sign exactly these bytes with SM2/SM3, user id `1234567812345678`, and send `r || s` in Base64.

use liufang_kernel::Timestamp;

use super::json::Json;
use super::practitioner::Practitioner;
use super::prescription::{Line, Prescription};
use super::repeat::Series;

/// Who the prescription is for. Personal.
#[derive(Clone)]
pub struct Identity {
    pub name: String,
    /// `certno`; the document type is the resident card, `01`.
    pub id_number: String,
}

/// What the document needs beside the prescription.
pub struct Facts<'a> {
    pub patient: &'a Identity,
    pub hospital_name: &'a str,
    pub doctor: &'a Practitioner,
    pub pharmacist: &'a Practitioner,
    /// `pharChkTime`.
    pub reviewed_at: Timestamp,
    /// `rxChkOpnn` of the hospital pharmacist.
    pub opinion: &'a str,
}

/// The bytes to sign.
pub fn canonical(prescription: &Prescription, facts: &Facts<'_>) -> Vec<u8> {
    let mut fields = review_fields(prescription, facts);
    fields.extend(prescription_fields(prescription, facts));
    Json::object(fields).to_bytes()
}

fn review_fields(prescription: &Prescription, facts: &Facts<'_>) -> Vec<(&'static str, Json)> {
    let pharmacist = facts.pharmacist;
    [
        ("rxTraceCode", prescription.trace_code.as_str()),
        ("hiRxno", &prescription.hi_rxno),
        ("mdtrtId", &prescription.visit_id),
        ("patnName", &facts.patient.name),
        ("psnCertType", "01"),
        ("certno", &facts.patient.id_number),
        ("fixmedinsName", facts.hospital_name),
        ("fixmedinsCode", &prescription.hospital),
        ("drCode", &prescription.doctor),
        ("prscDrName", &facts.doctor.name),
        ("pharDeptName", &pharmacist.department),
        ("pharDeptCode", ""),
        ("pharProfttlCodg", &pharmacist.title_code),
        ("pharProfttlName", ""),
        ("pharCode", &pharmacist.code),
        ("pharCertType", ""),
        ("pharCertno", ""),
        ("pharName", &pharmacist.name),
        ("pharPracCertNo", &pharmacist.code),
        ("pharChkTime", &facts.reviewed_at.china_text()),
    ]
    .into_iter()
    .map(|(key, value)| (key, Json::text(value)))
    .collect()
}

fn prescription_fields(prescription: &Prescription, facts: &Facts<'_>) -> Vec<(&'static str, Json)> {
    let flag = if prescription.long_rx { "1" } else { "0" };
    let lines = prescription.lines.iter().map(line_fields).collect();
    let mut fields = series_fields(&prescription.series);
    fields.extend([
        ("hospRxno", Json::text(&prescription.hosp_rxno)),
        ("initRxno", Json::text(&prescription.renews)),
        ("diseCodg", Json::text(&prescription.disease)),
        ("maindiagCode", Json::text(&prescription.diagnosis)),
        ("longRxFlag", Json::text(flag)),
        ("prscTime", Json::text(prescription.issued_at.china_text())),
        ("valiEndTime", Json::text(prescription.valid_until.china_text())),
        ("rxChkOpnn", Json::text(facts.opinion)),
        ("rxdrugdetail", Json::List(lines)),
    ]);
    fields
}

/// A series is signed with every use it has; a sheet that does not repeat says nothing of it.
fn series_fields(series: &Series) -> Vec<(&'static str, Json)> {
    if series.first.is_empty() {
        return Vec::new();
    }
    let later = series.later.iter().map(|own| {
        Json::object([
            ("hiRxno", Json::text(&own.hi_rxno)),
            ("rxTraceCode", Json::text(&own.trace_code)),
            ("begntime", Json::text(own.opens_at.china_text())),
            ("valiEndTime", Json::text(own.valid_until.china_text())),
        ])
    });
    vec![
        ("reptFlag", Json::text("1")),
        ("maxReptCnt", Json::text(series.uses.to_string())),
        ("minInrvDays", Json::text(series.min_interval_days.to_string())),
        ("reptRxList", Json::List(later.collect())),
    ]
}

fn line_fields(line: &Line) -> Json {
    let fields = [
        ("lineNo", line.line_no.to_string()),
        ("medListCodg", line.drug.clone()),
        ("drugGenname", line.generic_name.clone()),
        ("drugDosform", line.dosage_form.clone()),
        ("drugSpec", line.strength.clone()),
        ("prdrName", line.maker.clone()),
        ("medcWayCodg", line.route.clone()),
        ("sinDoscnt", line.dose.to_string()),
        ("sinDosunt", line.dose_unit.clone()),
        ("usedFrquCodg", line.frequency.clone()),
        ("medcDays", line.days.to_string()),
        ("drugCnt", line.quantity.to_string()),
        ("drugDosunt", line.billing_unit.clone()),
        ("drugPric", line.price.to_string()),
        ("hospApprFlag", line.approval.clone()),
    ];
    Json::object(fields.map(|(key, value)| (key, Json::Text(value))))
}
