//! Days of supply, by what is written and by what the quantity really lasts (exact rational arithmetic).

use liufang_kernel::Quantity;

use super::strength::{dose_in_units, is_preparation_unit};
use super::{Case, Drug, Report, Rule, Scene, Severity};
use crate::domain::frequency::{Frequency, Usage, usage};
use crate::domain::prescription::Line;

/// Ordinary ≤ 7 days and emergency ≤ 3, more with a written reason; registered chronic disease ≤ 28; long prescription ≤ 84,
/// above 28 with a written reason.
pub const DAYS_OF_SUPPLY: Rule = Rule {
    id: "RX_DAYS_OF_SUPPLY",
    severities: &[Severity::Block, Severity::Warn],
    finds: "more days than the kind of prescription allows, by what is written or by what the quantity lasts",
    source: "处方管理办法 art. 19; 长期处方管理规范（试行） art. 12 (domain.md §8)",
    look: days_of_supply,
};

/// The quantity fits dose × frequency × days, up to a whole pack.
pub const QUANTITY: Rule = Rule {
    id: "RX_QUANTITY",
    severities: &[Severity::Warn, Severity::Note],
    finds: "a quantity that is not what dose × frequency × days needs in whole packs; an unknown frequency; a note when it cannot be computed",
    source: "处方管理办法 art. 19: the quantity follows from dose, frequency and days (domain.md §8)",
    look: quantity,
};

/// Class-2 psychotropic drugs, where they are prescribed at all.
pub const PSYCHOTROPIC_DAYS: Rule = Rule {
    id: "RX_PSYCHOTROPIC_DAYS",
    severities: &[Severity::Warn],
    finds: "more than the region's psychotropic_supply_days (7) of a class-2 psychotropic drug",
    source: "处方管理办法 art. 23: class 2 ≤ 7 days, longer with a reason (domain.md §8)",
    look: |scene, report| {
        let limit = days(scene.limits.psychotropic_supply_days);
        for (line, _) in scene.known().filter(|(line, drug)| drug.controlled == "psych2" && limit < line.days)
        {
            report.find(Severity::Warn, line.line_no, format!("{} days, usual are {limit}", line.days));
        }
    },
};

/// Toxic drugs 医疗用毒性药品.
pub const TOXIC_DAYS: Rule = Rule {
    id: "RX_TOXIC_DAYS",
    severities: &[Severity::Block],
    finds: "more than two days of a toxic drug",
    source: "医疗用毒性药品管理办法 art. 9: at most two days' highest dose (domain.md §8)",
    look: |scene, report| {
        let limit = days(2);
        for (line, _) in scene.known().filter(|(line, drug)| drug.controlled == "toxic" && limit < line.days)
        {
            report.find(Severity::Block, line.line_no, format!("{} days, at most {limit}", line.days));
        }
    },
};

/// `(free, with a reason)`: days above the second are forbidden.
fn limits(case: &Case<'_>) -> (Quantity, Quantity) {
    let limits = case.limits;
    let (free, reasoned) = if case.long_rx {
        (limits.long_supply_days, limits.long_supply_days_stable)
    } else if case.stated.emergency {
        (limits.emergency_supply_days, limits.ordinary_supply_days)
    } else if !case.disease.is_empty() {
        (limits.long_supply_days, limits.long_supply_days)
    } else {
        (limits.ordinary_supply_days, limits.long_supply_days)
    };
    (days(free), days(reasoned))
}

fn days_of_supply(scene: &Scene<'_>, report: &mut Report) {
    let (free, reasoned) = limits(scene);
    for item in &scene.items {
        let line = item.line;
        let lasting = item.drug.and_then(|drug| course(line, drug));
        let exceeds = |limit: Quantity| {
            limit < line.days || lasting.is_some_and(|course| course.packs_for(limit) < course.packs)
        };
        if exceeds(reasoned) {
            let evidence = format!("{} days written, limit {reasoned}", line.days);
            report.find(Severity::Block, line.line_no, evidence);
        } else if exceeds(free) {
            let evidence = format!("{} days: above {free} only with a written reason", line.days);
            report.find(Severity::Warn, line.line_no, evidence);
        }
    }
}

fn quantity(scene: &Scene<'_>, report: &mut Report) {
    for item in &scene.items {
        let line = item.line;
        if usage(line.frequency.as_bytes()).is_none() {
            let evidence = format!("frequency code {} is not in the national list", line.frequency);
            report.find(Severity::Warn, line.line_no, evidence);
            continue;
        }
        let Some(drug) = item.drug else { continue };
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
