//! Where the money comes from: fund, own account, relatives' accounts in the asked order, channel.

use liufang_kernel::Fen;
use liufang_kernel::region::{CostKind, LegKind as PackLeg, Scheme};
use serde::{Deserialize, Serialize};

use super::explanation::{Detail, Explanation};
use super::line::SettledLine;
use super::outside::OutsideFees;
use super::pack_row::PackRow;

/// Money of the insured total. It can be made from settled lines alone, never from an [`OutsideFees`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insured(Fen);

impl Insured {
    pub fn get(self) -> Fen {
        self.0
    }
}

/// One leg's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegKind {
    Fund,
    Account,
    RelativeAccount,
    Channel,
}

impl LegKind {
    pub fn is_insured(self) -> bool {
        self != LegKind::Channel
    }
}

/// One leg of a quote or payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub kind: LegKind,
    pub amount: Fen,
    /// Whose account; empty for fund and channel.
    pub payer_person_id: String,
    /// Who owes the institution: agency code, or `channel`.
    pub debtor: String,
    pub explanations: Vec<Explanation>,
}

impl Leg {
    /// A leg of the insured total.
    fn insured(kind: LegKind, amount: Insured, payer: &str, debtor: &str, rule: &'static str) -> Leg {
        let field = match kind {
            LegKind::Fund => "fund_pay_sumamt",
            LegKind::Account => "acct_pay",
            LegKind::RelativeAccount => "acct_mulaid_pay",
            LegKind::Channel => "psn_cash_pay",
        };
        let explanation = Explanation::new(field, amount.get(), rule, Detail::Amount(amount.get()));
        Leg {
            kind,
            amount: amount.get(),
            payer_person_id: payer.to_owned(),
            debtor: debtor.to_owned(),
            explanations: vec![explanation],
        }
    }

    /// The channel leg: the only place where outside fees are added.
    fn channel(cash: Insured, outside: &OutsideFees) -> Leg {
        let mut leg = Leg::insured(LegKind::Channel, cash, "", CHANNEL_DEBTOR, "CASH_REST");
        leg.amount += outside.total();
        for fee in outside.iter() {
            leg.explanations.push(Explanation::new(
                "outside",
                fee.amount,
                "OUTSIDE_INSURANCE",
                Detail::Text(fee.kind.as_str().into()),
            ));
        }
        leg
    }
}

/// Debtor of the cash part until a channel is chosen.
pub const CHANNEL_DEBTOR: &str = "channel";

/// An account that may pay, with what is free on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purse {
    pub person_id: String,
    pub available: Fen,
}

/// The accounts of a case: own first, then the relatives in the asked order (`domain.md` §9.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wallets {
    pub own: Option<Purse>,
    pub relatives: Vec<Purse>,
}

/// What the person bears, by cost part.
#[derive(Clone, Debug)]
pub struct PersonalParts(Vec<(CostKind, Fen)>);

impl PersonalParts {
    /// Of drug lines, after the fund paid its share of the scope.
    pub fn of_drugs(lines: &[SettledLine], fund: Fen) -> PersonalParts {
        let scope: Fen = lines.iter().map(|line| line.in_scope).sum();
        PersonalParts(vec![
            (CostKind::DrugInScope, scope - fund),
            (CostKind::DrugFirstSelfpay, lines.iter().map(|line| line.first_selfpay).sum()),
            (CostKind::DrugOverLimit, lines.iter().map(|line| line.over_limit).sum()),
            (CostKind::DrugSelfPaid, lines.iter().map(|line| line.full_selfpay).sum()),
        ])
    }

    /// Of the consultation fee.
    pub fn of_consultation(lines: &[SettledLine], fund: Fen) -> PersonalParts {
        let fee: Fen = lines.iter().map(|line| line.amount).sum();
        PersonalParts(vec![(CostKind::Consultation, fee - fund)])
    }

    fn left(&self) -> Fen {
        self.0.iter().map(|(_, left)| *left).sum()
    }

    /// Takes what `payer` may carry of the parts, up to `limit`.
    fn take(&mut self, scheme: &Scheme, payer: PackLeg, limit: Fen) -> Insured {
        let mut taken = Fen::ZERO;
        for (cost, left) in &mut self.0 {
            if scheme.may_pay(payer, *cost) {
                let part = (*left).min(limit - taken);
                *left -= part;
                taken += part;
            }
        }
        Insured(taken)
    }
}

/// Spreads fund, personal parts and outside fees over legs. Legs of nothing are left out. Without a scheme everything
/// personal is cash.
pub fn allocate(
    scheme: Option<&Scheme>,
    fund: Fen,
    mut parts: PersonalParts,
    wallets: &Wallets,
    outside: &OutsideFees,
    agency: &str,
) -> Vec<Leg> {
    let mut legs = Vec::new();
    legs.push(Leg::insured(LegKind::Fund, Insured(fund), "", agency, "FUND_ADVANCED"));
    for payer in scheme.iter().flat_map(|scheme| scheme.legs.iter().map(move |leg| (*scheme, leg.kind))) {
        let (scheme, payer) = payer;
        match payer {
            PackLeg::OwnAccount => legs.extend(wallets.own.iter().map(|purse| {
                let taken = parts.take(scheme, payer, purse.available.or_zero());
                Leg::insured(LegKind::Account, taken, &purse.person_id, agency, "ACCOUNT_FIRST")
            })),
            PackLeg::RelativeAccount => legs.extend(wallets.relatives.iter().map(|purse| {
                let taken = parts.take(scheme, payer, purse.available.or_zero());
                Leg::insured(LegKind::RelativeAccount, taken, &purse.person_id, agency, "MUTUAL_AID")
            })),
            PackLeg::Fund | PackLeg::Channel => {}
        }
    }
    legs.push(Leg::channel(Insured(parts.left()), outside));
    legs.retain(|leg| !leg.amount.is_zero());
    if let Some(row) = scheme.map(PackRow::from) {
        let made = legs.iter_mut().filter_map(|leg| leg.explanations.first_mut());
        made.for_each(|explanation| explanation.row = Some(row));
    }
    legs
}
