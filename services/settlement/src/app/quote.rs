//! Quotes (2101 trial): gather facts, ask the engine, store the offer.

mod fund;
mod gather;

use liufang_kernel::region::{LegKind as PackLeg, RegionPack, Scheme};
use liufang_kernel::{Date, Fen, Timestamp, Violations, codes};
use liufang_platform::Call;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::lane::{Done, Op};
use crate::boundary::Boundary;
use crate::domain::accumulate::{Addition, Scope, additions};
use crate::domain::benefit::{ChargeLine, OutsideFees, Purse, Settlement, Wallets};
use crate::domain::decide::Inputs;
use crate::domain::entitlement::YearSoFar;
use crate::domain::lane::Books;
use crate::domain::quote::{Charge, Quote, QuoteKind, age};
use crate::error::{Refusal, SettlementError};
use crate::store;
use gather::Facts;

/// How far a caller's clock may be ahead of ours.
const CLOCK_SKEW_S: i64 = 60;

/// What is to be paid, by whom, to whom.
#[derive(Clone, Debug)]
pub struct CreateQuote {
    pub kind: QuoteKind,
    pub order_id: String,
    pub person_id: String,
    pub fixmedins_code: String,
    pub region: String,
    /// Empty: chosen from the person's rows.
    pub insutype: String,
    /// Empty outside chronic renewal.
    pub dise_codg: String,
    pub lines: Vec<ChargeLine>,
    pub outside: OutsideFees,
    pub acct_used: bool,
    pub holders: Vec<String>,
    /// Day whose rules and year hold; `None`: today.
    pub fee_ocur_date: Option<Date>,
}

/// What was gathered for a quote. The rest, the accounts and the year, is read when it is its turn.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub body: CreateQuote,
    /// Without the year.
    pub inputs: Inputs,
    /// Somebody insures the person.
    pub covered: bool,
    pub at: Timestamp,
}

/// Stored under the caller's key: the quote itself stands in its own row. The version before kept it whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Offered {
    Whole(Box<Quote>),
    Named { offered: String },
}

impl App {
    /// Calculates and stores a quote.
    pub async fn create_quote(&self, call: Call<CreateQuote>) -> Result<Quote, SettlementError> {
        let Call { meta, body } = call;
        let asking = match self.asking(body, meta.now).await {
            Ok(asking) => asking,
            // a repeat is answered as it was: the world may have changed since
            Err(refused) => {
                let known: Option<Offered> = self.db.replayed(&meta).await?;
                return self.as_offered(known.ok_or(refused)?).await;
            }
        };
        let region = asking.body.region.clone();
        match self.through(&region, Op::Offer(Box::new(asking)), Some(meta)).await? {
            Done::Quoted(quote) => {
                Boundary::Quoted.pass();
                Ok(*quote)
            }
            Done::Kept(known) => self.as_offered(known).await,
            _ => Err(SettlementError::Stored("lane")),
        }
    }

    async fn asking(&self, body: CreateQuote, at: Timestamp) -> Result<Asking, SettlementError> {
        let today = at.china_date();
        let date = body.fee_ocur_date.unwrap_or(today);
        // a caller's clock may be ahead of ours by a little at midnight
        if date > at.plus_seconds(CLOCK_SKEW_S).china_date() {
            return Err(SettlementError::Invalid(Violations::of(
                "fee_ocur_date",
                "must not lie in the future",
            )));
        }
        let pack = self.regions.get(&body.region).ok_or_else(unknown_region)?;
        let facts = self.gather(pack, &body, date).await?;
        check_lines(pack, &body, &facts, date)?;
        let inputs = inputs(&body, &facts);
        Ok(Asking { inputs, covered: facts.cover.is_some(), body, at })
    }

    /// What a repeat is answered: the quote as it was offered, also where less of it was captured since.
    async fn as_offered(&self, known: Offered) -> Result<Quote, SettlementError> {
        let mut quote = match known {
            Offered::Whole(quote) => *quote,
            Offered::Named { offered } => {
                let found = store::quote::find(self.db.read(), &self.cipher, &offered).await?;
                found.ok_or(Refusal::QuoteNotFound)?
            }
        };
        Ok(match quote.offered.take() {
            Some(offered) => *offered,
            None => quote,
        })
    }

    /// Decides over the accounts and years as they stand.
    pub(super) fn decide_offer(&self, asking: &Asking, books: &Books) -> Result<Quote, SettlementError> {
        let Asking { body, covered, at, .. } = asking;
        let pack = self.regions.get(&body.region).ok_or_else(unknown_region)?;
        let mut inputs = asking.inputs.clone();
        let (year, basis) = fund::year_so_far(&self.cipher, body, &inputs, &inputs.entitlement(pack)?, books);
        inputs.year = year;
        let wallets = wallets(body, *covered, books);
        let settlement = inputs.decide(pack, &body.lines, &body.outside, wallets)?;
        Ok(self.offer(pack, body, inputs, settlement, basis, *at))
    }

    /// One quote; a patient sees own ones.
    pub async fn get_quote(&self, call: Call<String>) -> Result<Quote, SettlementError> {
        let found = store::quote::find(self.db.read(), &self.cipher, &call.body).await?;
        let quote = found.ok_or(Refusal::QuoteNotFound)?;
        let own = call.meta.principal.is_service() || call.meta.principal.person()? == quote.person_id;
        if own { Ok(quote) } else { Err(Refusal::QuoteNotFound.into()) }
    }

    fn offer(
        &self,
        pack: &RegionPack,
        body: &CreateQuote,
        inputs: Inputs,
        settlement: Settlement,
        basis: Vec<(Scope, Addition)>,
        now: Timestamp,
    ) -> Quote {
        let today = now.china_date();
        let date = body.fee_ocur_date.unwrap_or(today);
        let seconds = pack.deadlines(today).map_or(600, |deadlines| deadlines.quote_validity_seconds);
        let disease = Some(body.dise_codg.as_str()).filter(|code| !code.is_empty());
        let consultation = body.kind == QuoteKind::Consultation;
        Quote {
            quote_id: self.ids.next("quo"),
            kind: body.kind,
            order_id: body.order_id.clone(),
            person_id: body.person_id.clone(),
            fixmedins_code: body.fixmedins_code.clone(),
            region: body.region.clone(),
            region_version: self.region_version(&body.region),
            insutype: inputs.insutype.clone(),
            basis,
            additions: additions(&settlement.totals, disease, consultation),
            lines: settlement.lines,
            totals: settlement.totals,
            legs: settlement.legs,
            outside: body.outside.clone(),
            agency: pack.region.code.clone(),
            year: date.year(),
            expires_at: now.plus_seconds(i64::from(seconds)),
            charges: body.lines.iter().map(charge).collect(),
            dise_codg: body.dise_codg.clone(),
            acct_used: body.acct_used,
            inputs: Some(inputs),
            offered: None,
        }
    }
}

/// What is free on the accounts that may pay: the person's own, then the relatives' in the asked order.
fn wallets(body: &CreateQuote, covered: bool, books: &Books) -> Wallets {
    let purse = |person: &String| Purse { person_id: person.clone(), available: books.free(person) };
    Wallets {
        own: (body.acct_used && covered).then(|| purse(&body.person_id)),
        relatives: body.holders.iter().map(purse).collect(),
    }
}

/// What the decision needs of the world, kept with the quote.
fn inputs(body: &CreateQuote, facts: &Facts<'_>) -> Inputs {
    let cover = facts.cover.as_ref();
    Inputs {
        kind: body.kind,
        date: Inputs::day(facts.date),
        insutype: cover.map(|cover| cover.insutype.clone()).unwrap_or_default(),
        psn_type: cover.map(|cover| cover.psn_type.clone()).unwrap_or_default(),
        age: facts.person.birth.map_or(0, |birth| age(birth, facts.date)),
        disease: body.dise_codg.clone(),
        registered: facts.person.registered(facts.date).map(str::to_owned).collect(),
        institution_kind: facts.institution.kind.word().to_owned(),
        level: facts.institution.level.map(|level| level.word().to_owned()).unwrap_or_default(),
        year: YearSoFar::default(),
        lines: body.lines.clone(),
    }
}

/// A line as the insurer is told of it.
pub(super) fn charge(line: &ChargeLine) -> Charge {
    Charge { med_list_codg: line.med_list_codg.clone(), quantity: line.quantity, price: line.price }
}

fn unknown_region() -> SettlementError {
    SettlementError::Invalid(Violations::of("region", "is not a region of this installation"))
}

/// A line without a drug code is a fee, and a fee has no way onto an insured leg; a consultation is one fee of the
/// region's amount.
fn check_lines(
    pack: &RegionPack,
    body: &CreateQuote,
    facts: &Facts<'_>,
    date: Date,
) -> Result<(), SettlementError> {
    let holders_allowed =
        |scheme: &Scheme| scheme.legs.iter().any(|leg| leg.kind == PackLeg::RelativeAccount);
    if !body.holders.is_empty() && !facts.scheme.is_some_and(holders_allowed) {
        return Err(forbidden("leg", "relative_account"));
    }
    if body.kind != QuoteKind::Consultation {
        let fee = body.lines.iter().find(|line| codes::drug_code_kind(&line.med_list_codg).is_none());
        return fee.map_or(Ok(()), |line| Err(forbidden("line_no", &line.line_no.to_string())));
    }
    let known = facts.institution.level.and_then(|level| pack.consultation_fee(level, date));
    let asked: Fen = body.lines.iter().map(|line| line.price.times(line.quantity)).sum();
    match known {
        Some(fee) if fee.fee_fen != asked => Err(Refusal::ConsultationFeeMismatch.into()),
        _ => Ok(()),
    }
}

fn forbidden(what: &'static str, value: &str) -> SettlementError {
    SettlementError::Refused(Refusal::QuoteLegForbidden, vec![(what.into(), value.to_owned())])
}
