//! Running the rules on lines as they stand today: before issue, and again when a pharmacy claims.

use liufang_kernel::idcard::full_years;
use liufang_kernel::{Timestamp, region::RegionPack};

use super::{App, Outcome, limits};
use crate::domain::prescription::{Line, Prescription};
use crate::domain::rules::{self, Case, Drug, Finding, OtherLine, Stated};
use crate::rpc::identity::Person;
use crate::rpc::inventory;
use crate::store;

/// What is examined.
pub(super) struct Subject<'a> {
    /// Its own number, so that it is no duplicate of itself; empty before issue.
    pub hi_rxno: &'a str,
    pub person_id: &'a str,
    pub disease: &'a str,
    pub long_rx: bool,
    pub validity_days: i32,
    pub lines: &'a [Line],
    pub hospital: &'a str,
    /// `initRxno`.
    pub renews: &'a str,
    /// ICD-10 of the visit, and others that were stated.
    pub diagnoses: Vec<String>,
    /// Stated besides the registered ones.
    pub allergies: &'a [String],
    pub stated: Stated,
}

impl<'a> Subject<'a> {
    pub fn of(rx: &'a Prescription) -> Subject<'a> {
        let days = rx.validity_days();
        Subject {
            hi_rxno: &rx.hi_rxno,
            person_id: &rx.person_id,
            disease: &rx.disease,
            long_rx: rx.long_rx,
            validity_days: i32::try_from(days).unwrap_or(i32::MAX),
            lines: &rx.lines,
            hospital: &rx.hospital,
            renews: &rx.renews,
            diagnoses: vec![rx.diagnosis.clone()],
            allergies: &[],
            stated: Stated::in_findings(&rx.findings),
        }
    }
}

impl App {
    /// The catalogue rows of the lines.
    pub(super) async fn catalogue(&self, lines: &[Line]) -> Outcome<Vec<Drug>> {
        let mut codes: Vec<String> = lines.iter().map(|line| line.drug.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        Ok(inventory::drugs(&self.deps.peers, codes).await?)
    }

    /// Every finding of every rule.
    pub(super) async fn examine(
        &self,
        subject: &Subject<'_>,
        person: &Person,
        drugs: &[Drug],
        pack: &RegionPack,
        now: Timestamp,
    ) -> Outcome<Vec<Finding>> {
        let date = now.china_date();
        let others = self.elsewhere(subject, now).await?;
        let allergies: Vec<String> = person.allergies.iter().chain(subject.allergies).cloned().collect();
        let registered =
            person.registrations.iter().filter(|row| row.covers(date)).map(|row| row.disease.clone());
        let conditions: Vec<String> = registered.chain(subject.diagnoses.iter().cloned()).collect();
        Ok(rules::check(&Case {
            pack,
            limits: limits(pack, date)?,
            date,
            // nobody of unknown age is an adult
            age: person.birth_date.map_or(0, |birth| full_years(birth, date)),
            allergies: &allergies,
            disease: subject.disease,
            conditions: &conditions,
            long_rx: subject.long_rx,
            validity_days: subject.validity_days,
            renews: subject.renews,
            renewed_long: self.renewed_long(subject).await?,
            stated: &subject.stated,
            lines: subject.lines,
            drugs,
            other_lines: &others,
        }))
    }

    /// What the person has from other prescriptions of any hospital: in force and not handed out, and in hand.
    async fn elsewhere(&self, subject: &Subject<'_>, now: Timestamp) -> Outcome<Vec<OtherLine>> {
        let conn = self.deps.db.read();
        let active = store::prescription::active_lines(conn, subject.person_id, subject.hi_rxno, now).await?;
        let active =
            active.into_iter().filter(|(rx, line)| rx != subject.hi_rxno && line.dispensed < line.quantity);
        let mut others: Vec<OtherLine> = active.map(|(_, line)| in_force(line)).collect();
        let since = now.plus_days(-LONGEST_SUPPLY_DAYS);
        let handed_out = store::in_hand::of_person(conn, subject.person_id, subject.hi_rxno, since).await?;
        let handed_out = handed_out.into_iter().filter(|(rx, _)| rx != subject.hi_rxno).map(|(_, row)| row);
        others.extend(rules::in_hand(handed_out.collect(), now.china_date()));
        Ok(others)
    }

    /// Whether the renewed prescription was a long one, when it was written here for the same person.
    async fn renewed_long(&self, subject: &Subject<'_>) -> Outcome<Option<bool>> {
        if !subject.long_rx || subject.renews.is_empty() {
            return Ok(None);
        }
        let key = (subject.hospital, subject.renews, subject.person_id);
        let found =
            store::prescription::by_hospital_number(self.deps.db.read(), &self.deps.cipher, key).await?;
        Ok(found.map(|record| record.rx.long_rx))
    }
}

/// Prescriptions older than this have nothing left: twice the longest supply and its validity.
const LONGEST_SUPPLY_DAYS: i64 = 180;

fn in_force(line: Line) -> OtherLine {
    OtherLine {
        drug: line.drug,
        generic_name: line.generic_name,
        dosage_form: line.dosage_form,
        in_hand_until: None,
    }
}
