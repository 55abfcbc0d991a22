//! Drugs that may not be prescribed online, sold online, put on a long prescription, or reimbursed without approval.

use liufang_kernel::codes::therapy_class;
use liufang_kernel::region::OnlineBan;

use super::{Drug, Rule, Severity};

/// Narcotic, psychotropic, toxic, radioactive and precursor drugs are never prescribed online.
pub const CONTROLLED: Rule = Rule {
    id: "RX_CONTROLLED",
    source: "互联网诊疗管理办法 art. 19 (domain.md §8)",
    look: |case, report| {
        for (line, drug) in case.known().filter(|(_, drug)| is_controlled(drug)) {
            report.find(Severity::Block, line.line_no, format!("controlled: {}", drug.controlled));
        }
    },
};

/// Classes that are never sold online.
pub const NEVER_ONLINE: Rule = Rule {
    id: "RX_NEVER_ONLINE",
    source: "药品网络销售监督管理办法 art. 8: seven classes never sold online (domain.md §8)",
    look: |case, report| {
        for (line, drug) in case.known() {
            let ban = case.ban(drug).filter(|ban| !is_pick_up_only(*ban));
            if let Some(ban) = ban {
                report.find(Severity::Block, line.line_no, format!("never sold online: {ban}"));
            }
        }
    },
};

/// The NMPA negative list: ordinary for some coronary patients, so a reason is asked for and only pick-up is left.
pub const NEGATIVE_LIST: Rule = Rule {
    id: "RX_NEGATIVE_LIST",
    source: "药品网络销售禁止清单（第一版）(domain.md §8)",
    look: |case, report| {
        for (line, drug) in case.known() {
            let ban = case.ban(drug).filter(|ban| is_pick_up_only(*ban));
            if let Some(ban) = ban {
                report.find(Severity::Warn, line.line_no, format!("pick-up only: {ban}"));
            }
        }
    },
};

/// Drugs with special storage needs are outside long prescriptions.
pub const LONG_COLD: Rule = Rule {
    id: "RX_LONG_COLD_STORAGE",
    source: "长期处方管理规范 art. 8 (domain.md §8)",
    look: |case, report| {
        for (line, drug) in case.known().filter(|(_, drug)| drug.storage == "cold_2_8") {
            if case.long_rx {
                report.find(Severity::Block, line.line_no, format!("storage {}", drug.storage));
            }
        }
    },
};

/// Antimicrobials are outside long prescriptions, those against tuberculosis excepted.
pub const LONG_ANTIMICROBIAL: Rule = Rule {
    id: "RX_LONG_ANTIMICROBIAL",
    source: "长期处方管理规范 art. 8 (domain.md §8)",
    look: |case, report| {
        for (line, drug) in case.known() {
            let class = therapy_class(&drug.code);
            if case.long_rx && ["XJ01", "XJ02"].iter().any(|prefix| class.starts_with(prefix)) {
                report.find(Severity::Block, line.line_no, "antimicrobial on a long prescription");
            }
        }
    },
};

/// Restricted-use drugs are reimbursed with the hospital's approval alone.
pub const RESTRICTED: Rule = Rule {
    id: "RX_RESTRICTED_USE",
    source: "hospApprFlag: 限制使用 with 0 or 2 is self-paid (domain.md §1.3)",
    look: |case, report| {
        for (line, drug) in case.known() {
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

fn is_controlled(drug: &Drug) -> bool {
    !matches!(drug.controlled.as_str(), "" | "none")
}

/// Bans that follow from the negative list and not from the seven classes: a person may still collect the drug.
fn is_pick_up_only(ban: OnlineBan) -> bool {
    matches!(ban, OnlineBan::NegativeList | OnlineBan::Injection)
}
