//! Highest daily and single doses, by the labels ([`dose_rows`](super::dose_rows)).

use liufang_kernel::Quantity;

use super::dose_rows::{HIGHEST, Highest};
use super::strength::{MassE4, mass, strength};
use super::{Drug, Rule, Severity};
use crate::domain::frequency::{Usage, usage};
use crate::domain::prescription::Line;

/// A dose above the label's daily maximum needs a reason.
pub const MAX_DOSE: Rule = Rule {
    id: "RX_MAX_DOSE",
    severities: &[Severity::Warn],
    finds: "a daily dose above the label's highest",
    source: "药品说明书【用法用量】",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let (Some(row), Some(daily)) = (row(drug), daily_mass(line, drug)) else { continue };
            if daily.above(row.daily_ug) {
                let evidence = format!("{}: above {} mg a day", row.name, Quantity(row.daily_ug * 10));
                report.find_by(Severity::Warn, line.line_no, evidence, (MAX_DOSE.source, row.name));
            }
        }
    },
};

/// And so does a single dose above the label's.
pub const MAX_SINGLE_DOSE: Rule = Rule {
    id: "RX_MAX_SINGLE_DOSE",
    severities: &[Severity::Warn],
    finds: "a single dose above the label's highest",
    source: "药品说明书【用法用量】",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let (Some(row), Some(single)) = (row(drug), single_mass(line, drug)) else { continue };
            if single > i128::from(row.single_ug) * 10_000 {
                let evidence = format!("{}: above {} mg at a time", row.name, Quantity(row.single_ug * 10));
                report.find_by(Severity::Warn, line.line_no, evidence, (MAX_SINGLE_DOSE.source, row.name));
            }
        }
    },
};

fn row(drug: &Drug) -> Option<&'static Highest> {
    HIGHEST.iter().find(|row| drug.generic_name.contains(row.name))
}

/// A daily mass as an exact fraction.
pub(super) struct Daily {
    numerator: MassE4,
    days: i128,
}

impl Daily {
    pub fn above(&self, micrograms: i64) -> bool {
        self.numerator > i128::from(micrograms) * 10_000 * self.days
    }
}

fn single_mass(line: &Line, drug: &Drug) -> Option<MassE4> {
    mass(line.dose, &line.dose_unit).or_else(|| {
        let per_unit = strength(&drug.strength)?;
        super::strength::is_preparation_unit(&line.dose_unit)
            .then(|| per_unit * i128::from(line.dose.0) / 10_000)
    })
}

pub(super) fn daily_mass(line: &Line, drug: &Drug) -> Option<Daily> {
    let Some(Usage::Regular(frequency)) = usage(line.frequency.as_bytes()) else { return None };
    let times = i128::from(frequency.times);
    // rarer than daily: the single dose is what counts on the day it is taken
    let days = if frequency.times < frequency.days { times } else { i128::from(frequency.days) };
    Some(Daily { numerator: single_mass(line, drug)? * times, days })
}
