//! Days of supply, by what is written and by what the quantity really lasts (exact rational arithmetic).

use liufang_kernel::Quantity;

use super::strength::{dose_in_units, is_preparation_unit};
use super::{Case, Drug, Report, Rule, Severity};
use crate::domain::frequency::{Frequency, Usage, usage};
use crate::domain::prescription::Line;

/// Ordinary ≤ 7 days, registered chronic disease ≤ 28, long prescription ≤ 84 (above 28 with a written reason).
pub const DAYS_OF_SUPPLY: Rule = Rule {
    id: "RX_DAYS_OF_SUPPLY",
    source: "处方管理办法 art. 19; 长期处方管理规范 art. 12 (domain.md §8)",
    look: days_of_supply,
};

/// The quantity fits dose × frequency × days, up to a whole pack.
pub const QUANTITY: Rule = Rule {
    id: "RX_QUANTITY",
    source: "处方管理办法 art. 19: the quantity follows from dose, frequency and days (domain.md §8)",
    look: quantity,
};

fn usual_limit(case: &Case<'_>) -> u32 {
    let chronic = case.long_rx || !case.disease.is_empty();
    if chronic { case.limits.long_supply_days } else { case.limits.ordinary_supply_days }
}

fn longest_limit(case: &Case<'_>) -> u32 {
    if case.long_rx { case.limits.long_supply_days_stable } else { usual_limit(case) }
}

fn days_of_supply(case: &Case<'_>, report: &mut Report) {
    let (usual, longest) = (days(usual_limit(case)), days(longest_limit(case)));
    for line in case.lines {
        let lasting = case.drug(line).and_then(|drug| course(line, drug));
        let exceeds = |limit: Quantity| {
            limit < line.days || lasting.is_some_and(|course| course.packs_for(limit) < course.packs)
        };
        if exceeds(longest) {
            let evidence = format!("{} days written, limit {longest}", line.days);
            report.find(Severity::Block, line.line_no, evidence);
        } else if exceeds(usual) {
            let evidence = format!("{} days: above {usual} only for stable patients who agreed", line.days);
            report.find(Severity::Warn, line.line_no, evidence);
        }
    }
}

fn quantity(case: &Case<'_>, report: &mut Report) {
    for line in case.lines {
        if usage(line.frequency.as_bytes()).is_none() {
            let evidence = format!("frequency code {} is not in the national list", line.frequency);
            report.find(Severity::Warn, line.line_no, evidence);
            continue;
        }
        let Some(drug) = case.drug(line) else { continue };
        let Some(course) = course(line, drug) else {
            report.find(
                Severity::Note,
                line.line_no,
                "the supply cannot be computed from this dose and unit",
            );
            continue;
        };
        let need = course.packs_for(line.days);
        if need != course.packs {
            let evidence = format!("{} {}, the course needs {}", line.quantity, line.billing_unit, need);
            // more than needed invites hoarding, less leaves the patient without: both ask for a reason
            report.find(Severity::Warn, line.line_no, evidence);
        }
    }
}

/// A line's supply, in billing units of `unit_e4` preparation units each.
#[derive(Clone, Copy)]
struct Course {
    frequency: Frequency,
    dose_e4: i64,
    unit_e4: i64,
    /// Billing units, rounded up to whole ones.
    packs: i128,
}

impl Course {
    fn packs_for(&self, days: Quantity) -> i128 {
        self.frequency.packs_needed(self.dose_e4, days.0, self.unit_e4)
    }
}

fn course(line: &Line, drug: &Drug) -> Option<Course> {
    let Some(Usage::Regular(frequency)) = usage(line.frequency.as_bytes()) else { return None };
    let dose_e4 = dose_in_units(line.dose, &line.dose_unit, &drug.strength)?;
    let per_billing_unit = if line.billing_unit == drug.billing_unit {
        drug.units_per_pack
    } else if is_preparation_unit(&line.billing_unit) {
        1
    } else {
        return None;
    };
    let unit_e4 = per_billing_unit.checked_mul(10_000).filter(|unit| *unit > 0)?;
    let packs = i128::from(line.quantity.0).div_euclid(10_000) + i128::from(line.quantity.0 % 10_000 > 0);
    Some(Course { frequency, dose_e4, unit_e4, packs })
}

fn days(count: u32) -> Quantity {
    Quantity::whole(i64::from(count))
}
