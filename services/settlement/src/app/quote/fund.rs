//! Which benefit row pays, and how much of it the year has used.

use liufang_kernel::region::{BenefitQuery, CapRule, RegionPack};
use liufang_kernel::{Date, Fen, Ratio};

use super::gather::Facts;
use super::{CreateQuote, no_fund};
use crate::app::App;
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::benefit::{FundRule, FundTerms, Used};
use crate::domain::quote::{Cover, QuoteKind, age, annual_cap};
use crate::error::SettlementError;
use crate::store;
use crate::store::accumulator::Year;

/// How the fund takes part, and the class 乙 ratio of the region.
pub struct Chosen<'a> {
    pub rule: FundRule<'a>,
    pub class_b_first_selfpay: Ratio,
    /// The accumulators that were read.
    pub basis: Vec<(Scope, Addition)>,
}

impl App {
    pub(super) async fn fund_terms<'a>(
        &self,
        pack: &'a RegionPack,
        body: &CreateQuote,
        facts: &Facts<'a>,
        date: Date,
    ) -> Result<Chosen<'a>, SettlementError> {
        let Some(cover) = &facts.cover else { return Ok(no_fund(Ratio::ZERO)) };
        match body.kind {
            QuoteKind::Consultation => Ok(consultation(pack, facts, date)),
            QuoteKind::OtcAccount => {
                // no fund, but class 乙 is shown as the national totals want it
                let row = pack.benefit(&query(cover, facts, None, date));
                Ok(no_fund(row.map_or(Ratio::ZERO, |row| row.class_b_first_selfpay)))
            }
            QuoteKind::ChronicRenewal => self.tiered(pack, body, facts, cover, date).await,
        }
    }

    async fn tiered<'a>(
        &self,
        pack: &'a RegionPack,
        body: &CreateQuote,
        facts: &Facts<'a>,
        cover: &Cover,
        date: Date,
    ) -> Result<Chosen<'a>, SettlementError> {
        let query = query(cover, facts, Some(&body.dise_codg), date);
        let Some(row) = pack.benefit(&query) else { return Ok(no_fund(Ratio::ZERO)) };
        let in_scheme = |code: &&str| facts.scheme.is_some_and(|scheme| scheme.disease(code).is_some());
        let registered: Vec<String> =
            facts.person.registered(date).filter(in_scheme).map(str::to_owned).collect();
        let of = Year { person_id: &body.person_id, year: date.year(), insutype: &cover.insutype };
        let all = store::accumulator::read(self.db.read(), &self.cipher, of, &Scope::All).await?;
        let scope = Scope::Disease(body.dise_codg.clone());
        let disease = store::accumulator::read(self.db.read(), &self.cipher, of, &scope).await?;
        let used = used(row.deductible_shared, row.cap_rule, all, disease);
        let cap: Option<Fen> = annual_cap(pack, row, &query, &registered);
        Ok(Chosen {
            rule: FundRule::Tiered(FundTerms { row, cap, used }),
            class_b_first_selfpay: row.class_b_first_selfpay,
            basis: vec![(Scope::All, all), (scope, disease)],
        })
    }
}

/// Which accumulators count: those of all diseases where the pack says shared or common, else the disease's own.
fn used(deductible_shared: bool, cap_rule: CapRule, all: Addition, disease: Addition) -> Used {
    Used {
        deductible: if deductible_shared { all.deductible } else { disease.deductible },
        expense: all.expense,
        fund_paid: all.fund_paid,
        cap_used: if cap_rule == CapRule::EachOwn { disease.fund_paid } else { all.fund_paid },
    }
}

fn consultation<'a>(pack: &RegionPack, facts: &Facts<'_>, date: Date) -> Chosen<'a> {
    let fee = facts.institution.level.and_then(|level| pack.consultation_fee(level, date));
    let share = fee.map_or(Fen::ZERO, |fee| fee.fund_fen);
    let rule = if share.is_zero() { FundRule::None } else { FundRule::Consultation(share) };
    Chosen { rule, ..no_fund(Ratio::ZERO) }
}

fn query<'q>(cover: &'q Cover, facts: &Facts<'_>, disease: Option<&'q str>, date: Date) -> BenefitQuery<'q> {
    BenefitQuery {
        insutype: &cover.insutype,
        psn_type: &cover.psn_type,
        age: facts.person.birth.map_or(0, |birth| age(birth, date)),
        disease,
        institution_kind: facts.institution.kind,
        level: facts.institution.level,
        date,
    }
}
