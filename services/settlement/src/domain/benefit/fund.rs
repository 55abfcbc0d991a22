//! The fund's share of the aggregated scope: deductible, tiers, cap, rounding once (`domain.md` §3.4, §9).

use liufang_kernel::Fen;
use liufang_kernel::region::{Benefit, Fund, Tier, TierReading};

use super::exact::Exact;
use super::explanation::{Detail, Explanation};
use super::pack_row::PackRow;
use super::totals::{self, FundAmounts, FundRow};

/// What the person has used of the year before this settlement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Deductible paid: of all diseases when it is shared, else of this one.
    pub deductible: Fen,
    /// Spent inside the policy scope, the deductible included.
    pub expense: Fen,
    /// Paid by the fund.
    pub fund_paid: Fen,
    /// Paid by the fund towards `cap`: of all diseases when the cap is common, else of this one.
    pub cap_used: Fen,
}

/// One benefit row with the person's year.
#[derive(Clone, Copy, Debug)]
pub struct FundTerms<'a> {
    pub row: &'a Benefit,
    /// The cap that holds after combining diseases; `None` where there is no ceiling.
    pub cap: Option<Fen>,
    pub used: Used,
}

/// What the fund pays now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FundShare {
    pub deductible: Fen,
    pub funds: FundAmounts,
    /// `setldetail`: one row a fund that had something to pay from.
    pub rows: Vec<FundRow>,
    /// `pool_prop_selfpay` when exactly one ratio was applied.
    pub ratio: String,
    pub capped: bool,
    pub tiers_used: usize,
    pub explanations: Vec<Explanation>,
}

impl FundShare {
    pub fn total(&self) -> Fen {
        self.funds.total()
    }

    /// `room`: what the cap leaves before this payment.
    pub(super) fn add(&mut self, fund: Fund, base: Fen, amount: Fen, room: Option<Fen>) {
        *self.funds.of_mut(fund) += amount;
        match self.rows.iter_mut().find(|row| row.fund == fund) {
            Some(row) => {
                row.base += base;
                row.paid += amount;
            }
            None => self.rows.push(FundRow { fund, base, limit: room, paid: amount }),
        }
    }
}

/// The share of one tier, still exact.
struct Slice<'a> {
    tier: &'a Tier,
    base: Exact,
    pays: Exact,
}

/// The fund's share of `scope`.
pub fn share(terms: &FundTerms<'_>, scope: Fen) -> FundShare {
    let left = (terms.row.annual_deductible_fen - terms.used.deductible).or_zero();
    let deductible = left.min(scope);
    let mut result = FundShare { deductible, ..FundShare::default() };
    result.explanations.push(Explanation::new(
        "act_pay_dedc",
        deductible,
        "DEDUCTIBLE",
        Detail::LessUsed(terms.row.annual_deductible_fen, terms.used.deductible),
    ));
    let row = Some(PackRow::from(terms.row));
    let base = scope - deductible;
    let slices = slices(terms, deductible, base);
    let room = terms.cap.map(|cap| (cap - terms.used.cap_used).or_zero());
    book(&mut result, &slices, room);
    result.tiers_used = slices.len();
    if let [only] = slices.as_slice() {
        result.ratio = only.tier.fund_ratio.to_string();
    }
    if let (true, Some(cap)) = (result.capped, terms.cap) {
        let detail = Detail::LessUsed(cap, terms.used.cap_used);
        result.explanations.push(Explanation::new("fund_pay_sumamt", result.total(), "CAP", detail));
    }
    result.explanations.iter_mut().for_each(|explanation| explanation.row = row);
    result
}

/// Cuts `base` at the tier boundaries.
fn slices<'a>(terms: &FundTerms<'a>, deductible: Fen, base: Fen) -> Vec<Slice<'a>> {
    let row = terms.row;
    let mut position = match row.tier_reading {
        TierReading::Expense => terms.used.expense + deductible,
        TierReading::PaidByFund => terms.used.fund_paid,
    };
    let mut left = Exact::fen(base);
    let mut found = Vec::new();
    for (index, tier) in row.tiers.iter().enumerate() {
        let end = row.tiers.get(index + 1).map(|next| next.above_fen);
        if end.is_some_and(|end| end <= position) || !left.is_positive() {
            continue;
        }
        let room = end.map(|end| Exact::fen(end - position));
        let slice = cut(row.tier_reading, tier, left, room);
        left = left.minus(slice.base);
        position = end.unwrap_or(position);
        found.push(slice);
    }
    found
}

/// The part of `left` that falls into `tier`, of which `room` is still free.
fn cut(reading: TierReading, tier: &Tier, left: Exact, room: Option<Exact>) -> Slice<'_> {
    let whole = left.times(tier.fund_ratio);
    match (reading, room) {
        (TierReading::Expense, Some(room)) if !left.at_most(room) => {
            Slice { tier, base: room, pays: room.times(tier.fund_ratio) }
        }
        // a tier that pays nothing is never left, so the ratio is above zero here
        (TierReading::PaidByFund, Some(room)) if !whole.at_most(room) => {
            Slice { tier, base: room.over(tier.fund_ratio), pays: room }
        }
        _ => Slice { tier, base: left, pays: whole },
    }
}

/// Rounds half up on the running total, so that the whole is rounded once and no fund gains a fen from another.
fn book(result: &mut FundShare, slices: &[Slice<'_>], room: Option<Fen>) {
    let mut exact = Exact::ZERO;
    let mut paid = Fen::ZERO;
    let (mut spent, mut spent_fen) = (Exact::ZERO, Fen::ZERO);
    for (index, slice) in slices.iter().enumerate() {
        exact = exact.plus(slice.pays);
        let mut until = exact.round();
        if let Some(room) = room.filter(|room| *room < until) {
            until = room;
            result.capped = true;
        }
        let amount = until - paid;
        let left = room.map(|room| room - paid);
        paid = until;
        spent = spent.plus(slice.base);
        let base = spent.round() - spent_fen;
        spent_fen = spent.round();
        result.add(slice.tier.fund, base, amount, left);
        let detail = Detail::Share(slice.base.round(), slice.tier.fund_ratio);
        let rule = ["TIER_1", "TIER_2", "TIER_3"].get(index).copied().unwrap_or("TIER_N");
        result.explanations.push(Explanation::new(totals::field(slice.tier.fund), amount, rule, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::super::case_table::{blank_row, qinhuangdao};
    use super::*;

    /// Half up to 10 yuan of expense, 80 % above.
    #[test]
    fn every_tier_has_its_base_its_room_and_its_share() {
        let mut row = blank_row(&qinhuangdao());
        row.annual_deductible_fen = Fen::ZERO;
        row.tier_reading = TierReading::Expense;
        let tier = |above, ratio: &str, fund| Tier {
            above_fen: Fen(above),
            fund_ratio: ratio.parse().unwrap(),
            fund,
        };
        row.tiers = vec![tier(0, "0.5", Fund::Basic), tier(1_000, "0.8", Fund::LargeAmount)];
        let told = |scope, cap: i64| {
            let terms = FundTerms { row: &row, cap: Some(Fen(cap)), used: Used::default() };
            let share = share(&terms, Fen(scope));
            let rows = share.rows.iter().map(|row| (row.base.0, row.limit.map(|fen| fen.0), row.paid.0));
            (rows.collect::<Vec<_>>(), share.capped, share.tiers_used)
        };
        assert_eq!(told(600, 2_000), (vec![(600, Some(2_000), 300)], false, 1));
        assert_eq!(told(1_000, 2_000), (vec![(1_000, Some(2_000), 500)], false, 1));
        let both = |cap, large| vec![(1_000, Some(cap), 500), (500, Some(cap - 500), large)];
        assert_eq!(told(1_500, 2_000), (both(2_000, 400), false, 2));
        assert_eq!(told(1_500, 900), (both(900, 400), false, 2), "just within the cap");
        assert_eq!(told(1_500, 899), (both(899, 399), true, 2));
    }

    #[test]
    fn a_fund_has_one_row_for_all_that_it_shares_in() {
        let (first, second) = (Fund::ALL[0], Fund::ALL[1]);
        let mut share = FundShare::default();
        share.add(first, Fen(100), Fen(60), Some(Fen(500)));
        share.add(second, Fen(30), Fen(20), None);
        share.add(first, Fen(40), Fen(10), Some(Fen(440)));
        let row = |fund, base, limit, paid| FundRow { fund, base: Fen(base), limit, paid: Fen(paid) };
        assert_eq!(share.rows, [row(first, 140, Some(Fen(500)), 70), row(second, 30, None, 20)]);
        assert_eq!(share.total(), Fen(90));
    }
}
