//! Domain → protobuf.

use liufang_proto::common::v1::RowError;
use liufang_proto::prescription::v1 as pb;

use super::prescribing::page_token;
use crate::app::replies::{
    Claimed, Counter, CounterClaim, Document, PharmacyQueue, PrescriptionPage, Published, Qr, Secret,
    SignedDocument, Slots, TakenVisit, Visits,
};
use crate::domain::counter::Item;
use crate::domain::prescription::{Line, Prescription};
use crate::domain::rules::{Finding, RULES, Severity};
use crate::domain::slot::Slot;
use crate::domain::visit::Visit;
use crate::store::change::Change;

impl From<Slot> for pb::Slot {
    fn from(slot: Slot) -> pb::Slot {
        pb::Slot {
            slot_id: slot.slot_id,
            fixmedins_code: slot.hospital,
            dept: slot.department,
            doctor_code: slot.doctor,
            doctor_name: slot.doctor_name,
            starts_at_us: slot.starts_at.0,
            ends_at_us: slot.ends_at.0,
            capacity: slot.capacity,
            available: slot.available,
        }
    }
}

impl From<Visit> for pb::Visit {
    fn from(visit: Visit) -> pb::Visit {
        pb::Visit {
            visit_id: visit.visit_id,
            person_id: visit.person_id,
            fixmedins_code: visit.hospital,
            dept: visit.department,
            doctor_code: visit.doctor,
            slot_id: visit.slot_id,
            starts_at_us: visit.starts_at.0,
            state: visit.state.code(),
            fee_fen: visit.fee.0,
            pay_by_us: visit.pay_by.0,
            dise_codg: visit.disease,
            first_rx_ref: visit.first_rx_ref,
            condition: visit.condition,
        }
    }
}

impl From<Line> for pb::RxLine {
    fn from(line: Line) -> pb::RxLine {
        let taken = line.as_use().is_taken();
        pb::RxLine {
            line_no: line.line_no,
            med_list_codg: line.drug,
            drug_genname: line.generic_name,
            drug_dosform: line.dosage_form,
            drug_spec: line.strength,
            prdr_name: line.maker,
            medc_way_codg: line.route,
            sin_doscnt: line.dose.to_string(),
            sin_dosunt: line.dose_unit,
            used_frqu_codg: line.frequency,
            medc_days: line.days.to_string(),
            drug_cnt: line.quantity.to_string(),
            drug_dosunt: line.billing_unit,
            drug_pric: line.price.to_string(),
            hosp_appr_flag: line.approval,
            taken,
            dispensed_cnt: line.dispensed.to_string(),
        }
    }
}

fn severity(severity: Severity) -> i32 {
    match severity {
        Severity::Block => pb::Severity::Block,
        Severity::Warn => pb::Severity::Warn,
        Severity::Note => pb::Severity::Note,
    }
    .into()
}

impl From<Finding> for pb::Finding {
    fn from(finding: Finding) -> pb::Finding {
        pb::Finding {
            rule_id: finding.rule,
            severity: severity(finding.severity),
            line: finding.line,
            evidence: finding.evidence,
            source: finding.source,
            overridden_by: finding.overridden_by,
            override_reason: finding.override_reason,
            row: finding.row,
        }
    }
}

/// The catalogue of rules.
pub fn rules() -> pb::ListRulesResponse {
    let rules = RULES.iter().map(|rule| pb::Rule {
        rule_id: rule.id.to_owned(),
        severities: rule.severities.iter().copied().map(severity).collect(),
        finds: rule.finds.to_owned(),
        source: rule.source.to_owned(),
    });
    pb::ListRulesResponse { rules: rules.collect() }
}

impl From<Prescription> for pb::Prescription {
    fn from(rx: Prescription) -> pb::Prescription {
        pb::Prescription {
            hi_rxno: rx.hi_rxno,
            rx_trace_code: rx.trace_code,
            hosp_rxno: rx.hosp_rxno,
            visit_id: rx.visit_id,
            person_id: rx.person_id,
            fixmedins_code: rx.hospital,
            doctor_code: rx.doctor,
            dise_codg: rx.disease,
            diag_code: rx.diagnosis,
            long_rx: rx.long_rx,
            init_rxno: rx.renews,
            prsc_time_us: rx.issued_at.0,
            vali_end_time_us: rx.valid_until.0,
            lines: rx.lines.into_iter().map(Into::into).collect(),
            findings: rx.findings.into_iter().map(Into::into).collect(),
            state: rx.state.code(),
            review_state: rx.review.code(),
            use_state: rx.used.code(),
            holder_fixmedins_code: rx.holder,
            hospital_pharmacist_code: rx.hospital_pharmacist,
            pharmacy_pharmacist_code: rx.pharmacy_pharmacist,
            review_opinion: rx.review_opinion,
            version: rx.version,
            revocation_asked: rx.revoke_asked,
            series_rxno: rx.series.first,
            use_no: rx.series.use_no,
            uses: rx.series.uses,
            min_interval_days: rx.series.min_interval_days,
            opens_at_us: rx.series.opens_at.0,
            archived_at_us: rx.archived_at.0,
            second_pharmacist_code: rx.second_pharmacist,
        }
    }
}

macro_rules! answers {
    ($source:ty, $field:ident: $($answer:ident)*) => {$(
        impl From<$source> for pb::$answer {
            fn from(value: $source) -> pb::$answer {
                pb::$answer { $field: Some(value.into()) }
            }
        }
    )*};
}

answers!(Visit, visit: BookVisitResponse CancelVisitResponse GetVisitResponse MarkVisitPaidResponse
    ReleaseVisitResponse RecordConsultationResponse);
answers!(Prescription, prescription: PreVerifyResponse ReviewDraftResponse UploadResponse RevokeResponse
    GetPrescriptionResponse NominateResponse ReleaseNominationResponse GiveBackResponse ReviewResponse
    RecordDispenseResponse ReverseDispenseResponse DispenseAtCounterResponse ReturnAtCounterResponse
    TakeOverSaleResponse);

impl From<Published> for pb::PublishSlotsResponse {
    fn from(published: Published) -> pb::PublishSlotsResponse {
        let errors = published.0.into_iter();
        let errors = errors.map(|row| RowError { row: row.row, reason: row.reason, message: row.message });
        pb::PublishSlotsResponse { errors: errors.collect() }
    }
}

impl From<Slots> for pb::ListSlotsResponse {
    fn from(slots: Slots) -> pb::ListSlotsResponse {
        pb::ListSlotsResponse { slots: slots.0.into_iter().map(Into::into).collect() }
    }
}

impl From<Visits> for pb::ListMyVisitsResponse {
    fn from(visits: Visits) -> pb::ListMyVisitsResponse {
        pb::ListMyVisitsResponse { visits: visits.0.into_iter().map(Into::into).collect() }
    }
}

impl From<Visits> for pb::ListQueueResponse {
    fn from(visits: Visits) -> pb::ListQueueResponse {
        pb::ListQueueResponse { visits: visits.0.into_iter().map(Into::into).collect() }
    }
}

impl From<TakenVisit> for pb::TakeVisitResponse {
    fn from(taken: TakenVisit) -> pb::TakeVisitResponse {
        pb::TakeVisitResponse {
            visit: Some(taken.visit.into()),
            psn_name: taken.name,
            gend: taken.gender,
            age: taken.age,
            allergies: taken.allergies,
            first_prescription: taken.first_prescription.map(Into::into),
        }
    }
}

impl From<Document> for pb::GetSigningDocumentResponse {
    fn from(document: Document) -> pb::GetSigningDocumentResponse {
        pb::GetSigningDocumentResponse { document: document.0 }
    }
}

impl From<SignedDocument> for pb::GetSignedDocumentResponse {
    fn from(signed: SignedDocument) -> pb::GetSignedDocumentResponse {
        pb::GetSignedDocumentResponse {
            document: signed.document,
            doctor_signature: signed.doctor_signature,
            pharmacist_signature: signed.pharmacist_signature,
            doctor_key: signed.doctor_key,
            pharmacist_key: signed.pharmacist_key,
        }
    }
}

impl From<PrescriptionPage> for pb::ListMyPrescriptionsResponse {
    fn from(page: PrescriptionPage) -> pb::ListMyPrescriptionsResponse {
        pb::ListMyPrescriptionsResponse {
            prescriptions: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next.as_ref().map(page_token).unwrap_or_default(),
        }
    }
}

impl From<PharmacyQueue> for pb::ListPharmacyQueueResponse {
    fn from(queue: PharmacyQueue) -> pb::ListPharmacyQueueResponse {
        let items = queue.0.into_iter().map(|item| pb::QueueItem {
            hi_rxno: item.hi_rxno,
            order_id: item.order_id,
            epc_token: item.token,
            claimed: item.claimed,
            nominated_at_us: item.nominated_at_us,
        });
        pb::ListPharmacyQueueResponse { items: items.collect() }
    }
}

impl From<Claimed> for pb::ClaimResponse {
    fn from(claimed: Claimed) -> pb::ClaimResponse {
        let prescription = Some(claimed.prescription.into());
        pb::ClaimResponse { prescription, secret: claimed.secret, psn_name: claimed.name }
    }
}

impl From<Qr> for pb::PresentPrescriptionResponse {
    fn from(qr: Qr) -> pb::PresentPrescriptionResponse {
        pb::PresentPrescriptionResponse { qr_token: qr.token, expires_at_us: qr.expires_at_us }
    }
}

impl From<Item> for pb::CounterItem {
    fn from(item: Item) -> pb::CounterItem {
        let lines = item.lines.into_iter().map(|line| pb::CounterLine {
            line_no: line.line_no,
            med_list_codg: line.drug,
            drug_genname: line.generic_name,
            rest_cnt: line.rest.to_string(),
            drug_dosunt: line.billing_unit,
        });
        pb::CounterItem {
            hi_rxno: item.hi_rxno,
            fixmedins_code: item.hospital,
            prsc_time_us: item.issued_at_us,
            vali_end_time_us: item.valid_until_us,
            lines: lines.collect(),
        }
    }
}

impl From<Counter> for pb::OpenCounterResponse {
    fn from(counter: Counter) -> pb::OpenCounterResponse {
        let items = counter.items.into_iter().map(Into::into).collect();
        pb::OpenCounterResponse { counter_token: counter.token, expires_at_us: counter.expires_at_us, items }
    }
}

impl From<CounterClaim> for pb::ClaimAtCounterResponse {
    fn from(own: CounterClaim) -> pb::ClaimAtCounterResponse {
        let Claimed { prescription, secret, name } = own.claimed;
        let prescription = Some(prescription.into());
        pb::ClaimAtCounterResponse { prescription, secret, psn_name: name, sale_id: own.sale_id }
    }
}

impl From<Secret> for pb::RecoverSecretResponse {
    fn from(secret: Secret) -> pb::RecoverSecretResponse {
        pb::RecoverSecretResponse { secret: secret.0 }
    }
}

impl From<Change> for pb::WatchPrescriptionsResponse {
    fn from(change: Change) -> pb::WatchPrescriptionsResponse {
        pb::WatchPrescriptionsResponse {
            sequence: change.sequence,
            hi_rxno: change.hi_rxno,
            state: change.state.code(),
            review_state: change.review.code(),
            use_state: change.used.code(),
            at_us: change.at.0,
        }
    }
}
