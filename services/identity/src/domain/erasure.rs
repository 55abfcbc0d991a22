//! Erasing a person (PIPL art. 47): on which grounds, and what stands against it.

use liufang_kernel::Date;

use super::guardian::{GuardianState, Guardianship};
use super::mutual_aid::{MutualAid, MutualAidState};
use super::person::Insurance;

/// Items 1 to 4 of PIPL art. 47, by the number in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    PurposeEnded,
    RetentionEnded,
    ConsentWithdrawn,
    Unlawful,
}

impl Ground {
    const ALL: [Ground; 4] =
        [Ground::PurposeEnded, Ground::RetentionEnded, Ground::ConsentWithdrawn, Ground::Unlawful];

    pub fn from_code(code: i32) -> Option<Ground> {
        Ground::ALL.into_iter().find(|ground| ground.code() == code)
    }

    pub const fn code(self) -> i32 {
        match self {
            Ground::PurposeEnded => 1,
            Ground::RetentionEnded => 2,
            Ground::ConsentWithdrawn => 3,
            Ground::Unlawful => 4,
        }
    }
}

/// What of this service still needs the person, by its word in the contract. Insurance that has not ended is the very purpose
/// the data is kept for, and would bring the person back with the next import.
pub fn needed_by(
    insurances: &[Insurance],
    filings: &[MutualAid],
    guardians: &[Guardianship],
    today: Date,
) -> Option<&'static str> {
    if insurances.iter().any(|row| !row.has_ended(today)) {
        return Some("insurance_not_ended");
    }
    let living = |own: &MutualAid| matches!(own.state, MutualAidState::Filed | MutualAidState::Active);
    if filings.iter().any(living) {
        return Some("mutual_aid");
    }
    let acting =
        |own: &Guardianship| matches!(own.state_on(today), GuardianState::Filed | GuardianState::Active);
    guardians.iter().any(acting).then_some("guardianship")
}

/// Words that other services answer; one of a newer version is not passed on as it came.
pub fn known_need(word: &str) -> &'static str {
    const KNOWN: [&str; 5] =
        ["visit_open", "prescription_in_force", "order_open", "payment_open", "account_balance"];
    KNOWN.into_iter().find(|known| *known == word).unwrap_or("other")
}
