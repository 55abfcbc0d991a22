//! Running the rules on lines as they stand today: before issue, and again when a pharmacy claims.

use liufang_kernel::idcard::full_years;
use liufang_kernel::{Timestamp, region::RegionPack};

use super::{App, Outcome, limits};
use crate::domain::prescription::{Line, Prescription};
use crate::domain::rules::{self, Case, Drug, Finding, OtherLine};
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
        let others =
            store::prescription::active_lines(self.deps.db.read(), subject.person_id, subject.hi_rxno, now)
                .await?;
        let others: Vec<OtherLine> = others
            .into_iter()
            .filter(|(rx, _)| rx != subject.hi_rxno)
            .map(|(_, line)| other_line(line))
            .collect();
        Ok(rules::check(&Case {
            pack,
            limits: limits(pack, date)?,
            date,
            // nobody of unknown age is an adult
            age: person.birth_date.map_or(0, |birth| full_years(birth, date)),
            allergies: &person.allergies,
            disease: subject.disease,
            long_rx: subject.long_rx,
            validity_days: subject.validity_days,
            lines: subject.lines,
            drugs,
            other_lines: &others,
        }))
    }
}

fn other_line(line: Line) -> OtherLine {
    OtherLine { drug: line.drug, generic_name: line.generic_name }
}
