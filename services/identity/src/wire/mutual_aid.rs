//! Mutual aid on the wire.

use liufang_kernel::codes::is_region_code;
use liufang_kernel::region::Relation;
use liufang_kernel::{Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::identity::v1 as pb;

use super::date;
use crate::app::mutual_aid::{AskRules, Check, Consent, File, Filings, Rules};
use crate::app::relatives::{AskNames, Names};
use crate::domain::day;
use crate::domain::mutual_aid::{CONSENT_DAYS, MutualAid};

const MOST_RELATIVES: usize = 200;

pub fn file(request: pb::FileMutualAidRequest, meta: &CallMeta) -> Result<File, Violations> {
    let mut violations = Violations::new();
    let holder_name = Sensitive::new(violations.text("holder_name", &request.holder_name, 50));
    let fields = ("holder_cert_type", "holder_certno");
    let (cert_type, certno) = (&request.holder_cert_type, &request.holder_certno);
    let holder_document = super::document(&mut violations, fields, cert_type, certno, meta);
    let relation = Relation::from_word(&request.relation);
    violations.check(relation.is_some(), "relation", "must be a relation word such as spouse or parent");
    violations.check(is_region_code(&request.region), "region", "must be six digits");
    let region = request.region;
    let file = holder_document.zip(relation).map(|(holder_document, relation)| File {
        holder_name,
        holder_document,
        relation,
        region,
    });
    violations.finish(file)
}

pub fn consent(request: pb::ConsentMutualAidRequest, _: &CallMeta) -> Result<Consent, Violations> {
    let mut violations = Violations::new();
    let mutual_aid_id = violations.text("mutual_aid_id", &request.mutual_aid_id, 64);
    let verification_id = violations.text("verification_id", &request.verification_id, 128);
    violations.finish(Some(Consent { mutual_aid_id, verification_id }))
}

pub fn rules(request: pb::GetMutualAidRulesRequest, meta: &CallMeta) -> Result<AskRules, Violations> {
    let mut violations = Violations::new();
    let region = violations.text("region", &request.region, 6);
    let date = super::date_or_today(&mut violations, "date", &request.date, meta.now);
    violations.finish(date.map(|date| AskRules { region, date }))
}

impl From<Rules> for pb::GetMutualAidRulesResponse {
    fn from(own: Rules) -> pb::GetMutualAidRulesResponse {
        pb::GetMutualAidRulesResponse {
            relations: own.relations.iter().map(|relation| relation.word().to_owned()).collect(),
            payer_insutypes: own.payer_insutypes,
            beneficiary_insutypes: own.beneficiary_insutypes,
            same_region: own.same_region,
            filing_days: i32::try_from(own.filing_days).unwrap_or(i32::MAX),
            consent_days: i32::try_from(CONSENT_DAYS).unwrap_or(i32::MAX),
        }
    }
}

pub fn withdraw(request: pb::WithdrawMutualAidRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("mutual_aid_id", &request.mutual_aid_id)
}

pub fn list(_: pb::ListMutualAidRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn check(request: pb::CheckMutualAidRequest, _: &CallMeta) -> Result<Check, Violations> {
    let mut violations = Violations::new();
    let beneficiary_person_id = violations.text("beneficiary_person_id", &request.beneficiary_person_id, 64);
    let date = date(&mut violations, "date", &request.date);
    violations.check(is_region_code(&request.region), "region", "must be six digits");
    let check = date.map(|date| Check {
        beneficiary_person_id,
        holder_person_ids: request.holder_person_ids,
        date,
        region: request.region,
    });
    violations.finish(check)
}

/// `NameRelativesRequest`.
pub fn name(request: pb::NameRelativesRequest, _: &CallMeta) -> Result<AskNames, Violations> {
    let mut violations = Violations::new();
    let person_id = violations.text("person_id", &request.person_id, 64);
    let few = request.relative_person_ids.len() <= MOST_RELATIVES;
    violations.check(few, "relative_person_ids", "must be at most 200");
    violations.finish(Some(AskNames { person_id, relatives: request.relative_person_ids }))
}

impl From<Names> for pb::NameRelativesResponse {
    fn from(own: Names) -> pb::NameRelativesResponse {
        let name = |(person_id, name_masked)| pb::RelativeName { person_id, name_masked };
        pb::NameRelativesResponse { names: own.0.into_iter().map(name).collect() }
    }
}

impl From<MutualAid> for pb::MutualAid {
    fn from(own: MutualAid) -> pb::MutualAid {
        pb::MutualAid {
            mutual_aid_id: own.mutual_aid_id,
            holder_person_id: own.holder_person_id,
            beneficiary_person_id: own.beneficiary_person_id,
            relation: own.relation,
            state: own.state.code(),
            begin_date: day::text(own.begin),
            end_date: day::text(own.end),
        }
    }
}

macro_rules! one {
    ($($response:ident),*) => {$(
        impl From<MutualAid> for pb::$response {
            fn from(own: MutualAid) -> pb::$response {
                pb::$response { mutual_aid: Some(own.into()) }
            }
        }
    )*};
}
one!(FileMutualAidResponse, ConsentMutualAidResponse, WithdrawMutualAidResponse);

macro_rules! several {
    ($($response:ident),*) => {$(
        impl From<Filings> for pb::$response {
            fn from(own: Filings) -> pb::$response {
                pb::$response { mutual_aids: own.0.into_iter().map(Into::into).collect() }
            }
        }
    )*};
}
several!(ListMutualAidResponse, CheckMutualAidResponse);
