//! The sheet itself: number of kinds, validity, known drugs.

use super::{Rule, Severity};

/// At most five kinds of drug on one sheet.
pub const MAX_KINDS: Rule = Rule {
    id: "RX_MAX_KINDS",
    source: "处方管理办法 art. 6 (domain.md §8)",
    look: |case, report| {
        let (count, limit) = (case.lines.len(), case.limits.max_kinds as usize);
        if limit < count {
            report.find(Severity::Block, 0, format!("{count} kinds of drug, at most {limit}"));
        }
    },
};

/// The day of issue, or as the doctor extends it, three days at most.
pub const VALIDITY: Rule = Rule {
    id: "RX_VALIDITY_DAYS",
    source: "处方管理办法 art. 18 (domain.md §8)",
    look: |case, report| {
        let (days, usual, longest) =
            (i64::from(case.validity_days), case.limits.validity_days, case.limits.validity_days_max);
        if days < 1 || i64::from(longest) < days {
            report.find(Severity::Block, 0, format!("valid for {days} days, allowed are 1 to {longest}"));
        } else if i64::from(usual) < days {
            report.find(Severity::Note, 0, format!("validity extended to {days} days"));
        }
    },
};

/// Every line names a drug of the catalogue.
pub const UNKNOWN_DRUG: Rule = Rule {
    id: "RX_UNKNOWN_DRUG",
    source: "国家医保药品目录: only catalogue drugs circulate (domain.md §6.1)",
    look: |case, report| {
        for line in case.lines.iter().filter(|line| case.drug(line).is_none()) {
            report.find(Severity::Block, line.line_no, format!("{} is not in the catalogue", line.drug));
        }
    },
};

/// What the line says about the drug is what the catalogue says: parity is judged by these fields later.
pub const CATALOGUE: Rule = Rule {
    id: "RX_CATALOGUE_MISMATCH",
    source: "domain.md §1.3: drugGenname, drugDosform, drugSpec, prdrName describe medListCodg",
    look: |case, report| {
        for (line, drug) in case.known() {
            let pairs = [
                ("drug_genname", &line.generic_name, &drug.generic_name),
                ("drug_dosform", &line.dosage_form, &drug.dosage_form),
                ("drug_spec", &line.strength, &drug.strength),
                ("prdr_name", &line.maker, &drug.maker),
            ];
            for (field, given, known) in pairs {
                if given != known {
                    report.find(Severity::Block, line.line_no, format!("{field} differs from the catalogue"));
                }
            }
        }
    },
};
