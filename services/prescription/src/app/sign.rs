//! From draft to active: the hospital pharmacist's review, the document, both signatures, upload, revocation.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call, Work};

use super::commands::{ReviewDraft, Revoke, Upload};
use super::replies::{Document, SignedDocument};
use super::transition::{Edit, of_hospital};
use super::{App, Outcome};
use crate::domain::access::{View, view};
use crate::domain::document::{Facts, canonical};
use crate::domain::lifecycle::{decide, open};
use crate::domain::operation::{News, Operation};
use crate::domain::practitioner::{Practitioner, check_hospital_pharmacist, check_practice};
use crate::domain::prescription::Prescription;
use crate::domain::refusal::Refusal;
use crate::domain::repeat::{Planned, Series};
use crate::error::{Missing, PrescriptionError};
use crate::events;
use crate::rpc::identity;
use crate::signature::verifies;
use crate::store::{self, prescription::Record};

impl App {
    /// The hospital pharmacist passes or refuses a draft. A pass fixes the bytes that both sign.
    pub async fn review_draft(&self, call: Call<ReviewDraft>) -> Outcome<Prescription> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let hospital = call.meta.principal.institution()?;
        let record = self.hospital_record(&body.hi_rxno, hospital).await?;
        open(&record.status(), now)?;
        let pharmacist = self.practitioner(&body.pharmacist_token, now).await?;
        check_hospital_pharmacist(&pharmacist, hospital, &record.rx.doctor)?;
        let operation = Operation::ReviewDraft { pass: body.pass, pharmacist: pharmacist.code.clone() };
        decide(&record.status(), &operation, now)?;
        let document =
            if body.pass { self.document(&record, &pharmacist, &call).await? } else { String::new() };
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let plan = |record: &Record| of_hospital(record, hospital).map(|()| operation.clone());
        let edit = |record: &mut Record| {
            record.hospital_opinion.clone_from(body.opinion.reveal());
            record.signed.document.clone_from(&document);
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        Ok(work.commit(record.rx).await?)
    }

    async fn document(
        &self,
        record: &Record,
        pharmacist: &Practitioner,
        call: &Call<ReviewDraft>,
    ) -> Outcome<String> {
        let (rx, peers, now) = (&record.rx, &self.deps.peers, call.meta.now);
        let person = identity::person(peers, &rx.person_id, "sign_prescription", true).await?;
        let institution = identity::institution(peers, &rx.hospital, now.china_date()).await?;
        let doctor = identity::practitioner(peers, &rx.doctor).await?;
        let doctor = doctor.ok_or(Refusal::DoctorNotInsured("UNKNOWN"))?;
        let bytes = canonical(
            rx,
            &Facts {
                patient: &person.identity,
                hospital_name: &institution.name,
                doctor: &doctor,
                pharmacist,
                reviewed_at: now,
                opinion: call.body.opinion.reveal(),
            },
        );
        // canonical text is UTF-8 by construction
        String::from_utf8(bytes).map_err(|_| PrescriptionError::Corrupt("document"))
    }

    /// The bytes to sign, once the hospital pharmacist has passed the draft.
    pub async fn get_signing_document(&self, call: Call<String>) -> Outcome<Document> {
        let hospital = call.meta.principal.institution()?;
        let record = self.hospital_record(&call.body, hospital).await?;
        if record.signed.document.is_empty() {
            return Err(Refusal::NotActive(record.rx.state).into());
        }
        Ok(Document(record.signed.document.into_bytes()))
    }

    /// Checks both signatures against the registered keys, spends the trace code and activates.
    pub async fn upload(&self, call: Call<Upload>) -> Outcome<Prescription> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let hospital = call.meta.principal.institution()?;
        let record = self.hospital_record(&body.hi_rxno, hospital).await?;
        let signed = record.signed.document.as_bytes();
        let doctor = self.signer(&record.rx.doctor).await?;
        let doctor_key = signing_key(doctor.as_ref(), &body.doctor_signature, signed, now);
        let pharmacist = self.signer(&record.rx.hospital_pharmacist).await?;
        let pharmacist_key = signing_key(pharmacist.as_ref(), &body.pharmacist_signature, signed, now);
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let plan = |record: &Record| {
            of_hospital(record, hospital)?;
            // who may not sign at all is told so by the signature
            if let Some(doctor) = &doctor {
                check_practice(doctor, now.china_date())?;
            }
            let document = record.signed.document.as_bytes();
            let mut bad_signatures = Vec::new();
            if !verifies(&doctor_key, &body.doctor_signature, document) {
                bad_signatures.push("doctor");
            }
            if !verifies(&pharmacist_key, &body.pharmacist_signature, document) {
                bad_signatures.push("pharmacist");
            }
            let trace_matches = record.rx.trace_code == body.trace_code;
            Ok(Operation::Upload { trace_matches, bad_signatures })
        };
        let edit = |record: &mut Record| {
            let signed = &mut record.signed;
            signed.doctor_signature.clone_from(&body.doctor_signature);
            signed.pharmacist_signature.clone_from(&body.pharmacist_signature);
            signed.doctor_key.clone_from(&doctor_key);
            signed.pharmacist_key.clone_from(&pharmacist_key);
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        for later in &record.rx.series.later {
            self.add_use(&work, &record, later, now).await?;
        }
        Ok(work.commit(record.rx).await?)
    }

    /// A later use of a signed series: a prescription of its own under the same signatures.
    async fn add_use(&self, work: &Work, first: &Record, later: &Planned, now: Timestamp) -> Outcome<()> {
        let series = Series {
            use_no: later.use_no,
            opens_at: later.opens_at,
            later: Vec::new(),
            ..first.rx.series.clone()
        };
        let rx = Prescription {
            hi_rxno: later.hi_rxno.clone(),
            trace_code: later.trace_code.clone(),
            // the hospital's own number is that of the first use; numbers of a hospital are unique
            hosp_rxno: later.hi_rxno.clone(),
            valid_until: later.valid_until,
            series,
            version: 1,
            ..first.rx.clone()
        };
        let (signed, hospital_opinion) = (first.signed.clone(), first.hospital_opinion.clone());
        // every use is kept as long as the first, counted from its own opening
        let kept = first.keep_until.0;
        let after = later.opens_at.0 - first.rx.issued_at.0;
        let keep_until = Timestamp(if kept == 0 { 0 } else { kept + after });
        let record = Record { signed, hospital_opinion, keep_until, ..Record::new(rx) };
        store::prescription::insert(work.tx(), &self.deps.cipher, &record, now).await?;
        let place = (record.rx.hi_rxno.as_str(), record.rx.hospital.as_str());
        store::change::note(work.tx(), place, "", &record.status(), now).await?;
        Ok(events::push(work, &record.rx, &News::Activated, now).await?)
    }

    /// The practitioner of a code, unless they may not sign any more.
    async fn signer(&self, code: &str) -> Outcome<Option<Practitioner>> {
        if code.is_empty() {
            return Ok(None);
        }
        let found = identity::practitioner(&self.deps.peers, code).await?;
        Ok(found.filter(|person| person.active))
    }

    /// The prescriber revokes, before anybody has used it; what is held is marked on request.
    pub async fn revoke(&self, call: Call<Revoke>) -> Outcome<Prescription> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let hospital = call.meta.principal.institution()?;
        let record = self.hospital_record(&body.hi_rxno, hospital).await?;
        open(&record.status(), now)?;
        let doctor = self.doctor(&body.doctor_token, hospital, now).await?;
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let plan = |record: &Record| {
            let (doctor, when_given_back) = (doctor.code.clone(), body.when_given_back);
            of_hospital(record, hospital).map(|()| Operation::Revoke { doctor, when_given_back })
        };
        let edit = |record: &mut Record| {
            record.end_reason.clone_from(body.reason.reveal());
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        if body.later_uses && !record.rx.series.first.is_empty() {
            for hi_rxno in store::prescription::later(work.tx(), &record.rx.series).await? {
                let plan =
                    |_: &Record| Ok(Operation::Revoke { doctor: doctor.code.clone(), when_given_back: true });
                match self.step(&work, &hi_rxno, now, plan, edit).await {
                    // what is over or used is what it is
                    Err(PrescriptionError::Refused(Refusal::Revoked | Refusal::Expired | Refusal::Used)) => {}
                    other => _ = other?,
                }
            }
        }
        Ok(work.commit(record.rx).await?)
    }

    /// The signed document, byte for byte, for those who see the whole prescription.
    pub async fn get_signed_document(&self, call: Call<String>) -> Outcome<SignedDocument> {
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, &call.body).await?;
        let reader = super::read::reader(&call.meta.principal)?;
        let record = found
            .filter(|record| view(&reader, &record.rx) == View::Full)
            .ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        if record.signed.doctor_signature.is_empty() {
            return Err(Refusal::NotActive(record.rx.state).into());
        }
        if record.rx.archived_at != Timestamp(0) {
            return Err(Refusal::Archived { document_hash: record.document_hash }.into());
        }
        let signed = record.signed;
        Ok(SignedDocument {
            document: signed.document.into_bytes(),
            doctor_signature: signed.doctor_signature,
            pharmacist_signature: signed.pharmacist_signature,
            doctor_key: signed.doctor_key,
            pharmacist_key: signed.pharmacist_key,
        })
    }

    /// A prescription of the calling hospital.
    async fn hospital_record(&self, hi_rxno: &str, hospital: &str) -> Outcome<Record> {
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, hi_rxno).await?;
        let record = found.ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        of_hospital(&record, hospital)?;
        Ok(record)
    }
}

/// The key of a signer that made the signature and may sign now: its certificate is valid and not revoked. Empty when there is
/// none. Nothing verifies against an empty key.
fn signing_key(signer: Option<&Practitioner>, signature: &str, document: &[u8], now: Timestamp) -> String {
    let Some(signer) = signer else { return String::new() };
    let mut keys = signer.keys().filter(|key| signer.may_sign_with(key, now));
    keys.find(|key| verifies(key, signature, document)).map(str::to_owned).unwrap_or_default()
}
