//! Benefit rows: deductible, ratios and caps by insurance, person, disease and place (`domain.md` §9.3).

use time::Date;

use super::reader::table;
use super::words::*;
use crate::money::{Fen, Ratio};

table! {
    /// One dated benefit row (`[[benefit]]`).
    pub struct Benefit: terms {
        /// `insutype`, 3 digits.
        insutype: String,
        /// First two digits of `psn_type`; the rest is local (`domain.md` §6.5).
        psn_types: Vec<String>,
        /// Full years from which the row applies; absent for everybody.
        min_age: Option<u32>,
        /// Chronic-disease code, or `"*"`.
        disease: Selector<String>,
        institution_kind: Selector<InstitutionKind>,
        level: Selector<HospitalLevel>,
        annual_deductible_fen: Fen,
        /// One deductible a year for all diseases; otherwise one for each.
        deductible_shared: bool,
        tier_reading: TierReading,
        /// Ratios by amount of the year, ascending; the first begins at 0.
        tiers: Vec<Tier>,
        /// Highest fund payment a year; absent where there is no ceiling.
        annual_cap_fen: Option<Fen>,
        cap_rule: CapRule,
        /// What every further disease adds; only with `highest_plus_supplement`.
        cap_supplement_fen: Option<Fen>,
        /// Longest supply the fund pays at once.
        supply_days_max: Option<u32>,
        /// First self-pay of class 乙 drugs that carry no ratio of their own.
        class_b_first_selfpay: Ratio,
    }
}

table! {
    /// The fund's share above an amount of the year.
    pub struct Tier {
        /// Amount of the year, read by `tier_reading`, above which the ratio holds.
        above_fen: Fen,
        fund_ratio: Ratio,
        fund: Fund,
    }
}

/// Whom and where a benefit is asked for.
#[derive(Clone, Copy, Debug)]
pub struct BenefitQuery<'a> {
    pub insutype: &'a str,
    /// `psn_type` in full or its first two digits.
    pub psn_type: &'a str,
    /// Full years on `date`.
    pub age: u32,
    /// `None` outside chronic-disease treatment.
    pub disease: Option<&'a str>,
    pub institution_kind: InstitutionKind,
    /// `None` for institutions without a level.
    pub level: Option<HospitalLevel>,
    pub date: Date,
}

impl Benefit {
    /// Whether the row is for this question.
    pub fn applies(&self, query: &BenefitQuery<'_>) -> bool {
        self.terms.cover(query.date)
            && self.insutype == query.insutype
            && self.psn_types.iter().any(|group| query.psn_type.starts_with(group.as_str()))
            && self.min_age.is_none_or(|least| least <= query.age)
            && self.disease.selects(query.disease)
            && self.institution_kind.selects(Some(&query.institution_kind))
            && self.level.selects(query.level.as_ref())
    }

    /// Rows that say more win: disease first, then kind, level and age.
    pub(super) fn precedence(&self) -> (bool, bool, bool, u32) {
        (
            self.disease.is_specific(),
            self.institution_kind.is_specific(),
            self.level.is_specific(),
            self.min_age.unwrap_or(0),
        )
    }

    /// The tier that holds once `so_far` of the year is reached; the next begins above, not at, its amount.
    pub fn tier_at(&self, so_far: Fen) -> Option<&Tier> {
        self.tiers.iter().rev().find(|tier| tier.above_fen <= so_far)
    }
}

/// The cap of a year for a person registered for the diseases of `rows`; `None` where nothing limits it. With
/// [`CapRule::EachOwn`] ask row by row instead.
pub fn combined_cap(rows: &[&Benefit]) -> Option<Fen> {
    let caps: Option<Vec<Fen>> = rows.iter().map(|row| row.annual_cap_fen).collect();
    let caps = caps.filter(|caps| !caps.is_empty())?;
    if rows.iter().any(|row| row.cap_rule != CapRule::HighestPlusSupplement) {
        return Some(caps.into_iter().sum());
    }
    let top = (0..rows.len()).max_by_key(|index| caps[*index])?;
    let others = rows.iter().enumerate().filter(|(index, _)| *index != top);
    let supplements: Fen = others.map(|(_, row)| row.cap_supplement_fen.unwrap_or_default()).sum();
    Some(caps[top] + supplements)
}
