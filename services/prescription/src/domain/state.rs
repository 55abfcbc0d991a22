//! The three independent status axes of a prescription (`domain.md` §1.2) and the states of a visit.

use serde::{Deserialize, Serialize};

macro_rules! axis {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The number in the contract and in the database.
            pub const fn code(self) -> i32 {
                match self { $($name::$variant => $code,)* }
            }

            /// The word in refusals and logs.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// Reads [`code`](Self::code) back.
            pub fn from_code(code: i32) -> Option<$name> {
                $name::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

axis! {
    /// 医保处方状态 `rx_stas_codg`, with the stages before upload.
    State {
        /// 1 有效.
        Active = 1 "ACTIVE",
        /// 2 已失效 by time; terminal.
        Expired = 2 "EXPIRED",
        /// 3 已撤销 by the prescriber; terminal.
        Revoked = 3 "REVOKED",
        /// Pre-verified (D001), waits for the hospital pharmacist.
        Draft = 10 "DRAFT",
        /// Passed by the hospital pharmacist, waits for signatures and upload.
        Reviewed = 11 "REVIEWED",
        /// Refused by the hospital pharmacist; terminal.
        Refused = 12 "REFUSED",
    }
}

axis! {
    /// 处方审核状态 `rx_chk_stas_codg` of the pharmacy.
    Review {
        Pending = 1 "PENDING",
        Passed = 2 "PASSED",
        Refused = 3 "REFUSED",
    }
}

axis! {
    /// 处方使用状态 `rx_used_stas_codg`.
    Use {
        Unused = 1 "UNUSED",
        Used = 2 "USED",
        PartlyUsed = 3 "PARTLY_USED",
    }
}

axis! {
    /// States of a visit.
    VisitState {
        /// The slot is held, the fee not paid.
        Booked = 1 "BOOKED",
        /// In the doctor's queue.
        Paid = 2 "PAID",
        /// The doctor is seeing the patient.
        Taken = 3 "TAKEN",
        /// The consultation is recorded; terminal.
        Completed = 4 "COMPLETED",
        /// By the patient, or unpaid in time; terminal.
        Cancelled = 5 "CANCELLED",
    }
}

impl State {
    /// Nothing leads out of it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, State::Expired | State::Revoked | State::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(*state));
        }
        assert_eq!(State::from_code(0), None);
        assert_eq!(VisitState::from_code(5), Some(VisitState::Cancelled));
    }
}
