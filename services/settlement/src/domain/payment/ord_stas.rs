//! What the centre's order status means to us (`ORD_STAS`, `domain.md` §2.2). The order carries the insured part; the cash is
//! our channel's.

use super::machine::InsurerSays;

/// A status of the mobile-payment interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrdStas(pub i32);

/// What a status says about the insured part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is an order, and nobody has paid it: the payment has not come to the centre.
    Unpaid,
    /// Not decided yet: ask again.
    InProgress,
    /// A part is done and the rest has to follow: ask again, in the end take it back.
    Partial,
    /// Settled.
    Paid,
    /// Given back, or never paid and closed.
    TakenBack,
    /// Did not come about.
    Failed,
    /// The machine cannot tell: a person has to.
    Manual,
}

impl OrdStas {
    /// The table. Only 6 is paid.
    pub fn standing(self) -> Standing {
        match self.0 {
            // saved, pre-settled
            0 | 1 => Standing::Unpaid,
            // awaiting payment or being settled, being refunded
            2 | 17 => Standing::InProgress,
            // cash part, insurance part, in-house settlement done
            3..=5 => Standing::Partial,
            6 => Standing::Paid,
            // refunded, insurance part refunded, insurance part and some cash refunded, revoked, insurance revoked
            7 | 8 | 11 | 12 | 13 => Standing::TakenBack,
            15 => Standing::Failed,
            // cash refunded at the centre, which never had any; exception; insurance failed and cash held; a code of tomorrow
            _ => Standing::Manual,
        }
    }

    /// The answer to a payment (6202). A paid order is checked by its amounts before it is believed.
    pub fn says(self) -> InsurerSays {
        match self.standing() {
            Standing::Paid => InsurerSays::Done,
            Standing::TakenBack => InsurerSays::Reversed,
            Standing::Failed => InsurerSays::Rejected,
            Standing::Unpaid | Standing::InProgress | Standing::Partial => InsurerSays::Unknown,
            Standing::Manual => InsurerSays::Stuck,
        }
    }

    /// The answer to a question (6301). What the centre has not been asked to pay is asked for again, under the same numbers,
    /// until the deadline; after it the order is left alone, so that in the end it is revoked.
    pub fn asked(self, overdue: bool) -> InsurerSays {
        match self.standing() {
            Standing::Unpaid if !overdue => InsurerSays::NotFound,
            _ => self.says(),
        }
    }
}

/// `refStatus` of 6203. EXP is no outcome yet, and neither is a word we do not know.
pub fn refund_says(ref_status: &str) -> InsurerSays {
    match ref_status {
        "SUCC" => InsurerSays::Done,
        "FAIL" => InsurerSays::Rejected,
        _ => InsurerSays::Unknown,
    }
}

/// How the order that the purchase began with stands once a part has come back. `before`: how it stood (6: whole); `insured`: the
/// insured part went back, whatever was settled anew for the rest; `cash`: cash went back; `left`: cash is left.
pub fn after_return(before: i32, insured: bool, cash: bool, left: bool) -> i32 {
    let insured = insured || matches!(before, 8 | 11);
    let cash = cash || matches!(before, 9..=11);
    match (insured, cash, left) {
        (true, true, _) => 11,
        (true, false, _) => 8,
        (false, true, true) => 10,
        (false, true, false) => 9,
        (false, false, _) => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_standing() {
        use Standing::{Failed, InProgress, Manual, Paid, Partial, TakenBack, Unpaid};
        let table = [
            (0, Unpaid),
            (1, Unpaid),
            (2, InProgress),
            (3, Partial),
            (4, Partial),
            (5, Partial),
            (6, Paid),
            (7, TakenBack),
            (8, TakenBack),
            (9, Manual),
            (10, Manual),
            (11, TakenBack),
            (12, TakenBack),
            (13, TakenBack),
            (14, Manual),
            (15, Failed),
            (16, Manual),
            (17, InProgress),
            (18, Manual),
            (-1, Manual),
        ];
        for (code, standing) in table {
            assert_eq!(OrdStas(code).standing(), standing, "{code}");
        }
        for overdue in [false, true] {
            let paid = |code: &i32| {
                let told = OrdStas(*code);
                [told.says(), told.asked(overdue)].contains(&InsurerSays::Done)
            };
            assert_eq!((-5..40).filter(paid).collect::<Vec<i32>>(), [6], "only 6 is paid");
        }
    }

    #[test]
    fn what_is_not_paid_is_asked_for_again_until_the_deadline() {
        for code in [0, 1] {
            assert_eq!(OrdStas(code).asked(false), InsurerSays::NotFound);
            assert_eq!(OrdStas(code).asked(true), InsurerSays::Unknown);
        }
        for code in 2..=5 {
            assert_eq!(OrdStas(code).asked(false), InsurerSays::Unknown, "{code}: it may be under way");
        }
    }

    #[test]
    fn a_refund_without_a_known_word_is_asked_for_again() {
        let words =
            [("SUCC", InsurerSays::Done), ("FAIL", InsurerSays::Rejected), ("EXP", InsurerSays::Unknown)];
        for (word, says) in words {
            assert_eq!(refund_says(word), says);
        }
        assert_eq!(refund_says("succ"), InsurerSays::Unknown);
    }

    #[test]
    fn a_return_is_seen_in_the_status() {
        assert_eq!(after_return(6, false, true, true), 10, "the delivery alone");
        assert_eq!(after_return(6, false, true, false), 9, "all the cash");
        assert_eq!(after_return(6, true, true, true), 11, "goods");
        assert_eq!(after_return(6, true, false, true), 8, "goods that cost no cash");
        assert_eq!(after_return(8, false, true, true), 11, "and then the delivery");
        assert_eq!(after_return(10, true, false, true), 11, "the other way round");
        assert_eq!(after_return(11, false, false, true), 11);
    }
}
