//! What a hospital is told of a pharmacy's work (7108, 7109), how it stands, and how long it is tried.

use liufang_kernel::{Fen, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{State, Use};

/// First pause after a try without an answer; it doubles.
const FIRST_PAUSE_SECONDS: i64 = 10;
/// The longest pause of a notice.
const LONGEST_PAUSE_SECONDS: i64 = 3_600;
/// The longest pause of a hospital that does not answer: when it is back, news of others must not wait as long.
const LONGEST_HOSPITAL_PAUSE_SECONDS: i64 = 300;

macro_rules! codes {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            pub const fn code(self) -> i32 {
                match self { $($name::$variant => $code,)* }
            }

            pub fn from_code(code: i32) -> Option<$name> {
                [$($name::$variant,)*].into_iter().find(|known| known.code() == code)
            }
        }
    };
}

codes! {
    /// Kinds of notice.
    Kind {
        /// 7108.
        Review = 1,
        /// 7109.
        Settlement = 2,
    }
}

codes! {
    /// How a notice stands.
    Standing {
        Due = 1,
        /// Stored by the hospital; terminal.
        Taken = 2,
        /// With the hospital's words.
        Refused = 3,
        /// No answer for as long as it is tried.
        GivenUp = 4,
    }
}

/// What a notice says. Has no `Debug`: opinions and names are personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    Review(Reviewed),
    Settlement(Box<Settled>),
}

impl Content {
    pub fn kind(&self) -> Kind {
        match self {
            Content::Review(_) => Kind::Review,
            Content::Settlement(_) => Kind::Settlement,
        }
    }
}

/// A reviewer, by code and name.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    pub code: String,
    pub name: String,
}

/// A pharmacy's verdict.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    pub hosp_rxno: String,
    pub pharmacy: String,
    pub pharmacist: Reviewer,
    /// Empty: there was none.
    pub second: Reviewer,
    pub passed: bool,
    pub opinion: String,
    pub at: Timestamp,
    /// After it.
    pub state: State,
}

/// Lines handed out, or come back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub hosp_rxno: String,
    pub pharmacy: String,
    /// Filled when it is complete.
    pub pharmacy_name: String,
    /// Order, or sale at the counter.
    pub sale_id: String,
    pub reversed: bool,
    pub at: Timestamp,
    /// After it.
    pub state: State,
    pub used: Use,
    /// Filled when it is complete, for an order alone.
    pub paid: Option<Paid>,
    pub lines: Vec<Sold>,
}

/// Money of an order's goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// Empty when nothing was insured.
    pub setl_id: String,
    pub fund: Fen,
    pub account: Fen,
    pub relatives: Fen,
    /// With fees outside the insurance.
    pub cash: Fen,
    pub at: Timestamp,
}

/// A part of `seltdelts[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    pub line_no: i32,
    pub drug: String,
    pub quantity: Quantity,
    pub lot: String,
    /// `bchno`; may be empty.
    pub batch: String,
    /// `takeDrugFlag` of the line after it.
    pub taken: bool,
    /// Filled when it is complete.
    #[serde(default)]
    pub goods: Goods,
}

/// What the catalogue says of what was handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    pub code: String,
    pub generic_name: String,
    pub trade_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub approval_no: String,
    pub maker: String,
}

/// When a notice that got no answer is tried again, after `attempts` tries.
pub fn next_try(attempts: i32, now: Timestamp) -> Timestamp {
    now.plus_seconds(doubled(attempts, LONGEST_PAUSE_SECONDS))
}

/// How long a hospital is left alone after so many notices in a row without an answer. One may be the notice's own fault.
pub fn hospital_pause(silences: i32, now: Timestamp) -> Timestamp {
    match silences {
        ..=1 => now,
        more => now.plus_seconds(doubled(more - 1, LONGEST_HOSPITAL_PAUSE_SECONDS)),
    }
}

fn doubled(times: i32, longest: i64) -> i64 {
    let doublings = u32::try_from(times.saturating_sub(1)).unwrap_or(0).min(20);
    (FIRST_PAUSE_SECONDS << doublings).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_end() {
        let after = |attempts| next_try(attempts, Timestamp(0)).seconds();
        assert_eq!([1, 2, 3, 9, 10, i32::MAX].map(after), [10, 20, 40, 2_560, 3_600, 3_600]);
        assert_eq!(after(-1), 10);
        let alone = |silences| hospital_pause(silences, Timestamp(0)).seconds();
        assert_eq!([0, 1, 2, 3, 7, 100].map(alone), [0, 0, 10, 20, 300, 300]);
    }

    #[test]
    fn codes_read_back() {
        for standing in [Standing::Due, Standing::Taken, Standing::Refused, Standing::GivenUp] {
            assert_eq!(Standing::from_code(standing.code()), Some(standing));
        }
        assert_eq!((Kind::from_code(2), Kind::from_code(3)), (Some(Kind::Settlement), None));
    }
}
