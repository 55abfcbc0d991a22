//! Rules about the person.

use super::{Rule, Severity};

/// Under six a guardian and a specialist must be present: not online.
pub const UNDER_SIX: Rule = Rule {
    id: "RX_UNDER_SIX",
    source: "互联网诊疗管理办法 art. 19 (domain.md §8)",
    look: |case, report| {
        if case.age < 6 {
            report.find(Severity::Block, 0, "the patient is under six years");
        }
    },
};
