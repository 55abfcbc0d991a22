//! Pre-verification (D001): the rules decide whether a draft comes to be.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call};

use super::commands::PreVerify;
use super::examine::Subject;
use super::{App, Outcome, limits};
use crate::domain::booking::check_registered;
use crate::domain::prescription::{Line, Prescription};
use crate::domain::refusal::Refusal;
use crate::domain::repeat::{self, Series};
use crate::domain::retention;
use crate::domain::rules::{self, Drug, Finding};
use crate::domain::state::{Review, State, Use};
use crate::domain::visit::{Visit, may_prescribe};
use crate::error::PrescriptionError;
use crate::rpc::identity;
use crate::store::prescription::Record;
use crate::store::{self, StoreError};

impl App {
    /// Runs the rules on a completed visit's prescription and keeps it as a draft.
    ///
    /// Order: visit → doctor → visit state → disease registered → series → rules → hospital's own number.
    pub async fn pre_verify(&self, call: Call<PreVerify>) -> Outcome<Prescription> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let now = call.meta.now;
        let hospital = call.meta.principal.institution()?;
        let visit = self.hospital_visit(&call.body.visit_id, hospital).await?;
        let doctor = self.doctor(&call.body.doctor_token, hospital, now).await?;
        may_prescribe(&visit, &doctor.code)?;
        let drugs = self.catalogue(&call.body.lines).await?;
        let lines = call.body.lines.iter().map(|line| completed(line, &drugs)).collect();
        let asked = PreVerify { lines, ..call.body };
        let (findings, keep_until) = self.checked(&asked, &visit, &drugs, now).await?;
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let mut record = self.draft(asked, visit, findings, now);
        record.keep_until = keep_until;
        match store::prescription::insert(work.tx(), &self.deps.cipher, &record, now).await {
            Err(StoreError::Exists) => return Err(PrescriptionError::HospitalNumberUsed),
            inserted => inserted?,
        }
        let place = (record.rx.hi_rxno.as_str(), record.rx.hospital.as_str());
        store::change::note(work.tx(), place, "", &record.status(), now).await?;
        Ok(work.commit(record.rx).await?)
    }

    /// The findings of the rules with the doctor's reasons written in, and how long the sheet is kept; or the refusal they mean.
    async fn checked(
        &self,
        asked: &PreVerify,
        visit: &Visit,
        drugs: &[Drug],
        now: Timestamp,
    ) -> Outcome<(Vec<Finding>, Timestamp)> {
        let date = now.china_date();
        let person = identity::person(&self.deps.peers, &visit.person_id, "pre_verify", false).await?;
        check_registered(&person.registrations, &visit.disease, date)?;
        let institution = identity::institution(&self.deps.peers, &visit.hospital, date).await?;
        let pack = self.pack(&institution.region)?;
        let classes = drugs.iter().map(|drug| drug.controlled.as_str());
        let keep_until = retention::keep_sheet(limits(pack, date)?, classes, date);
        if let Some(repeat) = &asked.repeat {
            let most_days = limits(pack, date)?.long_supply_days_stable;
            if let Some(cause) = repeat::problem(repeat, asked.long_rx, &asked.lines, most_days) {
                return Err(Refusal::RepeatNotAllowed(cause).into());
            }
        }
        let subject = Subject {
            hi_rxno: "",
            person_id: &visit.person_id,
            disease: &visit.disease,
            long_rx: asked.long_rx,
            validity_days: asked.validity_days,
            lines: &asked.lines,
            hospital: &visit.hospital,
            renews: &visit.first_rx_ref,
            diagnoses: asked.diagnoses.iter().cloned().chain([visit.diagnosis.clone()]).collect(),
            allergies: &asked.allergies,
            stated: asked.stated.clone(),
        };
        let mut findings = self.examine(&subject, &person, drugs, pack, now).await?;
        rules::apply(&mut findings, &asked.overrides, &visit.doctor);
        if rules::blocked(&findings) {
            return Err(PrescriptionError::Blocked(findings));
        }
        let missing: Vec<Finding> = rules::missing_overrides(&findings).into_iter().cloned().collect();
        if missing.is_empty() {
            Ok((findings, keep_until))
        } else {
            Err(PrescriptionError::OverrideNeeded(missing))
        }
    }

    fn draft(&self, asked: PreVerify, visit: Visit, findings: Vec<Finding>, now: Timestamp) -> Record {
        // prscTime and valiEndTime are exact to the second
        let issued_at = Timestamp(0).plus_seconds(now.seconds());
        let number = || self.new_number(&visit.hospital, now);
        let hi_rxno = number();
        let series = asked.repeat.map(|repeat| Series {
            first: hi_rxno.clone(),
            use_no: 1,
            uses: repeat.uses,
            min_interval_days: repeat.min_interval_days,
            opens_at: issued_at,
            later: repeat::plan(&repeat, issued_at, || (number(), self.deps.ids.digits(20))),
        });
        let rx = Prescription {
            hi_rxno,
            trace_code: self.deps.ids.digits(20),
            hosp_rxno: asked.hosp_rxno,
            visit_id: visit.visit_id,
            person_id: visit.person_id,
            hospital: visit.hospital,
            doctor: visit.doctor,
            disease: visit.disease,
            diagnosis: visit.diagnosis,
            long_rx: asked.long_rx,
            renews: visit.first_rx_ref,
            issued_at,
            valid_until: issued_at.plus_days(i64::from(asked.validity_days)),
            lines: asked.lines,
            findings,
            state: State::Draft,
            review: Review::Pending,
            used: Use::Unused,
            nominee: String::new(),
            holder: String::new(),
            order_id: String::new(),
            hospital_pharmacist: String::new(),
            pharmacy_pharmacist: String::new(),
            second_pharmacist: String::new(),
            review_opinion: String::new(),
            revoke_asked: false,
            series: series.unwrap_or_default(),
            archived_at: Timestamp(0),
            version: 1,
        };
        Record::new(rx)
    }

    /// `hiRxno`, at most 30 characters: region, day, sixteen random digits.
    fn new_number(&self, hospital: &str, now: Timestamp) -> String {
        let region = hospital.get(1..7).unwrap_or("000000");
        let day: String = now.china_text().chars().filter(char::is_ascii_digit).take(8).collect();
        format!("{region}{day}{}", self.deps.ids.digits(16))
    }
}

/// Fields the hospital left empty are the catalogue's.
fn completed(line: &Line, drugs: &[Drug]) -> Line {
    let mut line = line.clone();
    if let Some(drug) = drugs.iter().find(|drug| drug.code == line.drug) {
        for (own, known) in [
            (&mut line.generic_name, &drug.generic_name),
            (&mut line.dosage_form, &drug.dosage_form),
            (&mut line.strength, &drug.strength),
            (&mut line.maker, &drug.maker),
            (&mut line.billing_unit, &drug.billing_unit),
        ] {
            if own.is_empty() {
                own.clone_from(known);
            }
        }
    }
    line
}
