//! What a settlement adds to a person's year, and what its refund takes back.

use liufang_kernel::Fen;
use serde::{Deserialize, Serialize};

use super::benefit::Totals;

/// Which year's figures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All treatment under deductible, tiers and caps.
    All,
    /// One registered disease, by code.
    Disease(String),
    /// Fund shares of consultation fees; they count towards no deductible, tier or cap.
    Consultation,
}

/// Additions to one scope; negative on a refund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    pub deductible: Fen,
    /// Spent inside the policy scope, the deductible included.
    pub expense: Fen,
    pub fund_paid: Fen,
}

impl Addition {
    /// What the refund of this addition books.
    pub fn mirrored(self) -> Addition {
        Addition { deductible: -self.deductible, expense: -self.expense, fund_paid: -self.fund_paid }
    }
}

/// The additions of a settlement. Without a fund share in play (`disease` and `consultation` both absent) there are
/// none.
pub fn additions(totals: &Totals, disease: Option<&str>, consultation: bool) -> Vec<(Scope, Addition)> {
    let addition =
        Addition { deductible: totals.deductible, expense: totals.in_scope, fund_paid: totals.fund };
    match (consultation, disease) {
        (true, _) if totals.fund.is_zero() => Vec::new(),
        (true, _) => vec![(Scope::Consultation, addition)],
        (false, Some(code)) => {
            vec![(Scope::All, addition), (Scope::Disease(code.to_owned()), addition)]
        }
        (false, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_takes_back_exactly_what_was_added() {
        let totals = Totals { deductible: Fen(300), in_scope: Fen(900), fund: Fen(480), ..Totals::default() };
        let added = additions(&totals, Some("M03900"), false);
        assert_eq!(added.len(), 2);
        for (_, addition) in added {
            assert_eq!(addition.mirrored().mirrored(), addition);
            assert_eq!(addition.fund_paid + addition.mirrored().fund_paid, Fen::ZERO);
        }
        assert!(additions(&totals, None, false).is_empty(), "an account purchase uses no benefit");
        let fee = additions(&totals, None, true);
        assert_eq!(fee.iter().map(|(scope, _)| scope).collect::<Vec<_>>(), [&Scope::Consultation]);
        assert_eq!(fee[0].1.fund_paid, Fen(480));
        assert!(additions(&Totals::default(), None, true).is_empty(), "a fee that is all cash");
    }
}
