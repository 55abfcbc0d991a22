//! What the person still has from prescriptions that were handed out, and a refill that comes too soon.

use std::collections::BTreeMap;

use liufang_kernel::codes::{DrugCodeKind, drug_code_kind};
use liufang_kernel::{Date, Timestamp};

use super::{OtherLine, Rule, Severity};
use crate::domain::prescription::Line;

/// The same substance again while much of it is still in hand.
pub const REFILL: Rule = Rule {
    id: "RX_REFILL_TOO_SOON",
    severities: &[Severity::Warn],
    finds: "the same substance while what was handed out lasts longer than the region's refill_early_days",
    source: "处方管理办法 art. 19: quantity follows need; the days are the region pack's (domain.md §8)",
    look: |scene, report| {
        for item in &scene.items {
            let same =
                |other: &&super::scene::Other<'_>| substance(&other.line.drug) == substance(&item.line.drug);
            let until = scene.others.iter().filter(same).filter_map(|other| other.line.in_hand_until).max();
            let Some(until) = until else { continue };
            let left = (until - scene.date).whole_days();
            if i64::from(scene.limits.refill_early_days) < left {
                let evidence = format!("{left} days of it are still in hand");
                report.find_by(
                    Severity::Warn,
                    item.no(),
                    evidence,
                    (REFILL.source, substance(&item.line.drug)),
                );
            }
        }
    },
};

/// A line of another prescription and when it was last handed out.
pub struct HandedOut {
    pub line: Line,
    pub at: Timestamp,
}

/// What is still in hand on `date`. Hand-outs of one substance add up: a second one begins when the first is used up.
pub fn in_hand(mut handed_out: Vec<HandedOut>, date: Date) -> Vec<OtherLine> {
    handed_out.sort_by_key(|row| row.at);
    let mut until: BTreeMap<String, Date> = BTreeMap::new();
    let mut last: BTreeMap<String, OtherLine> = BTreeMap::new();
    for HandedOut { line, at } in handed_out {
        let key = substance(&line.drug).to_owned();
        let day = at.china_date();
        let begin = until.get(&key).copied().filter(|known| day < *known).unwrap_or(day);
        let end = begin.checked_add(time::Duration::days(days_of(&line))).unwrap_or(Date::MAX);
        until.insert(key.clone(), end);
        let other = OtherLine {
            drug: line.drug,
            generic_name: line.generic_name,
            dosage_form: line.dosage_form,
            in_hand_until: Some(end),
        };
        last.insert(key, other);
    }
    last.into_values().filter(|other| other.in_hand_until.is_some_and(|end| date < end)).collect()
}

/// Whole days that what was handed out of a line lasts, rounded up.
fn days_of(line: &Line) -> i64 {
    let (days, part, whole) =
        (i128::from(line.days.0), i128::from(line.dispensed.0), i128::from(line.quantity.0));
    if whole <= 0 || days <= 0 || part <= 0 {
        return 0;
    }
    let unit = whole * 10_000;
    i64::try_from((days * part + unit - 1) / unit).unwrap_or(i64::MAX).min(100_000)
}

/// The substance of a drug code whatever its form: class and name. Another kind of code stands for itself.
pub(super) fn substance(code: &str) -> &str {
    match drug_code_kind(code) {
        Some(DrugCodeKind::Western) => &code[..10],
        _ => liufang_kernel::codes::substance_key(code),
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::timestamp::parse_date;
    use liufang_kernel::{Quantity, UnitPrice};

    use super::*;

    fn handed(drug: &str, dispensed: i64, at_day: i64) -> HandedOut {
        let line = Line {
            line_no: 1,
            drug: drug.into(),
            generic_name: String::new(),
            dosage_form: String::new(),
            strength: String::new(),
            maker: String::new(),
            route: "1".into(),
            dose: Quantity::whole(1),
            dose_unit: "片".into(),
            frequency: "11".into(),
            days: Quantity::whole(28),
            quantity: Quantity::whole(4),
            billing_unit: "盒".into(),
            price: UnitPrice(1),
            approval: "0".into(),
            dispensed: Quantity::whole(dispensed),
        };
        HandedOut { line, at: Timestamp(0).plus_days(at_day) }
    }

    #[test]
    fn hand_outs_add_up_and_parts_count_as_parts() {
        let day = |text: &str| parse_date(text).unwrap();
        let tablets = "XC08CAA001A001010100001";
        let capsules = "XC08CAA001E001010100001";
        let until = |rows: Vec<HandedOut>, date: &str| {
            in_hand(rows, day(date)).into_iter().filter_map(|other| other.in_hand_until).collect::<Vec<_>>()
        };
        assert_eq!(until(vec![handed(tablets, 4, 0)], "1970-01-02"), [day("1970-01-29")]);
        assert_eq!(until(vec![handed(tablets, 1, 0)], "1970-01-02"), [day("1970-01-08")], "a quarter");
        assert_eq!(
            until(vec![handed(tablets, 4, 0), handed(capsules, 4, 0)], "1970-01-02"),
            [day("1970-02-26")]
        );
        assert_eq!(until(vec![handed(tablets, 4, 0)], "1970-01-29"), [], "used up");
        assert_eq!(until(vec![handed(tablets, 0, 0)], "1970-01-01"), [], "nothing");
    }
}
