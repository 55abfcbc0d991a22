//! What the hospital states about the patient with a prescription, and what of it is still known at the claim.

use super::{Finding, Severity, long, person};

/// The patient as the hospital describes them (`mdtrtinfo`, `domain.md` §1.3). Never kept: what a rule made of it is in the
/// findings, which are sealed. Has no `Debug`: it speaks of a person's health.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `gesoVal`, weeks of pregnancy; 0 for none.
    pub weeks_pregnant: i32,
    /// `suckPrdFlag`.
    pub lactating: bool,
    /// Estimated glomerular filtration rate, ml/min/1.73 m²; `None` when not stated.
    pub egfr: Option<i32>,
    /// `patnWt`, in grams; `None` when not stated.
    pub weight_g: Option<i64>,
    /// Under six: a guardian is present.
    pub guardian_present: bool,
    /// Under six: a specialist is present.
    pub specialist_present: bool,
}

/// What rules may rely on.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// `None` at the claim: what was stated then is in the findings of issue.
    pub facts: Option<Facts>,
    /// The hospital's record of the patient's signed confirmation of a long prescription; empty: none.
    pub consent: String,
    /// 急诊处方.
    pub emergency: bool,
    /// At the claim: a guardian and a specialist were present at issue.
    pub accompanied: bool,
}

impl Stated {
    /// What the findings of issue still tell.
    pub fn in_findings(findings: &[Finding]) -> Stated {
        let noted = |rule: &str| {
            findings.iter().find(|finding| finding.rule == rule && finding.severity == Severity::Note)
        };
        Stated {
            facts: None,
            consent: noted(long::CONSENT.id).map(|finding| finding.row.clone()).unwrap_or_default(),
            emergency: false,
            accompanied: noted(person::UNDER_SIX.id).is_some(),
        }
    }

    pub(super) fn is_accompanied(&self) -> bool {
        let present = |facts: &Facts| facts.guardian_present && facts.specialist_present;
        self.accompanied || self.facts.as_ref().is_some_and(present)
    }
}
