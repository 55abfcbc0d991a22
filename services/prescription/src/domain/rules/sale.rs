//! Drugs that may not be prescribed online, sold online, or reimbursed without approval.

use liufang_kernel::codes::therapy_class;
use liufang_kernel::region::OnlineBan;

use super::{Case, Drug, Rule, Severity};

/// Narcotic, psychotropic, toxic, radioactive and precursor drugs are never prescribed online.
pub const CONTROLLED: Rule = Rule {
    id: "RX_CONTROLLED",
    severities: &[Severity::Block],
    finds: "a narcotic, psychotropic, toxic, radioactive or precursor drug",
    source: "互联网诊疗管理办法 art. 19 (domain.md §8)",
    look: |scene, report| {
        for (line, drug) in scene.known().filter(|(_, drug)| is_controlled(drug)) {
            report.find(Severity::Block, line.line_no, format!("controlled: {}", drug.controlled));
        }
    },
};

/// Classes that are never sold online.
pub const NEVER_ONLINE: Rule = Rule {
    id: "RX_NEVER_ONLINE",
    severities: &[Severity::Block],
    finds: "one of the seven classes never sold online, a hospital preparation, a formula granule, a compound addictive product",
    source: "药品网络销售监督管理办法 art. 8: seven classes never sold online (domain.md §8)",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let ban = scene.ban(drug).filter(|ban| !is_pick_up_only(*ban));
            if let Some(ban) = ban {
                report.find(Severity::Block, line.line_no, format!("never sold online: {ban}"));
            }
        }
    },
};

/// The NMPA negative list: ordinary for some coronary patients, so a reason is asked for and only pick-up is left.
pub const NEGATIVE_LIST: Rule = Rule {
    id: "RX_NEGATIVE_LIST",
    severities: &[Severity::Warn],
    finds: "a drug of the negative list, or an injection that does not lower glucose: pick-up only",
    source: "药品网络销售禁止清单（第一版）(domain.md §8)",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            let ban = scene.ban(drug).filter(|ban| is_pick_up_only(*ban));
            if let Some(ban) = ban {
                report.find(Severity::Warn, line.line_no, format!("pick-up only: {ban}"));
            }
        }
    },
};

/// Restricted-use drugs are reimbursed with the hospital's approval alone.
pub const RESTRICTED: Rule = Rule {
    id: "RX_RESTRICTED_USE",
    severities: &[Severity::Warn, Severity::Note],
    finds: "a restricted-use drug without the hospital's approval; a note where approval was refused",
    source: "hospApprFlag: 限制使用 with 0 or 2 is self-paid (domain.md §1.3)",
    look: |scene, report| {
        for (line, drug) in scene.known() {
            match (drug.restricted, line.approval.as_str()) {
                (true, "0") => {
                    report.find(Severity::Warn, line.line_no, "restricted use without approval: self-paid");
                }
                (_, "2") => report.find(Severity::Note, line.line_no, "approval refused: self-paid"),
                _ => {}
            }
        }
    },
};

pub(super) fn is_controlled(drug: &Drug) -> bool {
    !matches!(drug.controlled.as_str(), "" | "none")
}

/// One-character names of provinces, autonomous regions and municipalities, as approval numbers begin with them.
const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";

/// Approved for one hospital (医疗机构制剂注册管理办法): province, 药制字, H chemical or Z Chinese medicine, year and number. Chinese
/// preparations made in the traditional way are filed instead: 药制备字 and Z, with a longer number.
pub(super) fn is_hospital_preparation(approval_no: &str) -> bool {
    let mut rest = approval_no.trim().chars();
    if !rest.next().is_some_and(|province| PROVINCES.contains(province)) {
        return false;
    }
    let rest = rest.as_str();
    let number = match (rest.strip_prefix("药制字"), rest.strip_prefix("药制备字")) {
        (Some(number), _) => number.strip_prefix(['H', 'Z', 'h', 'z']),
        (None, Some(number)) => number.strip_prefix(['Z', 'z']),
        (None, None) => None,
    };
    number.is_some_and(|number| 8 <= number.len() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The ban that follows from what a drug is: an injection, unless it lowers glucose (A10), a formula granule 配方颗粒, or a hospital's
/// own preparation by its approval number, whatever the catalogue says of it.
pub(super) fn form_ban(case: &Case<'_>, drug: &Drug) -> Option<OnlineBan> {
    if drug.generic_name.contains("配方颗粒") {
        return Some(OnlineBan::FormulaGranule);
    }
    if is_hospital_preparation(&drug.approval_no) {
        return Some(OnlineBan::HospitalPreparation);
    }
    let injection = drug.dosage_form.contains("注射");
    let lowers_glucose = therapy_class(&drug.code).starts_with("XA10");
    let spared = lowers_glucose && case.pack.glucose_lowering_injections_allowed(case.date);
    (injection && !spared).then_some(OnlineBan::Injection)
}

/// Bans that follow from the negative list and not from the seven classes: a person may still collect the drug.
fn is_pick_up_only(ban: OnlineBan) -> bool {
    matches!(ban, OnlineBan::NegativeList | OnlineBan::Injection)
}
