//! Rules about the person.

use super::{Rule, Severity};

/// Under six only with a guardian and a specialist at hand.
pub const UNDER_SIX: Rule = Rule {
    id: "RX_UNDER_SIX",
    severities: &[Severity::Block, Severity::Note],
    finds: "a patient under six years (or of unknown age) without a guardian and a specialist present; a note with both",
    source: "互联网诊疗管理办法 art. 19 (domain.md §8)",
    look: |scene, report| {
        if scene.age < 6 {
            if scene.stated.is_accompanied() {
                report.find(Severity::Note, 0, "under six years: guardian and specialist were present");
            } else {
                report.find(
                    Severity::Block,
                    0,
                    "under six years: a guardian and a specialist must be present",
                );
            }
        }
    },
};
