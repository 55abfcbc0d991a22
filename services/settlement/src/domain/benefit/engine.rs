//! Puts a settlement together and refuses to let one out that breaks an identity.

use liufang_kernel::Fen;
use liufang_kernel::region::{CostKind, Fund, LegKind as PackLeg, MutualAidConvention, Scheme};

use super::explanation::{Detail, Explanation};
use super::fund::{self, FundShare, FundTerms};
use super::identities::{self, BrokenIdentity};
use super::legs::{self, Leg, LegKind, PersonalParts, Wallets};
use super::line::{ChargeLine, LineRules, SettledLine, settle_fee, settle_line};
use super::outside::OutsideFees;
use super::pack_row::PackRow;
use super::totals::Totals;

/// How the fund takes part.
#[derive(Clone, Copy, Debug)]
pub enum FundRule<'a> {
    /// Not at all.
    None,
    /// Deductible, tiers and cap on the scope.
    Tiered(FundTerms<'a>),
    /// A fixed share of the consultation fee, `domain.md` §9.1.
    Consultation(Fen, Option<PackRow>),
}

/// One question to the engine.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub lines: &'a [ChargeLine],
    /// The lines are a consultation fee, not drugs.
    pub consultation: bool,
    pub outside: OutsideFees,
    pub rules: LineRules,
    /// Which leg may carry what; `None`: cash only.
    pub scheme: Option<&'a Scheme>,
    pub fund: FundRule<'a>,
    pub wallets: Wallets,
    pub convention: MutualAidConvention,
    /// Clearing agency (`clr_optins`) that owes the insured legs.
    pub agency: &'a str,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub lines: Vec<SettledLine>,
    pub totals: Totals,
    pub legs: Vec<Leg>,
}

/// Why there is no answer. Both are mistakes of the software, never of the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BenefitError {
    #[error("identity {} broken", .0.0)]
    Broken(#[from] BrokenIdentity),
    #[error("the scheme has no fund leg for what the fund should pay")]
    NoFundLeg,
}

/// Settles a case.
///
/// # Errors
/// [`BenefitError`] when the result would break an identity of `domain.md` §3.4.
pub fn settle(case: &Case<'_>) -> Result<Settlement, BenefitError> {
    let mut lines: Vec<SettledLine> = case.lines.iter().map(|line| settle_one(case, line)).collect();
    let scope: Fen = lines.iter().map(|line| line.in_scope).sum();
    let share = fund_share(case, scope)?;
    let parts = if case.consultation {
        PersonalParts::of_consultation(&lines, share.total())
    } else {
        PersonalParts::of_drugs(&lines, share.total())
    };
    let mut legs =
        legs::allocate(case.scheme, share.total(), parts, &case.wallets, &case.outside, case.agency);
    // fund results belong to the whole scope: they stand on the fund leg, or on the last line when the fund pays nothing
    let fund = legs.iter_mut().find(|leg| leg.kind == LegKind::Fund).map(|leg| &mut leg.explanations);
    let last = lines.last_mut().map(|line| &mut line.explanations);
    if let Some(place) = fund.or(last) {
        place.extend(share.explanations.iter().cloned());
    }
    let totals = totals(case, &lines, &share, &legs);
    let settlement = Settlement { lines, totals, legs };
    identities::check(case, &settlement, &share)?;
    Ok(settlement)
}

fn settle_one(case: &Case<'_>, line: &ChargeLine) -> SettledLine {
    if case.consultation {
        settle_fee(line, matches!(case.fund, FundRule::Consultation(share, _) if !share.is_zero()))
    } else {
        settle_line(line, case.rules)
    }
}

fn fund_share(case: &Case<'_>, scope: Fen) -> Result<FundShare, BenefitError> {
    let may_pay = |cost| case.scheme.is_some_and(|scheme| scheme.may_pay(PackLeg::Fund, cost));
    match case.fund {
        FundRule::None => Ok(FundShare::default()),
        FundRule::Tiered(_) if !may_pay(CostKind::DrugInScope) => Err(BenefitError::NoFundLeg),
        FundRule::Consultation(..) if !may_pay(CostKind::Consultation) => Err(BenefitError::NoFundLeg),
        FundRule::Tiered(terms) => Ok(fund::share(&terms, scope)),
        FundRule::Consultation(fixed, row) => {
            let detail = Detail::PerVisit(fixed);
            let paid = fixed.min(scope);
            let mut share = FundShare::default();
            share.add(Fund::Basic, scope, paid, Some(fixed));
            share
                .explanations
                .push(Explanation::new("hifp_pay", paid, "CONSULTATION_FUND_SHARE", detail).by(row));
            Ok(share)
        }
    }
}

fn totals(case: &Case<'_>, lines: &[SettledLine], share: &FundShare, legs: &[Leg]) -> Totals {
    let of = |kind| legs.iter().filter(move |leg| leg.kind == kind).map(|leg| leg.amount).sum::<Fen>();
    let own = of(LegKind::Account);
    let mutual_aid = of(LegKind::RelativeAccount);
    let medical: Fen = lines.iter().map(|line| line.amount).sum();
    let outside = case.outside.total();
    Totals {
        medical,
        full_selfpay: lines.iter().map(|line| line.full_selfpay).sum(),
        over_limit: lines.iter().map(|line| line.over_limit).sum(),
        first_selfpay: lines.iter().map(|line| line.first_selfpay).sum(),
        in_scope: lines.iter().map(|line| line.in_scope).sum(),
        deductible: share.deductible,
        fund_ratio: share.ratio.clone(),
        fund: share.total(),
        personal: medical - share.total(),
        account: match case.convention {
            MutualAidConvention::Separate => own,
            MutualAidConvention::Inside => own + mutual_aid,
        },
        mutual_aid,
        cash: of(LegKind::Channel) - outside,
        outside,
        // a payer has one account: what it has free and what its leg takes
        balance: case.wallets.own.as_ref().map(|purse| purse.available - own),
        funds: share.rows.clone(),
        ..Totals::default()
    }
    .with(&share.funds)
}
