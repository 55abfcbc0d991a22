//! Duplicate therapy, within the sheet and against what the person has already, and plausibility for the disease.

use liufang_kernel::codes::{substance_key, therapy_class};

use super::scene::Other;
use super::supply::substance;
use super::{Report, Rule, Scene, Severity};

/// The same substance twice on a sheet forbids it, the same class asks for a reason.
pub const DUPLICATE: Rule = Rule {
    id: "RX_DUPLICATE_THERAPY",
    severities: &[Severity::Block, Severity::Warn],
    finds: "the same substance in the same form twice on the sheet; the same therapy class twice",
    source: "医院处方点评管理规范: 无正当理由重复用药 (domain.md §8, 四查十对)",
    look: duplicate,
};

/// The same substance or class in force or in hand, from any institution.
pub const DUPLICATE_ACTIVE: Rule = Rule {
    id: "RX_DUPLICATE_ACTIVE",
    severities: &[Severity::Warn],
    finds: "the same substance on another prescription in force, or the same class in force or in hand, of any institution",
    source: "医院处方点评管理规范: 重复给药 across prescriptions in force (product: duplicate therapy)",
    look: duplicate_active,
};

/// The catalogue knows the drug for other diseases than the one of the visit.
pub const DISEASE: Rule = Rule {
    id: "RX_DISEASE_UNUSUAL",
    severities: &[Severity::Note],
    finds: "a drug that the catalogue knows for other diseases than the visit's",
    source: "catalogue: diseases the drug is usual for (domain.md §9.3)",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let usual = drug.diseases.is_empty() || drug.diseases.iter().any(|code| code == scene.disease);
            if !usual && !scene.disease.is_empty() {
                let evidence = format!("not listed for {}", scene.disease);
                report.find(Severity::Note, line.line_no, evidence);
            }
        }
    },
};

fn duplicate(scene: &Scene<'_>, report: &mut Report) {
    for (item, earlier) in scene.pairs() {
        let (one, two) = (&item.line.drug, &earlier.line.drug);
        if substance_key(one) == substance_key(two) {
            let evidence = format!("same substance as line {}", earlier.no());
            report.find_by(Severity::Block, item.no(), evidence, (DUPLICATE.source, substance_key(one)));
        } else if therapy_class(one) == therapy_class(two) {
            let evidence = format!("same therapy class as line {}", earlier.no());
            report.find_by(Severity::Warn, item.no(), evidence, (DUPLICATE.source, therapy_class(one)));
        }
    }
}

fn duplicate_active(scene: &Scene<'_>, report: &mut Report) {
    for item in &scene.items {
        let drug = item.line.drug.as_str();
        let in_force = |other: &&Other<'_>| other.line.in_hand_until.is_none();
        let same_substance = |other: &&Other<'_>| substance(&other.line.drug) == substance(drug);
        // the same substance in hand is the business of RX_REFILL_TOO_SOON
        let same_class = |other: &&Other<'_>| {
            !same_substance(other) && therapy_class(&other.line.drug) == therapy_class(drug)
        };
        let found = if scene.others.iter().filter(in_force).any(|other| same_substance(&other)) {
            Some(("same substance on another prescription in force", substance(drug)))
        } else if let Some(other) = scene.others.iter().find(same_class) {
            let word = if in_force(&other) { "on another prescription in force" } else { "still in hand" };
            report.find_by(
                Severity::Warn,
                item.no(),
                format!("same therapy class {word}"),
                (DUPLICATE_ACTIVE.source, therapy_class(drug)),
            );
            None
        } else {
            None
        };
        if let Some((evidence, row)) = found {
            report.find_by(Severity::Warn, item.no(), evidence, (DUPLICATE_ACTIVE.source, row));
        }
    }
}
