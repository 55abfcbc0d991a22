//! Family mutual aid 家庭共济 (`domain.md` §9.2): a relative's account pays, the treatment stays the patient's own.
//!
//! Relations, schemes and the region rule are data of the region pack; here is how they are applied.

use liufang_kernel::region::{RegionPack, Relation};
use liufang_kernel::{Date, Timestamp};
use serde::{Deserialize, Serialize};
use time::Duration;

use super::coded::coded;
use super::day;
use super::person::Insurance;

/// A filing nobody consented to is dropped after this long.
pub const CONSENT_DAYS: i64 = 30;

coded! {
    /// States of a filing.
    pub enum MutualAidState {
        /// Waiting for the holder's consent.
        Filed = 1,
        Active = 2,
        /// Ended by either side, or run out.
        Withdrawn = 3,
    }
}

/// One of the two people of a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Holder,
    Beneficiary,
}

impl Party {
    pub const fn word(self) -> &'static str {
        match self {
            Party::Holder => "holder",
            Party::Beneficiary => "beneficiary",
        }
    }
}

/// Why an account may not be lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AidRefused {
    #[error("the relation is not allowed in this region")]
    RelationNotAllowed,
    #[error("the {} is not insured in this region", .0.word())]
    InsuredElsewhere(Party),
    #[error("the holder is not in the employee scheme")]
    HolderNotEmployee,
}

/// A filed mutual aid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutualAid {
    pub mutual_aid_id: String,
    pub holder_person_id: String,
    pub beneficiary_person_id: String,
    /// Word of [`Relation`]: what the holder is to the beneficiary.
    pub relation: String,
    pub region: String,
    pub state: MutualAidState,
    pub filed_at: Timestamp,
    /// First day; absent until consent.
    #[serde(with = "day::optional")]
    pub begin: Option<Date>,
    /// Last day on which it holds; a withdrawal sets it to the day before.
    #[serde(with = "day::optional")]
    pub end: Option<Date>,
}

impl MutualAid {
    /// Whether the holder's account may pay on `date`. A withdrawal works from its own day on, and the past stays.
    pub fn covers(&self, date: Date) -> bool {
        let begun = self.begin.is_some_and(|begin| begin <= date);
        begun && self.end.is_none_or(|end| date <= end)
    }

    /// The holder consents on `today`; good for `days` when the region limits it.
    pub fn consent(&mut self, today: Date, days: Option<u32>) {
        let last = days.and_then(|days| today.checked_add(Duration::days(i64::from(days) - 1)));
        self.state = MutualAidState::Active;
        self.begin = Some(today);
        self.end = last;
    }

    /// Either side ends it: `today` is the first day without.
    pub fn withdraw(&mut self, today: Date) {
        self.state = MutualAidState::Withdrawn;
        if self.begin.is_some() {
            self.end = today.previous_day();
        }
    }

    /// Whether `person_id` is one of the two.
    pub fn concerns(&self, person_id: &str) -> bool {
        self.holder_person_id == person_id || self.beneficiary_person_id == person_id
    }

    /// The one of the two who is not `person_id`.
    pub fn other_side(&self, person_id: &str) -> &str {
        if self.holder_person_id == person_id { &self.beneficiary_person_id } else { &self.holder_person_id }
    }
}

/// Whether the region lets the holder's account pay for the beneficiary on `date`: relation, then place, then scheme.
pub fn check_filing(
    pack: &RegionPack,
    relation: Relation,
    holder: &[Insurance],
    beneficiary: &[Insurance],
    date: Date,
) -> Result<(), AidRefused> {
    let rules = pack.mutual_aid(date).ok_or(AidRefused::RelationNotAllowed)?;
    if !rules.relations.contains(&relation) {
        return Err(AidRefused::RelationNotAllowed);
    }
    if rules.same_region {
        check_places(pack, holder, beneficiary, date)?;
    }
    let counts = |row: &&Insurance| {
        row.in_force(date) && (!rules.same_region || pack.is_insured_place(&row.insured_place))
    };
    let has = |rows: &[Insurance], types: &[String]| {
        rows.iter().filter(counts).any(|row| types.contains(&row.insutype))
    };
    if !has(beneficiary, &rules.beneficiary_insutypes) {
        return Err(AidRefused::InsuredElsewhere(Party::Beneficiary));
    }
    if !has(holder, &rules.payer_insutypes) {
        return Err(AidRefused::HolderNotEmployee);
    }
    Ok(())
}

/// Both must be insured in the region on the date.
pub fn check_places(
    pack: &RegionPack,
    holder: &[Insurance],
    beneficiary: &[Insurance],
    date: Date,
) -> Result<(), AidRefused> {
    let here = |rows: &[Insurance]| {
        rows.iter().any(|row| row.in_force(date) && pack.is_insured_place(&row.insured_place))
    };
    if !here(beneficiary) {
        Err(AidRefused::InsuredElsewhere(Party::Beneficiary))
    } else if !here(holder) {
        Err(AidRefused::InsuredElsewhere(Party::Holder))
    } else {
        Ok(())
    }
}

/// The filings that pay on `date`, in filing order: those of `holders`, or all when none is named.
///
/// # Errors
/// The first named holder without one.
pub fn payers<'a, 'h>(
    filings: &'a [MutualAid],
    holders: &'h [String],
    date: Date,
) -> Result<Vec<&'a MutualAid>, &'h str> {
    let good: Vec<&MutualAid> = filings.iter().filter(|filing| filing.covers(date)).collect();
    let has = |holder: &str| good.iter().any(|filing| filing.holder_person_id == holder);
    if let Some(missing) = holders.iter().find(|holder| !has(holder)) {
        return Err(missing);
    }
    let wanted = |filing: &&MutualAid| holders.is_empty() || holders.contains(&filing.holder_person_id);
    Ok(good.into_iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests;
