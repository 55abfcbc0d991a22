//! Highest daily doses of children, by age and weight ([`child_dose_rows`](super::child_dose_rows)).

use liufang_kernel::Quantity;

use super::child_dose_rows::{CHILDREN, Child};
use super::doses::daily_mass;
use super::{Drug, Rule, Severity};

/// A child's dose above what the label lets children have needs a reason; so does one that nobody can judge without a weight.
pub const CHILD_DOSE: Rule = Rule {
    id: "RX_CHILD_DOSE",
    severities: &[Severity::Warn],
    finds: "before 18 years: a daily dose above the label's highest for the age or weight; a weight (patn_wt_g) missing where it is by weight",
    source: "药品说明书【儿童用药】",
    look: |scene, report| {
        // at the claim the weight is not known any more, and what it told is in the findings of issue
        let Some(facts) = &scene.stated.facts else { return };
        for (line, drug) in scene.known() {
            let mut rows = rows(drug, scene.age).peekable();
            if facts.weight_g.is_none() && rows.peek().is_some_and(|row| row.needs_weight()) {
                let row = rows.next().map_or("", |row| row.name);
                let evidence = format!("{row}: a child's dose is by weight, and none is stated");
                report.find_by(Severity::Warn, line.line_no, evidence, (CHILD_DOSE.source, row));
                continue;
            }
            let weight_g = facts.weight_g.unwrap_or(0);
            let Some(row) = rows.find(|row| row.weights.1 == 0 || is_in(weight_g, row.weights)) else {
                continue;
            };
            let Some(daily) = daily_mass(line, drug) else { continue };
            let highest_ug = highest(row, weight_g);
            if daily.above(highest_ug) {
                let evidence =
                    format!("{}: above {} mg a day: {}", row.name, Quantity(highest_ug * 10), row.statement);
                report.find_by(Severity::Warn, line.line_no, evidence, (CHILD_DOSE.source, &row.id()));
            }
        }
    },
};

fn rows(drug: &Drug, age: i32) -> impl Iterator<Item = &'static Child> {
    let named = |row: &&Child| drug.generic_name.contains(row.name) && !is_combination(&drug.generic_name);
    let name = CHILDREN.iter().find(named).map(|row| row.name);
    CHILDREN.iter().filter(move |row| Some(row.name) == name && (row.ages.0..=row.ages.1).contains(&age))
}

/// Rows are of single substances.
fn is_combination(generic_name: &str) -> bool {
    [
        "沙库巴曲",
        "氢氯噻嗪",
        "缬沙坦氨氯地平",
        "氨氯地平阿托伐他汀",
        "复方",
        "二甲双胍格列",
        "列汀二甲双胍",
        "依折麦布",
    ]
    .iter()
    .any(|part| generic_name.contains(part))
}

fn is_in(weight_g: i64, (from, to): (i64, i64)) -> bool {
    from <= weight_g && weight_g < to
}

/// The smaller of what the row sets, in micrograms.
fn highest(row: &Child, weight_g: i64) -> i64 {
    let by_weight = row.per_kg_ug.saturating_mul(weight_g) / 1_000;
    match (row.daily_ug, row.per_kg_ug) {
        (daily, 0) => daily,
        (0, _) => by_weight,
        (daily, _) => daily.min(by_weight),
    }
}
