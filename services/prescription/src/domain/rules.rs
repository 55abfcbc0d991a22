//! The rules a prescription is checked by before issue (`domain.md` §8).
//!
//! A rule is an id, a severity, a source and a small pure function from [`Case`] to findings; [`check`] runs all of
//! them. Tables (interactions, highest doses, allergy groups) are data. A rule never decides what happens next:
//! [`blocked`] and [`missing_overrides`] do.

mod allergy;
mod amount;
mod doses;
mod interaction_rows;
mod interactions;
mod overrides;
mod person;
mod sale;
mod sheet;
mod strength;
mod therapy;

use liufang_kernel::Date;
use liufang_kernel::region::{OnlineBan, PrescriptionLimits, RegionPack};
use serde::{Deserialize, Serialize};

use super::prescription::Line;

pub use overrides::{Override, apply, blocked, missing_overrides, with_new};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Forbids the prescription.
    Block,
    /// The doctor may go on with a written reason.
    Warn,
    /// Information.
    Note,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Block => "BLOCK",
            Severity::Warn => "WARN",
            Severity::Note => "NOTE",
        }
    }
}

/// What a rule found. Evidence never holds personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    /// Line number from 1; 0 for the whole prescription.
    pub line: i32,
    pub evidence: String,
    pub source: String,
    pub overridden_by: String,
    pub override_reason: String,
}

/// A catalogue drug as far as rules need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drug {
    pub code: String,
    pub generic_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub maker: String,
    /// Smallest preparation units in a billing unit.
    pub units_per_pack: i64,
    pub billing_unit: String,
    /// `none`, `narcotic`, `psych1`, `psych2`, `toxic`, `radioactive`, `precursor`.
    pub controlled: String,
    /// `normal`, `cool`, `cold_2_8`.
    pub storage: String,
    /// The catalogue's own reason against online sale; empty when there is none.
    pub online_forbidden: String,
    /// 限制使用.
    pub restricted: bool,
    /// Chronic diseases it is usual for; may be empty.
    pub diseases: Vec<String>,
}

/// A drug line of another prescription that is still in force for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLine {
    pub drug: String,
    pub generic_name: String,
}

/// Everything the rules look at.
pub struct Case<'a> {
    pub pack: &'a RegionPack,
    pub limits: &'a PrescriptionLimits,
    pub date: Date,
    pub age: i32,
    /// Generic names of substances.
    pub allergies: &'a [String],
    pub disease: &'a str,
    pub long_rx: bool,
    pub validity_days: i32,
    pub lines: &'a [Line],
    /// Catalogue rows found for the lines.
    pub drugs: &'a [Drug],
    pub other_lines: &'a [OtherLine],
}

impl Case<'_> {
    fn drug(&self, line: &Line) -> Option<&Drug> {
        self.drugs.iter().find(|drug| drug.code == line.drug)
    }

    /// Lines with their catalogue row; lines without one are the business of `RX_UNKNOWN_DRUG` alone.
    fn known(&self) -> impl Iterator<Item = (&Line, &Drug)> {
        self.lines.iter().filter_map(|line| Some((line, self.drug(line)?)))
    }

    /// Why the drug may not be sold online in this region.
    fn ban(&self, drug: &Drug) -> Option<OnlineBan> {
        let class = OnlineBan::from_word(&drug.online_forbidden);
        self.pack.online_ban(class, &drug.generic_name, self.date)
    }
}

/// A rule: what it is called, where it comes from, how it looks.
pub struct Rule {
    pub id: &'static str,
    /// Regulation or label it rests on.
    pub source: &'static str,
    look: fn(&Case<'_>, &mut Report),
}

/// Collects the findings of one rule.
struct Report {
    rule: &'static str,
    source: &'static str,
    findings: Vec<Finding>,
}

impl Report {
    fn find(&mut self, severity: Severity, line: i32, evidence: impl Into<String>) {
        let source = self.source;
        self.find_by(severity, line, evidence, source);
    }

    /// A finding whose source is a row of a table, not the rule's own.
    fn find_by(&mut self, severity: Severity, line: i32, evidence: impl Into<String>, source: &str) {
        self.findings.push(Finding {
            rule: self.rule.to_owned(),
            severity,
            line,
            evidence: evidence.into(),
            source: source.to_owned(),
            overridden_by: String::new(),
            override_reason: String::new(),
        });
    }
}

/// Every rule, in the order findings are reported.
pub const RULES: &[Rule] = &[
    sheet::MAX_KINDS,
    sheet::VALIDITY,
    sheet::UNKNOWN_DRUG,
    sheet::CATALOGUE,
    amount::DAYS_OF_SUPPLY,
    amount::QUANTITY,
    doses::MAX_DOSE,
    sale::CONTROLLED,
    sale::NEVER_ONLINE,
    sale::NEGATIVE_LIST,
    sale::LONG_COLD,
    sale::LONG_ANTIMICROBIAL,
    sale::RESTRICTED,
    therapy::DUPLICATE,
    therapy::DUPLICATE_ACTIVE,
    therapy::DISEASE,
    interactions::INTERACTION,
    allergy::ALLERGY,
    person::UNDER_SIX,
];

/// Runs every rule.
pub fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        let mut report = Report { rule: rule.id, source: rule.source, findings: Vec::new() };
        (rule.look)(case, &mut report);
        findings.append(&mut report.findings);
    }
    findings
}

#[cfg(test)]
mod tests;
