//! Row ↔ record: seals and opens, and checks on the way back.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::Set;

use super::{ActiveModel, Model, Record, Signed};
use crate::domain::prescription::{Line, Prescription};
use crate::domain::repeat::Series;
use crate::domain::rules::Finding;
use crate::domain::state::{Review, State, Use};
use crate::store::StoreError;
use crate::store::sealed::{self, open, seal};

pub(super) fn read(lines: Vec<Line>, row: Model, cipher: &Cipher) -> Result<Record, StoreError> {
    let findings: Vec<Finding> = {
        let text = open(cipher, sealed::FINDINGS, &row.findings_sealed)?;
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("prescription.findings"))?
    };
    let signed = Signed {
        document: open(cipher, sealed::DOCUMENT, &row.document_sealed)?,
        doctor_signature: row.doctor_signature,
        pharmacist_signature: row.pharmacist_signature,
        doctor_key: row.doctor_key,
        pharmacist_key: row.pharmacist_key,
    };
    let rx = Prescription {
        hi_rxno: row.hi_rxno,
        trace_code: row.trace_code,
        hosp_rxno: row.hosp_rxno,
        visit_id: row.visit_id,
        person_id: row.person_id,
        hospital: row.hospital,
        doctor: row.doctor,
        disease: row.disease,
        diagnosis: row.diagnosis,
        long_rx: row.long_rx,
        renews: row.renews,
        issued_at: Timestamp(row.issued_at_us),
        valid_until: Timestamp(row.valid_until_us),
        lines,
        findings,
        state: State::from_code(row.state).ok_or(StoreError::Corrupt("prescription.state"))?,
        review: Review::from_code(row.review).ok_or(StoreError::Corrupt("prescription.review"))?,
        used: Use::from_code(row.used).ok_or(StoreError::Corrupt("prescription.used"))?,
        nominee: row.nominee,
        holder: row.holder,
        order_id: row.order_id,
        hospital_pharmacist: row.hospital_pharmacist,
        pharmacy_pharmacist: row.pharmacy_pharmacist,
        second_pharmacist: row.second_pharmacist,
        review_opinion: open(cipher, sealed::REVIEW_OPINION, &row.review_opinion_sealed)?,
        revoke_asked: row.revoke_asked,
        series: Series {
            first: row.series,
            use_no: row.use_no,
            uses: row.uses,
            min_interval_days: row.min_interval_days,
            opens_at: Timestamp(row.opens_at_us),
            later: match row.later_uses.as_str() {
                "" => Vec::new(),
                text => {
                    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("prescription.later_uses"))?
                }
            },
        },
        archived_at: Timestamp(row.archived_at_us),
        version: row.version,
    };
    Ok(Record {
        rx,
        nominated_at: Timestamp(row.nominated_at_us),
        claim_until: Timestamp(row.claim_until_us),
        handed: row.handed,
        keep_until: Timestamp(row.keep_until_us),
        document_hash: row.document_hash,
        token_hash: row.token_hash,
        token: open(cipher, sealed::TOKEN, &row.token_sealed)?,
        secret_hash: row.secret_hash,
        hospital_opinion: open(cipher, sealed::HOSPITAL_OPINION, &row.hospital_opinion_sealed)?,
        end_reason: open(cipher, sealed::END_REASON, &row.end_reason_sealed)?,
        signed,
    })
}

fn later_text(rx: &Prescription) -> Result<String, StoreError> {
    if rx.series.later.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(&rx.series.later).map_err(|_| StoreError::Corrupt("prescription.later_uses"))
}

/// The columns that never change; the opening of a later use moves by [`super::postpone`] alone.
pub(super) fn new(record: &Record, cipher: &Cipher, now: Timestamp) -> Result<ActiveModel, StoreError> {
    let rx = &record.rx;
    Ok(ActiveModel {
        hi_rxno: Set(rx.hi_rxno.clone()),
        trace_code: Set(rx.trace_code.clone()),
        hosp_rxno: Set(rx.hosp_rxno.clone()),
        visit_id: Set(rx.visit_id.clone()),
        person_id: Set(rx.person_id.clone()),
        hospital: Set(rx.hospital.clone()),
        doctor: Set(rx.doctor.clone()),
        disease: Set(rx.disease.clone()),
        diagnosis: Set(rx.diagnosis.clone()),
        long_rx: Set(rx.long_rx),
        renews: Set(rx.renews.clone()),
        issued_at_us: Set(rx.issued_at.0),
        valid_until_us: Set(rx.valid_until.0),
        created_at_us: Set(now.0),
        keep_until_us: Set(record.keep_until.0),
        archived_at_us: Set(0),
        document_hash: Set(String::new()),
        series: Set(rx.series.first.clone()),
        use_no: Set(rx.series.use_no),
        uses: Set(rx.series.uses),
        min_interval_days: Set(rx.series.min_interval_days),
        opens_at_us: Set(rx.series.opens_at.0),
        planned_at_us: Set(rx.series.opens_at.0),
        later_uses: Set(later_text(rx)?),
        ..written(record, cipher)?
    })
}

/// The columns that can change.
pub(super) fn written(record: &Record, cipher: &Cipher) -> Result<ActiveModel, StoreError> {
    let (rx, signed) = (&record.rx, &record.signed);
    let findings =
        serde_json::to_string(&rx.findings).map_err(|_| StoreError::Corrupt("prescription.findings"))?;
    Ok(ActiveModel {
        findings_sealed: Set(seal(cipher, sealed::FINDINGS, &findings)),
        state: Set(rx.state.code()),
        review: Set(rx.review.code()),
        used: Set(rx.used.code()),
        nominee: Set(rx.nominee.clone()),
        holder: Set(rx.holder.clone()),
        order_id: Set(rx.order_id.clone()),
        nominated_at_us: Set(record.nominated_at.0),
        claim_until_us: Set(record.claim_until.0),
        handed: Set(record.handed),
        token_hash: Set(record.token_hash.clone()),
        token_sealed: Set(seal(cipher, sealed::TOKEN, &record.token)),
        secret_hash: Set(record.secret_hash.clone()),
        hospital_pharmacist: Set(rx.hospital_pharmacist.clone()),
        hospital_opinion_sealed: Set(seal(cipher, sealed::HOSPITAL_OPINION, &record.hospital_opinion)),
        pharmacy_pharmacist: Set(rx.pharmacy_pharmacist.clone()),
        second_pharmacist: Set(rx.second_pharmacist.clone()),
        review_opinion_sealed: Set(seal(cipher, sealed::REVIEW_OPINION, &rx.review_opinion)),
        end_reason_sealed: Set(seal(cipher, sealed::END_REASON, &record.end_reason)),
        document_sealed: Set(seal(cipher, sealed::DOCUMENT, &signed.document)),
        doctor_signature: Set(signed.doctor_signature.clone()),
        pharmacist_signature: Set(signed.pharmacist_signature.clone()),
        doctor_key: Set(signed.doctor_key.clone()),
        pharmacist_key: Set(signed.pharmacist_key.clone()),
        version: Set(rx.version),
        revoke_asked: Set(rx.revoke_asked),
        ..ActiveModel::default()
    })
}
