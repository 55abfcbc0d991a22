//! Identities I1–I10 of `domain.md` §3.4, asserted on every result before it is believed.

use liufang_kernel::Fen;
use liufang_kernel::region::MutualAidConvention;

use super::engine::{Case, FundRule, Settlement};
use super::fund::FundShare;
use super::legs::LegKind;
use super::totals::Totals;

/// The identity that does not hold. A settlement with one is never booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity {0} broken")]
pub struct BrokenIdentity(pub &'static str);

pub(super) fn hold(name: &'static str, ok: bool) -> Result<(), BrokenIdentity> {
    if ok { Ok(()) } else { Err(BrokenIdentity(name)) }
}

/// Checks a settlement against its case.
///
/// # Errors
/// The first identity that does not hold.
pub fn check(case: &Case<'_>, settlement: &Settlement, share: &FundShare) -> Result<(), BrokenIdentity> {
    lines(case, settlement)?;
    totals(case, settlement)?;
    single_tier(case, settlement, share)?;
    legs(case, settlement)
}

fn lines(case: &Case<'_>, settlement: &Settlement) -> Result<(), BrokenIdentity> {
    let sum: Fen = settlement.lines.iter().map(|line| line.amount).sum();
    hold("I1", settlement.totals.medical == sum)?;
    hold("I2", settlement.lines.len() == case.lines.len())?;
    for (line, asked) in settlement.lines.iter().zip(case.lines) {
        hold("I2", line.amount == asked.price.times(asked.quantity))?;
        let parts = [line.full_selfpay, line.over_limit, line.first_selfpay, line.in_scope];
        hold("I3", line.amount == parts.iter().sum())?;
        hold("I10", parts.iter().all(|part| *part >= Fen::ZERO))?;
    }
    Ok(())
}

fn totals(case: &Case<'_>, settlement: &Settlement) -> Result<(), BrokenIdentity> {
    sums(&settlement.totals, case.convention)
}

/// What holds between the totals alone, whoever calculated them.
pub(super) fn sums(t: &Totals, convention: MutualAidConvention) -> Result<(), BrokenIdentity> {
    hold("I4", t.medical == t.full_selfpay + t.over_limit + t.first_selfpay + t.in_scope)?;
    let rows: Fen = t.funds.iter().map(|row| row.paid).sum();
    hold("I5", t.fund == t.amounts().total() && t.fund == rows)?;
    hold("I6", t.personal == t.medical - t.fund - t.institution)?;
    match convention {
        MutualAidConvention::Separate => hold("I7a", t.personal == t.account + t.mutual_aid + t.cash)?,
        MutualAidConvention::Inside => {
            hold("I7b", t.personal == t.account + t.cash && t.mutual_aid <= t.account)?;
        }
    }
    hold("I10", t.deductible <= t.in_scope && t.fund <= t.in_scope)?;
    hold("I10", t.amounts().iter().all(|(_, paid)| paid >= Fen::ZERO))?;
    hold("I10", t.funds.iter().all(|row| row.limit.is_none_or(|limit| row.paid <= limit)))?;
    let parts =
        [t.medical, t.deductible, t.institution, t.personal, t.account, t.mutual_aid, t.cash, t.outside];
    hold("I10", parts.iter().all(|part| *part >= Fen::ZERO))
}

/// I8 holds for a single tier without a cut by the cap.
fn single_tier(case: &Case<'_>, settlement: &Settlement, share: &FundShare) -> Result<(), BrokenIdentity> {
    let FundRule::Tiered(terms) = case.fund else { return Ok(()) };
    let (1, false, [tier]) = (share.tiers_used, share.capped, terms.row.tiers.as_slice()) else {
        return Ok(());
    };
    let t = &settlement.totals;
    hold("I8", t.fund == tier.fund_ratio.of(t.in_scope - t.deductible))
}

/// I9: the own account is left with what was free on it less its own part, and nobody's account pays more than is free; and the legs pay everything once.
fn legs(case: &Case<'_>, settlement: &Settlement) -> Result<(), BrokenIdentity> {
    let own: Fen =
        settlement.legs.iter().filter(|leg| leg.kind == LegKind::Account).map(|leg| leg.amount).sum();
    let left = case.wallets.own.as_ref().map(|purse| purse.available - own);
    hold("I9", settlement.totals.balance == left)?;
    let purses = case.wallets.own.iter().chain(&case.wallets.relatives);
    for purse in purses {
        let mut own = settlement.legs.iter().filter(|leg| leg.payer_person_id == purse.person_id);
        hold("I9", own.all(|leg| leg.amount <= purse.available))?;
    }
    let sum: Fen = settlement.legs.iter().map(|leg| leg.amount).sum();
    hold("LEGS", sum == settlement.totals.medical + settlement.totals.outside)?;
    let insured: Fen = settlement.legs.iter().filter(|leg| leg.kind.is_insured()).map(|leg| leg.amount).sum();
    let leg_of = |kind| settlement.legs.iter().filter(move |leg| leg.kind == kind).count();
    hold("LEGS", insured <= settlement.totals.medical && leg_of(LegKind::Channel) <= 1)
}

#[cfg(test)]
mod tests;
