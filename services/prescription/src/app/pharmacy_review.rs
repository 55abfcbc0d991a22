//! The pharmacy pharmacist's review (7206).

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call};

use super::commands::Review;
use super::transition::{Edit, of_pharmacy};
use super::{App, Outcome, limits};
use crate::domain::lifecycle::decide;
use crate::domain::notice::{Reviewed, Reviewer};
use crate::domain::operation::Operation;
use crate::domain::practitioner::{Practitioner, check_pharmacy_pharmacist};
use crate::domain::prescription::Prescription;
use crate::domain::refusal::Refusal;
use crate::error::{Missing, PrescriptionError};
use crate::rpc::{identity, inventory};
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
        let second = self.second_reviewer(&record, pharmacy, body, (&pharmacist, now)).await?;
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
            record.rx.second_pharmacist =
                second.as_ref().map(|second| second.code.clone()).unwrap_or_default();
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        self.tell_reviewed(
            &work,
            &record,
            verdict(&record, pharmacy, body, (&pharmacist, second.as_ref()), now),
        )
        .await?;
        let rx = if body.pass { record.rx } else { after_release(record.rx) };
        Ok(work.commit(rx).await?)
    }
}

impl App {
    /// The second pharmacist, where one signs or the region asks for one. A refusal to hand out needs no second.
    async fn second_reviewer(
        &self,
        record: &Record,
        pharmacy: &str,
        body: &Review,
        (first, now): (&Practitioner, Timestamp),
    ) -> Outcome<Option<Practitioner>> {
        if body.second_pharmacist_token.is_empty() {
            if body.pass {
                self.needs_no_second(record, pharmacy, now).await?;
            }
            return Ok(None);
        }
        let second = self.practitioner(&body.second_pharmacist_token, now).await?;
        check_pharmacy_pharmacist(&second, pharmacy, &record.rx.doctor, &record.rx.hospital_pharmacist)?;
        if second.code == first.code {
            return Err(Refusal::PractitionerNotAllowed("SAME_PERSON").into());
        }
        Ok(Some(second))
    }

    async fn needs_no_second(&self, record: &Record, pharmacy: &str, now: Timestamp) -> Outcome<()> {
        let date = now.china_date();
        let region = identity::institution(&self.deps.peers, pharmacy, date).await?.region;
        let limits = limits(self.pack(&region)?, date)?;
        if limits.second_review_long == Some(true) && record.rx.long_rx {
            return Err(Refusal::SecondReviewNeeded("LONG").into());
        }
        if limits.second_review_controlled == Some(true) {
            let codes = record.rx.lines.iter().map(|line| line.drug.clone()).collect();
            let drugs = inventory::drugs(&self.deps.peers, codes).await?;
            if drugs.iter().any(|drug| !matches!(drug.controlled.as_str(), "" | "none")) {
                return Err(Refusal::SecondReviewNeeded("CONTROLLED").into());
            }
        }
        Ok(())
    }
}

fn verdict(
    record: &Record,
    pharmacy: &str,
    body: &Review,
    (first, second): (&Practitioner, Option<&Practitioner>),
    now: Timestamp,
) -> Reviewed {
    let reviewer = |who: &Practitioner| Reviewer { code: who.code.clone(), name: who.name.clone() };
    Reviewed {
        hosp_rxno: record.rx.hosp_rxno.clone(),
        pharmacy: pharmacy.to_owned(),
        pharmacist: reviewer(first),
        second: second.map(reviewer).unwrap_or_default(),
        passed: body.pass,
        opinion: body.opinion.reveal().clone(),
        at: now,
        state: record.rx.state,
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
