//! Guardians 监护人 of children: a dated relation, confirmed by the agency, that ends by itself when the child comes of age
//! (民法典 art. 17, 27, 31).
//!
//! Owns who may act for whom on a date. Deliberately does not know tokens. Invariant: an end works from its moment on.

use liufang_kernel::idcard::full_years;
use liufang_kernel::{Date, Sensitive, Timestamp};
use time::Month;

use super::coded::coded;

/// Age at which nobody needs a guardian any more, where a region pack names no other (民法典 art. 17).
pub const OF_AGE: u32 = 18;
/// A filing the agency does not decide is dropped after this long.
pub const DECISION_DAYS: i64 = 60;

coded! {
    /// What the guardian is to the child.
    pub enum GuardianRelation {
        Parent = 1,
        Grandparent = 2,
        Sibling = 3,
        /// By court, civil affairs office or residents' committee.
        Designated = 4,
    }
}

coded! {
    /// What shows the relation.
    pub enum Evidence {
        /// 出生医学证明.
        BirthCertificate = 1,
        /// 户口簿.
        HouseholdRegister = 2,
        CourtOrder = 3,
        /// 指定监护人证明.
        Designation = 4,
    }
}

coded! {
    /// States of a relation.
    pub enum GuardianState {
        /// Waiting for the agency.
        Filed = 1,
        Active = 2,
        /// Taken back, ended, or over because of the child's age.
        Ended = 3,
        /// By the agency.
        Refused = 4,
    }
}

impl GuardianState {
    /// Word for metadata of refusals.
    pub const fn word(self) -> &'static str {
        match self {
            GuardianState::Filed => "filed",
            GuardianState::Active => "active",
            GuardianState::Ended => "ended",
            GuardianState::Refused => "refused",
        }
    }
}

/// A relation between two persons.
#[derive(Clone)]
pub struct Guardianship {
    pub guardianship_id: String,
    pub guardian_person_id: String,
    pub child_person_id: String,
    pub relation: GuardianRelation,
    /// `None`: in the agency's books.
    pub evidence: Option<Evidence>,
    /// Number of the evidence; empty without.
    pub evidence_no: Sensitive<String>,
    /// Region the child is insured in.
    pub region: String,
    pub state: GuardianState,
    pub filed_at: Timestamp,
    /// First day; absent until confirmed.
    pub begin: Option<Date>,
    /// Last day.
    pub end: Option<Date>,
}

/// Why two persons cannot be guardian and child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairRefused {
    #[error("the child is of age, or nobody's child")]
    NotAChild,
    #[error("the guardian is not of age")]
    GuardianNotAdult,
}

impl Guardianship {
    /// How it stands on `today`: one whose last day is over has ended, whether or not somebody wrote that down.
    pub fn state_on(&self, today: Date) -> GuardianState {
        let over = self.end.is_some_and(|end| end < today);
        if self.state == GuardianState::Active && over { GuardianState::Ended } else { self.state }
    }

    /// Whether the guardian may act on `today`.
    pub fn covers(&self, today: Date) -> bool {
        self.state_on(today) == GuardianState::Active && self.begin.is_some_and(|begin| begin <= today)
    }

    /// The agency confirms it on `today`; it lasts until `last_day`.
    pub fn confirm(&mut self, today: Date, last_day: Date) {
        self.state = GuardianState::Active;
        self.begin = Some(today);
        self.end = Some(last_day);
    }

    /// Nobody acts any more, from this moment on.
    pub fn finish(&mut self, today: Date) {
        self.state = GuardianState::Ended;
        self.end = self.begin.map(|begin| self.end.unwrap_or(today).min(today).max(begin));
    }
}

/// Whether somebody born on `guardian` may be the guardian of somebody born on `child`; `of_age` is the region's.
pub fn check_pair(child: Date, guardian: Date, of_age: u32, today: Date) -> Result<(), PairRefused> {
    let is_of_age =
        |birth: Date, age: u32| full_years(birth, today) >= i32::try_from(age).unwrap_or(i32::MAX);
    if is_of_age(child, of_age) {
        Err(PairRefused::NotAChild)
    } else if !is_of_age(guardian, OF_AGE) {
        Err(PairRefused::GuardianNotAdult)
    } else {
        Ok(())
    }
}

/// The last day on which somebody born on `birth` is a child. Born on 29 February they come of age on 1 March of a common
/// year.
pub fn last_day_of_childhood(birth: Date, of_age: u32) -> Date {
    let year = birth.year() + i32::try_from(of_age).unwrap_or(i32::MAX / 4);
    let birthday = Date::from_calendar_date(year, birth.month(), birth.day())
        .or_else(|_| Date::from_calendar_date(year, Month::March, 1));
    birthday.ok().and_then(Date::previous_day).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn filed() -> Guardianship {
        Guardianship {
            guardianship_id: "grd_1".to_owned(),
            guardian_person_id: "per_1".to_owned(),
            child_person_id: "per_2".to_owned(),
            relation: GuardianRelation::Parent,
            evidence: Some(Evidence::BirthCertificate),
            evidence_no: Sensitive::new("X1".to_owned()),
            region: "110000".to_owned(),
            state: GuardianState::Filed,
            filed_at: Timestamp(0),
            begin: None,
            end: None,
        }
    }

    #[test]
    fn holds_from_its_confirmation_until_the_child_is_of_age() {
        let mut own = filed();
        let last = last_day_of_childhood(date!(2010 - 03 - 05), OF_AGE);
        assert_eq!(last, date!(2028 - 03 - 04));
        assert!(!own.covers(date!(2026 - 11 - 22)), "nobody has confirmed it");
        own.confirm(date!(2026 - 11 - 22), last);
        assert!(own.covers(date!(2026 - 11 - 22)) && own.covers(last));
        assert!(!own.covers(date!(2026 - 11 - 21)));
        assert!(!own.covers(date!(2028 - 03 - 05)), "of age");
        assert_eq!(own.state_on(date!(2028 - 03 - 05)), GuardianState::Ended);
    }

    #[test]
    fn an_end_works_on_its_own_day() {
        let mut own = filed();
        own.confirm(date!(2026 - 11 - 22), date!(2028 - 03 - 04));
        own.finish(date!(2026 - 11 - 22));
        assert!(!own.covers(date!(2026 - 11 - 22)));
        assert_eq!((own.begin, own.end), (Some(date!(2026 - 11 - 22)), Some(date!(2026 - 11 - 22))));
        let mut never = filed();
        never.finish(date!(2026 - 11 - 22));
        assert_eq!((never.state, never.end), (GuardianState::Ended, None));
    }

    #[test]
    fn children_have_adults_as_guardians() {
        let today = date!(2026 - 11 - 22);
        let (child, adult) = (date!(2010 - 03 - 05), date!(1980 - 01 - 01));
        assert_eq!(check_pair(child, adult, 18, today), Ok(()));
        assert_eq!(check_pair(child, adult, 16, today), Err(PairRefused::NotAChild), "the region decides");
        assert_eq!(check_pair(adult, adult, 18, today), Err(PairRefused::NotAChild));
        let sibling = date!(2008 - 11 - 23);
        assert_eq!(check_pair(child, sibling, 18, today), Err(PairRefused::GuardianNotAdult), "a day short");
        assert_eq!(check_pair(child, date!(2008 - 11 - 22), 18, today), Ok(()));
    }

    #[test]
    fn a_leap_day_comes_of_age_in_march() {
        assert_eq!(last_day_of_childhood(date!(2012 - 02 - 29), 18), date!(2030 - 02 - 28));
        assert_eq!(last_day_of_childhood(date!(2012 - 02 - 29), 16), date!(2028 - 02 - 28));
        assert_eq!(last_day_of_childhood(date!(2012 - 01 - 01), 18), date!(2029 - 12 - 31));
    }
}
