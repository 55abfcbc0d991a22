//! What somebody is entitled to: benefit row, cap, share of a visit. Decided by region pack, person, place and date alone,
//! so that a quote of any day can be calculated again (`domain.md` §9).

use liufang_kernel::region::{
    Benefit, BenefitQuery, CapRule, HospitalLevel, InstitutionKind, RegionPack, Scheme,
};
use liufang_kernel::{Date, Fen, Ratio};
use serde::{Deserialize, Serialize};

use super::accumulate::Addition;
use super::benefit::{FundRule, FundTerms, PackRow, Used};
use super::quote::{Cover, QuoteKind, annual_cap};

/// Who asks for what, where and when.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub kind: QuoteKind,
    /// `None`: cash only.
    pub scheme: Option<&'a Scheme>,
    /// The insurance row that pays; `None`: cash only.
    pub cover: Option<&'a Cover>,
    /// Full years on `date`.
    pub age: u32,
    /// Disease that is treated; empty outside chronic renewal.
    pub disease: &'a str,
    /// Diseases the person is registered for on `date`.
    pub registered: &'a [&'a str],
    pub institution_kind: InstitutionKind,
    /// `None` for institutions without a level.
    pub level: Option<HospitalLevel>,
    pub date: Date,
}

/// The year before this settlement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearSoFar {
    /// All treatment.
    pub all: Addition,
    /// The treated disease alone.
    pub disease: Addition,
}

/// How the fund takes part, before the year is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitlement<'a> {
    /// Not at all; the class 乙 share is shown nevertheless, as the national totals want it.
    Nothing {
        class_b_first_selfpay: Ratio,
        /// That says so.
        row: Option<PackRow>,
    },
    /// Deductible, tiers and cap of a row.
    Tiered {
        row: &'a Benefit,
        /// After combining diseases; `None` where there is no ceiling.
        cap: Option<Fen>,
    },
    /// A fixed share of the consultation fee.
    Consultation(Fen, PackRow),
}

impl<'a> Entitlement<'a> {
    const NOTHING: Entitlement<'static> =
        Entitlement::Nothing { class_b_first_selfpay: Ratio::ZERO, row: None };

    /// What `standing` is entitled to under `pack`.
    pub fn of(pack: &'a RegionPack, standing: &Standing<'_>) -> Entitlement<'a> {
        let Some(cover) = standing.cover else { return Entitlement::NOTHING };
        let query = |disease| BenefitQuery {
            insutype: &cover.insutype,
            psn_type: &cover.psn_type,
            age: standing.age,
            disease,
            institution_kind: standing.institution_kind,
            level: standing.level,
            date: standing.date,
        };
        match standing.kind {
            QuoteKind::Consultation => Entitlement::consultation(pack, standing),
            QuoteKind::OtcAccount => {
                let row = pack.benefit(&query(None));
                let class_b_first_selfpay = row.map_or(Ratio::ZERO, |row| row.class_b_first_selfpay);
                Entitlement::Nothing { class_b_first_selfpay, row: row.map(PackRow::from) }
            }
            QuoteKind::ChronicRenewal => {
                let query = query(Some(standing.disease));
                let Some(row) = pack.benefit(&query) else { return Entitlement::NOTHING };
                let in_scheme =
                    |code: &&&str| standing.scheme.is_some_and(|scheme| scheme.disease(code).is_some());
                let diseases = standing.registered.iter().filter(in_scheme).copied();
                Entitlement::Tiered { row, cap: annual_cap(pack, row, &query, diseases) }
            }
        }
    }

    fn consultation(pack: &RegionPack, standing: &Standing<'_>) -> Entitlement<'a> {
        let fee = standing.level.and_then(|level| pack.consultation_fee(level, standing.date));
        match fee {
            Some(fee) if !fee.fund_fen.is_zero() => Entitlement::Consultation(fee.fund_fen, fee.into()),
            _ => Entitlement::NOTHING,
        }
    }

    /// First self-pay of class 乙 drugs without a ratio of their own.
    pub fn class_b_first_selfpay(&self) -> Ratio {
        match self {
            Entitlement::Nothing { class_b_first_selfpay, .. } => *class_b_first_selfpay,
            Entitlement::Tiered { row, .. } => row.class_b_first_selfpay,
            Entitlement::Consultation(..) => Ratio::ZERO,
        }
    }

    /// The row of the pack that [`Self::class_b_first_selfpay`] stands in.
    pub fn row(&self) -> Option<PackRow> {
        match self {
            Entitlement::Nothing { row, .. } => *row,
            Entitlement::Tiered { row, .. } => Some((*row).into()),
            Entitlement::Consultation(_, row) => Some(*row),
        }
    }

    /// The engine's rule after the year so far.
    pub fn rule(&self, year: YearSoFar) -> FundRule<'a> {
        match *self {
            Entitlement::Nothing { .. } => FundRule::None,
            Entitlement::Tiered { row, cap } => {
                FundRule::Tiered(FundTerms { row, cap, used: used(row, year) })
            }
            Entitlement::Consultation(share, row) => FundRule::Consultation(share, Some(row)),
        }
    }
}

/// Which accumulators count: those of all diseases where the pack says shared or common, else the disease's own.
fn used(row: &Benefit, year: YearSoFar) -> Used {
    let YearSoFar { all, disease } = year;
    Used {
        deductible: if row.deductible_shared { all.deductible } else { disease.deductible },
        expense: all.expense,
        fund_paid: all.fund_paid,
        cap_used: if row.cap_rule == CapRule::EachOwn { disease.fund_paid } else { all.fund_paid },
    }
}
