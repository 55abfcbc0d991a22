//! The facts of a quote: person, institution, scheme, insurance row, filings.

use liufang_kernel::Date;
use liufang_kernel::region::{RegionPack, Scheme};

use super::CreateQuote;
use crate::app::App;
use crate::domain::decide::scheme_of;
use crate::domain::quote::{Cover, CoverRefusal, QuoteKind, choose_cover};
use crate::error::{Refusal, SettlementError};
use crate::rpc::outside::{InstitutionFacts, PersonFacts};

/// Everything a quote is decided by.
pub struct Facts<'a> {
    pub person: PersonFacts,
    pub institution: InstitutionFacts,
    /// `None`: cash only.
    pub scheme: Option<&'a Scheme>,
    /// `None`: cash only.
    pub cover: Option<Cover>,
    /// Whose rules hold: the day of the quote.
    pub date: Date,
}

impl App {
    /// Checks in the order: institution, scheme, insurance, disease, filings.
    pub(super) async fn gather<'a>(
        &self,
        pack: &'a RegionPack,
        body: &CreateQuote,
        date: Date,
    ) -> Result<Facts<'a>, SettlementError> {
        let institution = self.outside.institution(&body.fixmedins_code, date).await?;
        if !institution.active || institution.region != body.region {
            return Err(Refusal::NotDesignated.into());
        }
        let scheme = scheme(pack, body.kind, date)?;
        let person = self.outside.person(&body.person_id).await?;
        let cover = cover(pack, scheme, &person, body, date)?;
        if let (Some(scheme), QuoteKind::ChronicRenewal) = (scheme, body.kind) {
            check_disease(scheme, &person, &body.dise_codg, date)?;
        }
        if !body.holders.is_empty() {
            self.outside.check_mutual_aid(&body.person_id, &body.holders, &body.region, date).await?;
        }
        Ok(Facts { person, institution, scheme, cover, date })
    }
}

fn scheme(pack: &RegionPack, kind: QuoteKind, date: Date) -> Result<Option<&Scheme>, SettlementError> {
    match scheme_of(pack, kind, date) {
        None if kind != QuoteKind::Consultation => Err(Refusal::SchemeNotOpen.into()),
        found => Ok(found),
    }
}

fn cover(
    pack: &RegionPack,
    scheme: Option<&Scheme>,
    person: &PersonFacts,
    body: &CreateQuote,
    date: Date,
) -> Result<Option<Cover>, SettlementError> {
    let Some(scheme) = scheme else { return Ok(None) };
    // a basket of outside fees alone needs no insurance
    if body.kind == QuoteKind::OtcAccount && body.lines.is_empty() {
        return Ok(None);
    }
    match choose_cover(pack, &person.covers, &body.insutype, &scheme.insutypes, date) {
        Ok(cover) => Ok(Some(cover.clone())),
        // anybody may see a doctor; who is not insured here pays the whole fee
        Err(_) if body.kind == QuoteKind::Consultation && body.insutype.is_empty() => Ok(None),
        Err(CoverRefusal::NotInsured) => Err(Refusal::NotInsured.into()),
        Err(CoverRefusal::Elsewhere) => Err(Refusal::InsuredElsewhere.into()),
    }
}

fn check_disease(
    scheme: &Scheme,
    person: &PersonFacts,
    code: &str,
    date: Date,
) -> Result<(), SettlementError> {
    if scheme.disease(code).is_none() {
        return Err(Refusal::DiseaseNotInScheme.into());
    }
    if !person.registered(date).any(|registered| registered == code) {
        return Err(Refusal::DiseaseNotRegistered.into());
    }
    Ok(())
}
