//! Whether a purchase is settled by mobile payment, and its three parts there.

use liufang_kernel::Fen;
use liufang_kernel::region::MutualAidConvention;

use super::{InsurerSays, TILL};
use crate::domain::benefit::Totals;

/// Whether the insured part goes through 6201 to 6401. At the pharmacy's own till the person stands there with the card: 2102.
/// Decided once, when the payment is authorised; its returns go the same way.
pub fn goes_mobile(region_says: bool, insured: bool, channel: &str) -> bool {
    region_says && insured && channel != TILL
}

/// The three parts of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub cash: Fen,
    pub accounts: Fen,
    pub fund: Fen,
}

impl Parts {
    /// What an order over these totals must come to.
    pub fn of(totals: &Totals, convention: MutualAidConvention) -> Parts {
        let accounts = match convention {
            MutualAidConvention::Separate => totals.account + totals.mutual_aid,
            MutualAidConvention::Inside => totals.account,
        };
        Parts { cash: totals.cash, accounts, fund: totals.fund }
    }

    /// Whether a paid order is what was asked for: feeSumamt = ownPayAmt + psnAcctPay + fundPay (`domain.md` §2.1), each ours.
    pub fn judge(self, fee: Fen, told: Parts) -> InsurerSays {
        let sum = self.cash + self.accounts + self.fund;
        if self == told && fee == sum { InsurerSays::Done } else { InsurerSays::Differs(told.fund) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_till_settles_directly() {
        assert!(goes_mobile(true, true, "wechat"));
        assert!(goes_mobile(true, true, ""), "nothing is left to pay in cash");
        assert!(!goes_mobile(true, true, TILL));
        assert!(!goes_mobile(true, false, "wechat"), "nothing insured");
        assert!(!goes_mobile(false, true, "wechat"));
    }

    #[test]
    fn every_part_must_be_ours() {
        let ours = Parts { cash: Fen(100), accounts: Fen(300), fund: Fen(600) };
        assert_eq!(ours.judge(Fen(1_000), ours), InsurerSays::Done);
        assert_eq!(ours.judge(Fen(999), ours), InsurerSays::Differs(Fen(600)), "the sum");
        let moved = Parts { cash: Fen(101), accounts: Fen(299), ..ours };
        assert_eq!(ours.judge(Fen(1_000), moved), InsurerSays::Differs(Fen(600)), "between the parts");
        let less = Parts { fund: Fen(599), cash: Fen(101), ..ours };
        assert_eq!(ours.judge(Fen(1_000), less), InsurerSays::Differs(Fen(599)));
    }

    #[test]
    fn mutual_aid_counts_once() {
        let totals = Totals { account: Fen(300), mutual_aid: Fen(50), ..Totals::default() };
        assert_eq!(Parts::of(&totals, MutualAidConvention::Separate).accounts, Fen(350));
        assert_eq!(Parts::of(&totals, MutualAidConvention::Inside).accounts, Fen(300));
    }
}
