//! The sheet itself: number of kinds, herbal slices, validity, known drugs, what it renews.

use liufang_kernel::codes::{DrugCodeKind, drug_code_kind};

use super::scene::Item;
use super::{Rule, Severity};

/// At most five kinds of drug on one sheet. Herbal slices have a sheet of their own and no such limit.
pub const MAX_KINDS: Rule = Rule {
    id: "RX_MAX_KINDS",
    severities: &[Severity::Block],
    finds: "more kinds of Western and Chinese patent drugs than the region's max_kinds (5)",
    source: "处方管理办法 art. 6 (domain.md §8)",
    look: |scene, report| {
        let count = scene.items.iter().filter(|item| !is_herbal(item)).count();
        let limit = scene.limits.max_kinds as usize;
        if limit < count {
            report.find(Severity::Block, 0, format!("{count} kinds of drug, at most {limit}"));
        }
    },
};

/// Herbal slices 中药饮片 stand on a sheet of their own.
pub const HERBAL_SHEET: Rule = Rule {
    id: "RX_HERBAL_SHEET",
    severities: &[Severity::Block],
    finds: "herbal slices beside other drugs",
    source: "处方管理办法 art. 6: 中药饮片应当单独开具处方 (domain.md §8)",
    look: |scene, report| {
        let (herbal, others): (Vec<_>, Vec<_>) = scene.items.iter().partition(|item| is_herbal(item));
        if !others.is_empty() {
            for item in herbal {
                report.find(Severity::Block, item.no(), "herbal slices want a sheet of their own");
            }
        }
    },
};

/// The day of issue, or as the doctor extends it, three days at most.
pub const VALIDITY: Rule = Rule {
    id: "RX_VALIDITY_DAYS",
    severities: &[Severity::Block, Severity::Note],
    finds: "a validity outside 1 to the region's validity_days_max (3); a note when extended",
    source: "处方管理办法 art. 18 (domain.md §8)",
    look: |scene, report| {
        let (days, usual, longest) =
            (i64::from(scene.validity_days), scene.limits.validity_days, scene.limits.validity_days_max);
        if days < 1 || i64::from(longest) < days {
            report.find(Severity::Block, 0, format!("valid for {days} days, allowed are 1 to {longest}"));
        } else if i64::from(usual) < days {
            report.find(Severity::Note, 0, format!("validity extended to {days} days"));
        }
    },
};

/// No first visit online: a prescription renews one made before.
pub const FIRST_VISIT: Rule = Rule {
    id: "RX_FIRST_VISIT",
    severities: &[Severity::Block],
    finds: "a prescription that renews nothing, where the region allows no first visit online",
    source: "互联网诊疗管理办法 art. 16: no first visit online (domain.md §8)",
    look: |scene, report| {
        if scene.renews.is_empty() && !scene.limits.first_visit_online {
            report.find(Severity::Block, 0, "names no prescription that it renews");
        }
    },
};

/// Every line names a drug of the catalogue.
pub const UNKNOWN_DRUG: Rule = Rule {
    id: "RX_UNKNOWN_DRUG",
    severities: &[Severity::Block],
    finds: "a drug that is not in the catalogue",
    source: "国家医保药品目录: only catalogue drugs circulate (domain.md §6.1)",
    look: |scene, report| {
        for item in scene.items.iter().filter(|item| item.drug.is_none()) {
            report.find(Severity::Block, item.no(), format!("{} is not in the catalogue", item.line.drug));
        }
    },
};

/// What the line says about the drug is what the catalogue says: parity is judged by these fields later.
pub const CATALOGUE: Rule = Rule {
    id: "RX_CATALOGUE_MISMATCH",
    severities: &[Severity::Block],
    finds: "a name, form, strength or maker that differs from the catalogue's",
    source: "domain.md §1.3: drugGenname, drugDosform, drugSpec, prdrName describe medListCodg",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let pairs = [
                ("drug_genname", &line.generic_name, &drug.generic_name),
                ("drug_dosform", &line.dosage_form, &drug.dosage_form),
                ("drug_spec", &line.strength, &drug.strength),
                ("prdr_name", &line.maker, &drug.maker),
            ];
            for (field, given, known) in pairs {
                if given != known {
                    let evidence = format!("{field} differs from the catalogue");
                    report.find_by(Severity::Block, line.line_no, evidence, (CATALOGUE.source, field));
                }
            }
        }
    },
};

fn is_herbal(item: &Item<'_>) -> bool {
    drug_code_kind(&item.line.drug) == Some(DrugCodeKind::Herbal)
}
