//! The rules a prescription is checked by, before issue and again at the claim (`domain.md` §8).
//!
//! A rule is an id, severities, a source and a small pure function from a [`Scene`] to findings; [`check`] runs all of
//! them. Tables (interactions, contraindications, highest doses, allergy groups) are data. A rule never decides what
//! happens next: [`blocked`] and [`missing_overrides`] do. The order of lines, drugs and other lines never matters.
//! `RULES.md` beside the service's page is written from here ([`page`]) and a test keeps it true.

mod allergy;
mod amount;
mod child_dose_rows;
mod child_doses;
mod contraindication_rows;
mod contraindications;
mod dose_rows;
mod doses;
mod facts;
mod groups;
mod interaction_rows;
mod interactions;
mod long;
mod overrides;
mod page;
mod person;
mod sale;
mod scene;
mod sheet;
mod strength;
mod supply;
mod therapy;

use liufang_kernel::Date;
use liufang_kernel::region::{OnlineBan, PrescriptionLimits, RegionPack};
use serde::{Deserialize, Serialize};

use super::prescription::Line;

pub use facts::{Facts, Stated};
pub use overrides::{Override, apply, blocked, missing_overrides, with_new};
pub use page::page;
pub use supply::{HandedOut, in_hand};

use scene::Scene;

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
    /// The row of the rule's table, or the class or drug it is about; empty for a rule that looks at one thing. Findings
    /// kept before there were rows have none.
    #[serde(default)]
    pub row: String,
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
    /// 批准文号; may be empty.
    pub approval_no: String,
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

/// A drug the person has from another prescription, of whatever institution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OtherLine {
    pub drug: String,
    pub generic_name: String,
    pub dosage_form: String,
    /// Handed out, and by what was handed out it lasts up to this day; `None`: prescribed, in force, not handed out yet.
    pub in_hand_until: Option<Date>,
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
    /// Other registered chronic diseases, and diagnoses (ICD-10).
    pub conditions: &'a [String],
    pub long_rx: bool,
    pub validity_days: i32,
    /// `initRxno`; empty: it renews nothing.
    pub renews: &'a str,
    /// Whether the renewed prescription was a long one, when it was written here, online.
    pub renewed_long: Option<bool>,
    /// What was stated with the request, or found in the findings of issue.
    pub stated: &'a Stated,
    pub lines: &'a [Line],
    /// Catalogue rows found for the lines.
    pub drugs: &'a [Drug],
    pub other_lines: &'a [OtherLine],
}

impl Case<'_> {
    /// Why the drug may not be sold online in this region. Injections and formula granules are known by what they are,
    /// whether or not the catalogue says so.
    fn ban(&self, drug: &Drug) -> Option<OnlineBan> {
        let class = OnlineBan::from_word(&drug.online_forbidden).or_else(|| sale::form_ban(self, drug));
        self.pack.online_ban(class, &drug.generic_name, self.date)
    }
}

/// A rule: what it is called, how bad its findings can be, what it finds, where it comes from, how it looks.
pub struct Rule {
    pub id: &'static str,
    pub severities: &'static [Severity],
    /// What it finds, in a sentence.
    pub finds: &'static str,
    /// Regulation or label it rests on.
    pub source: &'static str,
    look: fn(&Scene<'_>, &mut Report),
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
        self.find_by(severity, line, evidence, (source, ""));
    }

    /// A finding about `row`, whose source may be the row's and not the rule's own.
    fn find_by(
        &mut self,
        severity: Severity,
        line: i32,
        evidence: impl Into<String>,
        (source, row): (&str, &str),
    ) {
        self.findings.push(Finding {
            rule: self.rule.to_owned(),
            severity,
            line,
            evidence: evidence.into(),
            source: source.to_owned(),
            row: row.to_owned(),
            overridden_by: String::new(),
            override_reason: String::new(),
        });
    }
}

/// Every rule, in the order findings are reported.
pub const RULES: &[Rule] = &[
    sheet::MAX_KINDS,
    sheet::HERBAL_SHEET,
    sheet::VALIDITY,
    sheet::FIRST_VISIT,
    sheet::UNKNOWN_DRUG,
    sheet::CATALOGUE,
    amount::DAYS_OF_SUPPLY,
    amount::QUANTITY,
    amount::PSYCHOTROPIC_DAYS,
    amount::TOXIC_DAYS,
    doses::MAX_DOSE,
    doses::MAX_SINGLE_DOSE,
    child_doses::CHILD_DOSE,
    sale::CONTROLLED,
    sale::NEVER_ONLINE,
    sale::NEGATIVE_LIST,
    sale::RESTRICTED,
    long::CONSENT,
    long::FIRST,
    long::COLD,
    long::CONTROLLED,
    long::ANTIMICROBIAL,
    therapy::DUPLICATE,
    therapy::DUPLICATE_ACTIVE,
    therapy::DISEASE,
    supply::REFILL,
    interactions::INTERACTION,
    contraindications::CONTRAINDICATION,
    contraindications::PREGNANCY,
    contraindications::LACTATION,
    contraindications::AGE,
    contraindications::RENAL,
    allergy::ALLERGY,
    person::UNDER_SIX,
];

/// Runs every rule. The same sheet gives the same findings in the same order, however its parts were ordered.
pub fn check(case: &Case<'_>) -> Vec<Finding> {
    let scene = Scene::of(case);
    let mut findings = Vec::new();
    for rule in RULES {
        let mut report = Report { rule: rule.id, source: rule.source, findings: Vec::new() };
        (rule.look)(&scene, &mut report);
        report.findings.sort_by(|a, b| {
            (a.line, a.severity, &a.row, &a.evidence).cmp(&(b.line, b.severity, &b.row, &b.evidence))
        });
        report.findings.dedup();
        findings.append(&mut report.findings);
    }
    findings
}

#[cfg(test)]
mod tests;
