//! One decision over a basket: by region pack, person, place, date and the year so far, and nothing else. A quote is made by
//! it, and made by it again when goods come back, by the rules and the year of its own day (`domain.md` §3.2, §9).

use liufang_kernel::Date;
use liufang_kernel::region::{
    CostKind, HospitalLevel, InForce, InstitutionKind, LegKind as PackLeg, RegionPack, Scheme, SchemeKind,
};
use liufang_kernel::timestamp::{date_text, parse_date};
use serde::{Deserialize, Serialize};

use super::benefit::{
    self, BenefitError, Case, ChargeLine, Leg, LegKind, LineRules, OutsideFees, Purse, Settlement, Wallets,
};
use super::entitlement::{Entitlement, Standing, YearSoFar};
use super::quote::{Cover, QuoteKind};

/// What decides about a basket beside the pack, the basket and the accounts. Kept with the quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    pub kind: QuoteKind,
    /// Day whose rules hold, `yyyy-MM-dd`.
    pub date: String,
    /// Row of insurance that pays; empty for cash only.
    pub insutype: String,
    pub psn_type: String,
    /// Full years on the day.
    pub age: u32,
    /// Disease that is treated; empty outside chronic renewal.
    pub disease: String,
    /// Diseases the person was registered for.
    pub registered: Vec<String>,
    /// Words of the region pack; the level is empty for institutions without one.
    pub institution_kind: String,
    pub level: String,
    /// The year before the quote.
    pub year: YearSoFar,
    pub lines: Vec<ChargeLine>,
}

/// Why nothing can be decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// A word or date of the inputs is not one any more.
    #[error("the inputs cannot be read: {0}")]
    Inputs(&'static str),
    #[error(transparent)]
    Benefit(#[from] BenefitError),
}

/// The scheme whose legs pay on `date`. Of a consultation it is the one whose fund shares the fee; without one the fee is cash.
pub fn scheme_of(pack: &RegionPack, kind: QuoteKind, date: Date) -> Option<&Scheme> {
    match kind {
        QuoteKind::OtcAccount => pack.scheme(SchemeKind::OtcAccount, date),
        QuoteKind::ChronicRenewal => pack.scheme(SchemeKind::ChronicRenewal, date),
        QuoteKind::Consultation => pack.schemes.iter().find(|scheme| {
            scheme.terms().cover(date) && scheme.may_pay(PackLeg::Fund, CostKind::Consultation)
        }),
    }
}

impl Inputs {
    /// The day as it is written here.
    pub fn day(date: Date) -> String {
        date_text(date)
    }

    /// The year of the accumulators; 0 where the day cannot be read.
    pub fn year_of(&self) -> i32 {
        parse_date(&self.date).map_or(0, |date| date.year())
    }

    /// Calls `then` with the standing these inputs describe.
    ///
    /// # Errors
    /// A word that is none.
    fn standing<T>(
        &self,
        pack: &RegionPack,
        then: impl FnOnce(&Standing<'_>, Option<&Scheme>) -> T,
    ) -> Result<T, Undecided> {
        let date = parse_date(&self.date).ok_or(Undecided::Inputs("date"))?;
        let institution_kind = InstitutionKind::from_word(&self.institution_kind);
        let level = HospitalLevel::from_word(&self.level);
        let cover = (!self.insutype.is_empty()).then(|| Cover {
            insutype: self.insutype.clone(),
            psn_type: self.psn_type.clone(),
            place: pack.region.code.clone(),
            normal: true,
            begin: date,
            end: None,
        });
        let scheme = scheme_of(pack, self.kind, date);
        let registered: Vec<&str> = self.registered.iter().map(String::as_str).collect();
        let standing = Standing {
            kind: self.kind,
            scheme,
            cover: cover.as_ref(),
            age: self.age,
            disease: &self.disease,
            registered: &registered,
            institution_kind: institution_kind.ok_or(Undecided::Inputs("institution_kind"))?,
            level,
            date,
        };
        Ok(then(&standing, scheme))
    }

    /// What the person is entitled to.
    ///
    /// # Errors
    /// [`Undecided::Inputs`].
    pub fn entitlement<'a>(&self, pack: &'a RegionPack) -> Result<Entitlement<'a>, Undecided> {
        self.standing(pack, |standing, _| Entitlement::of(pack, standing))
    }

    /// Settles `lines` and `outside` over `wallets`.
    ///
    /// # Errors
    /// [`Undecided`]; a result that breaks an identity of `domain.md` §3.4 is none.
    pub fn decide(
        &self,
        pack: &RegionPack,
        lines: &[ChargeLine],
        outside: &OutsideFees,
        wallets: Wallets,
    ) -> Result<Settlement, Undecided> {
        let settle = |standing: &Standing<'_>, scheme: Option<&Scheme>| {
            let entitlement = Entitlement::of(pack, standing);
            let otc = scheme.and_then(|scheme| scheme.otc.as_ref());
            let case = Case {
                lines,
                consultation: self.kind == QuoteKind::Consultation,
                outside: outside.clone(),
                rules: LineRules {
                    class_b_first_selfpay: entitlement.class_b_first_selfpay(),
                    needs_mark: otc.is_some_and(|rules| rules.account_needs_mark),
                    row: entitlement.row(),
                },
                scheme: scheme.filter(|_| standing.cover.is_some()),
                fund: entitlement.rule(self.year),
                wallets,
                convention: pack.region.mutual_aid_convention,
                agency: &pack.region.code,
            };
            benefit::settle(&case)
        };
        Ok(self.standing(pack, settle)??)
    }
}

/// The accounts of a settlement, each with what it paid there: the most it may pay when goods come back.
pub fn wallets_of(legs: &[Leg]) -> Wallets {
    let purse = |leg: &Leg| Purse { person_id: leg.payer_person_id.clone(), available: leg.amount };
    Wallets {
        own: legs.iter().find(|leg| leg.kind == LegKind::Account).map(purse),
        relatives: legs.iter().filter(|leg| leg.kind == LegKind::RelativeAccount).map(purse).collect(),
    }
}
