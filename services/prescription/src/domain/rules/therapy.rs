//! Duplicate therapy, within the sheet and against what the person has already, and plausibility for the disease.

use liufang_kernel::codes::{substance_key, therapy_class};

use super::{Case, Report, Rule, Severity};

/// The same substance twice on a sheet forbids it, the same class asks for a reason.
pub const DUPLICATE: Rule = Rule {
    id: "RX_DUPLICATE_THERAPY",
    source: "医院处方点评管理规范: 无正当理由重复用药 (domain.md §8, 四查十对)",
    look: duplicate,
};

/// The same substance or class on another prescription in force.
pub const DUPLICATE_ACTIVE: Rule = Rule {
    id: "RX_DUPLICATE_ACTIVE",
    source: "医院处方点评管理规范: 重复给药 across prescriptions in force (product: duplicate therapy)",
    look: duplicate_active,
};

/// The catalogue knows the drug for other diseases than the one of the visit.
pub const DISEASE: Rule = Rule {
    id: "RX_DISEASE_UNUSUAL",
    source: "catalogue: diseases the drug is usual for (domain.md §9.3)",
    look: |case, report| {
        for (line, drug) in case.known() {
            let usual = drug.diseases.is_empty() || drug.diseases.iter().any(|code| code == case.disease);
            if !usual && !case.disease.is_empty() {
                let evidence = format!("not listed for {}", case.disease);
                report.find(Severity::Note, line.line_no, evidence);
            }
        }
    },
};

fn duplicate(case: &Case<'_>, report: &mut Report) {
    for (index, line) in case.lines.iter().enumerate() {
        for earlier in &case.lines[..index] {
            if substance_key(&line.drug) == substance_key(&earlier.drug) {
                let evidence = format!("same substance as line {}", earlier.line_no);
                report.find(Severity::Block, line.line_no, evidence);
            } else if therapy_class(&line.drug) == therapy_class(&earlier.drug) {
                let evidence = format!("same therapy class as line {}", earlier.line_no);
                report.find(Severity::Warn, line.line_no, evidence);
            }
        }
    }
}

fn duplicate_active(case: &Case<'_>, report: &mut Report) {
    for line in case.lines {
        let same_substance =
            case.other_lines.iter().any(|other| substance_key(&other.drug) == substance_key(&line.drug));
        let same_class =
            case.other_lines.iter().any(|other| therapy_class(&other.drug) == therapy_class(&line.drug));
        if same_substance {
            report.find(Severity::Warn, line.line_no, "same substance on another prescription in force");
        } else if same_class {
            report.find(Severity::Warn, line.line_no, "same therapy class on another prescription in force");
        }
    }
}
