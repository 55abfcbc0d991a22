//! The benefit engine: region pack, person, year so far and basket in; every line, total and leg out.
//!
//! Owns the arithmetic of `domain.md` §3.3, §3.4 and §9. Deliberately does not know who asks, where accumulators are
//! stored or which channel pays. Invariant: a [`Settlement`] that exists satisfies identities I1–I10, and no fee
//! outside the insurance stands on an insured leg.

mod answer;
mod engine;
mod exact;
mod explanation;
mod fund;
mod identities;
mod legs;
mod line;
mod outside;
mod pack_row;
mod totals;

#[cfg(test)]
mod case_table;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod year_table;

pub use answer::{Calculation, Mismatch, check_answer, mirrors};
pub use engine::{BenefitError, Case, FundRule, Settlement, settle};
pub use explanation::{Detail, Explanation};
pub use fund::{FundTerms, Used};
pub use identities::{BrokenIdentity, check};
pub use legs::{Leg, LegKind, Purse, Wallets};
pub use line::{Approval, ChargeClass, ChargeLine, LineRules, SettledLine};
pub use outside::{OutsideFee, OutsideFees, OutsideKind};
pub use pack_row::{NoPackRow, PackRow};
pub use totals::{FundAmounts, FundRow, Totals, field as fund_field};
