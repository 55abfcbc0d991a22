//! What follows from findings: blocks forbid, warnings need the doctor's written reason.

use super::{Finding, Severity};

/// A doctor's written reason to go on in spite of a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub rule: String,
    pub line: i32,
    pub reason: String,
}

/// Writes the reasons into the warnings they belong to. A reason never touches a block.
pub fn apply(findings: &mut [Finding], overrides: &[Override], doctor: &str) {
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Warn) {
        let fits = |given: &&Override| given.rule == finding.rule && given.line == finding.line;
        if let Some(given) = overrides.iter().find(fits) {
            doctor.clone_into(&mut finding.overridden_by);
            given.reason.clone_into(&mut finding.override_reason);
        }
    }
}

/// Whether any finding forbids the prescription.
pub fn blocked(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Block)
}

/// Warnings without a reason.
pub fn missing_overrides(findings: &[Finding]) -> Vec<&Finding> {
    let open = |finding: &&Finding| finding.severity == Severity::Warn && finding.override_reason.is_empty();
    findings.iter().filter(open).collect()
}

/// The known findings with their reasons, then those of `today` that are not among them. A known finding is the same
/// rule on the same line about the same row with the same severity; its wording may have changed. Findings from before
/// there were rows are known whatever today's row.
pub fn with_new(known: &[Finding], today: Vec<Finding>) -> Vec<Finding> {
    let is_known = |new: &Finding| {
        known.iter().any(|old| {
            let same_row = old.row == new.row || old.row.is_empty();
            same_row && old.rule == new.rule && old.line == new.line && old.severity == new.severity
        })
    };
    let new = today.into_iter().filter(|finding| !is_known(finding));
    known.iter().cloned().chain(new).collect()
}
