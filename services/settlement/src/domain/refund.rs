//! Goods that come back: what stays is settled again as a whole, the difference is returned (`domain.md` §3.2: no partial
//! revoke at the insurer: reverse everything, settle the rest).
//!
//! Pure. Invariant: nobody pays more for the rest than for the whole, so that every leg of the difference is a return, and the
//! differences of any sequence of returns add up to the whole.

#[cfg(test)]
mod sequences;

use std::collections::BTreeMap;

use liufang_kernel::region::RegionPack;
use liufang_kernel::{Fen, Quantity};
use serde::{Deserialize, Serialize};

use super::accumulate::{Addition, Scope, additions};
use super::benefit::{ChargeLine, Leg, LegKind, OutsideFee, OutsideFees, SettledLine, Totals};
use super::decide::{Inputs, Undecided, wallets_of};
use super::quote::QuoteKind;

/// A settlement as it stands: after capture, or after goods came back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub charged: Vec<ChargeLine>,
    pub outside: OutsideFees,
    pub lines: Vec<SettledLine>,
    pub totals: Totals,
    pub legs: Vec<Leg>,
    pub additions: Vec<(Scope, Addition)>,
}

/// What comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Line number and quantity.
    pub lines: Vec<(i32, Quantity)>,
    /// Fees outside the insurance, found by kind and name.
    pub outside: Vec<OutsideFee>,
}

/// Why it cannot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReturned {
    #[error("line {0} is not there")]
    UnknownLine(i32),
    #[error("line {0} has less left")]
    TooMuch(i32),
    #[error("there is no such fee of that amount left")]
    UnknownFee,
    /// Somebody would pay more for the rest than for the whole.
    #[error("the rest would cost somebody more than the whole")]
    Dearer,
    #[error(transparent)]
    Undecided(#[from] Undecided),
}

impl Terms {
    /// Nothing is left to pay for.
    pub fn is_nothing(&self) -> bool {
        self.charged.is_empty() && self.outside.total().is_zero()
    }

    /// Everything the legs pay.
    pub fn total(&self) -> Fen {
        self.legs.iter().map(|leg| leg.amount).sum()
    }

    /// Of one kind of leg.
    pub fn of(&self, kind: LegKind) -> Fen {
        self.legs.iter().filter(|leg| leg.kind == kind).map(|leg| leg.amount).sum()
    }

    /// Own and relatives' accounts.
    pub fn accounts(&self) -> Fen {
        self.of(LegKind::Account) + self.of(LegKind::RelativeAccount)
    }

    /// Whether the insurer takes part.
    pub fn insured(&self) -> bool {
        self.legs.iter().any(|leg| leg.kind.is_insured())
    }

    /// What stays when `returned` comes back.
    ///
    /// # Errors
    /// More than is there, or a rest that cannot be settled.
    pub fn less(
        &self,
        pack: &RegionPack,
        inputs: &Inputs,
        returned: &Returned,
    ) -> Result<Terms, NotReturned> {
        let charged = fewer(&self.charged, &returned.lines)?;
        let outside = fewer_fees(&self.outside, &returned.outside)?;
        if charged.is_empty() && outside.total().is_zero() {
            return Ok(Terms::default());
        }
        let settled = inputs.decide(pack, &charged, &outside, wallets_of(&self.legs))?;
        let mut legs = settled.legs;
        for leg in &mut legs {
            // the channel was chosen long ago
            let known = self.legs.iter().find(|known| known.kind == leg.kind);
            leg.debtor = known.map_or_else(String::new, |known| known.debtor.clone());
        }
        if difference(&self.legs, &legs).values().any(|amount| *amount < Fen::ZERO) {
            return Err(NotReturned::Dearer);
        }
        let disease = Some(inputs.disease.as_str()).filter(|code| !code.is_empty());
        let consultation = inputs.kind == QuoteKind::Consultation;
        Ok(Terms {
            additions: additions(&settled.totals, disease, consultation),
            lines: settled.lines,
            totals: settled.totals,
            charged,
            outside,
            legs,
        })
    }
}

fn fewer(lines: &[ChargeLine], returned: &[(i32, Quantity)]) -> Result<Vec<ChargeLine>, NotReturned> {
    let mut left = lines.to_vec();
    for (line_no, quantity) in returned {
        let line = left.iter_mut().find(|line| line.line_no == *line_no);
        let line = line.ok_or(NotReturned::UnknownLine(*line_no))?;
        if quantity.0 <= 0 || quantity.0 > line.quantity.0 {
            return Err(NotReturned::TooMuch(*line_no));
        }
        line.quantity.0 -= quantity.0;
    }
    left.retain(|line| line.quantity.is_positive());
    Ok(left)
}

fn fewer_fees(fees: &OutsideFees, returned: &[OutsideFee]) -> Result<OutsideFees, NotReturned> {
    let mut left: Vec<OutsideFee> = fees.iter().cloned().collect();
    for back in returned {
        let fits = |fee: &&mut OutsideFee| {
            fee.kind == back.kind && fee.name == back.name && fee.amount >= back.amount
        };
        let fee = left.iter_mut().find(fits).ok_or(NotReturned::UnknownFee)?;
        fee.amount -= back.amount;
    }
    left.retain(|fee| !fee.amount.is_zero());
    Ok(OutsideFees::new(left))
}

/// What each leg pays less: by kind and payer; a payer who stays out of the rest gets all back.
pub fn difference(before: &[Leg], after: &[Leg]) -> BTreeMap<(LegKind, String), Fen> {
    let mut sums: BTreeMap<(LegKind, String), Fen> = BTreeMap::new();
    for leg in before {
        *sums.entry((leg.kind, leg.payer_person_id.clone())).or_default() += leg.amount;
    }
    for leg in after {
        *sums.entry((leg.kind, leg.payer_person_id.clone())).or_default() -= leg.amount;
    }
    sums
}

/// What the year changes by: the rest counts, the whole no more.
pub fn year_difference(before: &Terms, rest: &Terms) -> Vec<(Scope, Addition)> {
    let mut sums: BTreeMap<&Scope, Addition> = BTreeMap::new();
    let of_before = before.additions.iter().map(|(scope, addition)| (scope, addition.mirrored()));
    let of_rest = rest.additions.iter().map(|(scope, addition)| (scope, *addition));
    for (scope, addition) in of_before.chain(of_rest) {
        let sum = sums.entry(scope).or_default();
        sum.deductible += addition.deductible;
        sum.expense += addition.expense;
        sum.fund_paid += addition.fund_paid;
    }
    sums.into_iter().map(|(scope, addition)| (scope.clone(), addition)).collect()
}

/// What is moved in the books for one return. Where only fees outside the insurance come back, the insured part stays as it was
/// settled and only the cash moves; else everything is undone and the rest is made again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub back: Vec<Leg>,
    pub again: Vec<Leg>,
    /// The insurer has to hear of it.
    pub insurer: bool,
}

impl Moved {
    pub fn between(before: &Terms, rest: &Terms) -> Moved {
        let same_goods = before.charged == rest.charged && !rest.is_nothing();
        if !same_goods {
            return Moved { back: before.legs.clone(), again: rest.legs.clone(), insurer: before.insured() };
        }
        let cash = before.of(LegKind::Channel) - rest.of(LegKind::Channel);
        let back = before.legs.iter().filter(|leg| leg.kind == LegKind::Channel);
        let back = back.map(|leg| Leg { amount: cash, ..leg.clone() }).collect();
        Moved { back, again: Vec::new(), insurer: false }
    }
}
