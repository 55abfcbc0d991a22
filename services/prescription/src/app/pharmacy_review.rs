//! The pharmacy pharmacist's review (7206).

use liufang_platform::{Begun, Call};

use super::commands::Review;
use super::transition::{Edit, of_pharmacy};
use super::{App, Outcome};
use crate::domain::lifecycle::decide;
use crate::domain::operation::Operation;
use crate::domain::practitioner::check_pharmacy_pharmacist;
use crate::domain::prescription::Prescription;
use crate::domain::refusal::Refusal;
use crate::error::{Missing, PrescriptionError};
use crate::store::{self, prescription::Record};

impl App {
    /// Passes or refuses with the pharmacist's own token and a written opinion. A refusal ends the claim.
    pub async fn review(&self, call: Call<Review>) -> Outcome<Prescription> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let pharmacy = call.meta.principal.institution()?;
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, &body.hi_rxno).await?;
        let record = found.ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        of_pharmacy(&record, pharmacy)?;
        let operation = |record: &Record, pharmacist: &str| Operation::Review {
            pharmacy: pharmacy.to_owned(),
            secret_matches: self.is_secret(record, body.secret.reveal()),
            pass: body.pass,
            pharmacist: pharmacist.to_owned(),
        };
        let decided = decide(&record.status(), &operation(&record, ""), now);
        // a verdict given before is state; everything else that refuses here comes before the practitioner
        if let Err(refusal) = &decided
            && *refusal != Refusal::AlreadyReviewed
        {
            return Err(refusal.clone().into());
        }
        let pharmacist = self.practitioner(&body.pharmacist_token, now).await?;
        check_pharmacy_pharmacist(&pharmacist, pharmacy, &record.rx.doctor, &record.rx.hospital_pharmacist)?;
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let plan = |record: &Record| {
            of_pharmacy(record, pharmacy)?;
            Ok(operation(record, &pharmacist.code))
        };
        let edit = |record: &mut Record| {
            record.rx.review_opinion.clone_from(body.opinion.reveal());
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        let rx = if body.pass { record.rx } else { after_release(record.rx) };
        Ok(work.commit(rx).await?)
    }
}

/// What a pharmacy still sees of a prescription it has just lost: the three axes and its own verdict.
pub(super) fn after_release(rx: Prescription) -> Prescription {
    Prescription {
        person_id: String::new(),
        disease: String::new(),
        diagnosis: String::new(),
        lines: Vec::new(),
        findings: Vec::new(),
        ..rx
    }
}
