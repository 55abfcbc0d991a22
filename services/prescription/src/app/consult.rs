//! The online consultation: taking a visit and recording it.

use liufang_kernel::idcard::full_years;
use liufang_platform::{Begun, Call};

use super::commands::{RecordConsultation, TakeVisit};
use super::replies::TakenVisit;
use super::{App, Outcome};
use crate::domain::practitioner::check_practice;
use crate::domain::prescription::Prescription;
use crate::domain::visit::{Visit, VisitOperation, decide};
use crate::error::{Missing, PrescriptionError};
use crate::rpc::identity;
use crate::store;

impl App {
    /// The doctor takes a paid visit and reads what the patient wrote and the first prescription.
    pub async fn take_visit(&self, call: Call<TakeVisit>) -> Outcome<TakenVisit> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let now = call.meta.now;
        let hospital = call.meta.principal.institution()?;
        let visit = self.hospital_visit(&call.body.visit_id, hospital).await?;
        let doctor = self.doctor(&call.body.doctor_token, hospital, now).await?;
        check_practice(&doctor, now.china_date())?;
        let operation = VisitOperation::Take { doctor: doctor.code };
        // refused calls leave no access record
        decide(&visit, &operation, now)?;
        let person = identity::person(&self.deps.peers, &visit.person_id, "take_visit", true).await?;
        let first_prescription = self.first_prescription(&visit).await?;
        let work = match self.deps.db.begin::<TakenVisit>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let visit = store::visit::get(work.tx(), &self.deps.cipher, &visit.visit_id).await?;
        let visit = visit.ok_or(PrescriptionError::Missing(Missing::Visit))?;
        let visit = self.move_visit(&work, visit, &operation, now).await?;
        let taken = TakenVisit {
            visit,
            name: person.identity.name,
            gender: person.gender,
            age: person.birth_date.map_or(0, |birth| full_years(birth, now.china_date())),
            allergies: person.allergies,
            first_prescription,
        };
        Ok(work.commit(taken).await?)
    }

    /// The prescription a visit renews, when it was written here for the same person.
    async fn first_prescription(&self, visit: &Visit) -> Outcome<Option<Prescription>> {
        let (conn, cipher) = (self.deps.db.read(), &self.deps.cipher);
        let key = (visit.hospital.as_str(), visit.first_rx_ref.as_str(), visit.person_id.as_str());
        let found = store::prescription::by_hospital_number(conn, cipher, key).await?;
        Ok(found.map(|record| record.rx))
    }

    /// Records the consultation and completes the visit. Without the doctor's word that it is a follow-up nothing is
    /// recorded: a first visit is not made online.
    pub async fn record_consultation(&self, call: Call<RecordConsultation>) -> Outcome<Visit> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, call.body);
        let hospital = call.meta.principal.institution()?;
        self.hospital_visit(&body.visit_id, hospital).await?;
        let doctor = self.doctor(&body.doctor_token, hospital, now).await?;
        let work = match self.deps.db.begin::<Visit>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let visit = store::visit::get(work.tx(), &self.deps.cipher, &body.visit_id).await?;
        let mut visit = visit.ok_or(PrescriptionError::Missing(Missing::Visit))?;
        visit.diagnosis = body.diagnosis;
        let operation = VisitOperation::Record { doctor: doctor.code, follow_up: body.follow_up };
        let visit = self.move_visit(&work, visit, &operation, now).await?;
        store::visit::put_record(work.tx(), &self.deps.cipher, &visit.visit_id, body.record.reveal()).await?;
        Ok(work.commit(visit).await?)
    }
}
