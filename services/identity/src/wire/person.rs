//! Persons and insurance codes on the wire.

use liufang_kernel::codes::is_institution_code;
use liufang_kernel::codes::is_region_code;
use liufang_kernel::document::Document;
use liufang_kernel::phone::Phone;
use liufang_kernel::sensitive::mask;
use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::identity::v1 as pb;

use super::page::{self, Page};
use super::{Row, date, optional_date};
use crate::app::counter::{CODE_DIGITS, Decode, InsuranceCode, Present};
use crate::app::persons::{ForService, Me, PersonRow, Readings, Told};
use crate::app::presence::{Redeem, Redeemed};
use crate::domain::day;
use crate::domain::person::{Chronic, Health, Insurance, InsuranceState, Person, Stated, gender};

/// Uses of an insurance code at a counter (`domain.md` §6.4).
const BUSINESS_TYPES: [&str; 3] = ["01301", "02121", "02122"];

pub fn import(request: pb::ImportPersonsRequest, meta: &CallMeta) -> Result<Vec<Row<PersonRow>>, Violations> {
    super::rows(request.rows, |row| person_row(row, meta))
}

fn person_row(row: pb::PersonRow, meta: &CallMeta) -> Row<PersonRow> {
    let mut violations = Violations::new();
    let name = violations.text("psn_name", &row.psn_name, 50);
    let fields = ("psn_cert_type", "certno");
    let document = super::document(&mut violations, fields, &row.psn_cert_type, &row.certno, meta);
    let stated = document.as_ref().and_then(|document| stated(&mut violations, document, &row, meta));
    let phone = if row.phone.is_empty() { None } else { violations.take("phone", Phone::parse(&row.phone)) };
    violations.check(!row.insurances.is_empty(), "insurances", "must have at least one row");
    violations.check(row.insurances.len() <= 20, "insurances", "must have at most 20 rows");
    let insurances = row.insurances.into_iter().filter_map(|own| insurance(&mut violations, own)).collect();
    let chronic = row.chronic.into_iter().filter_map(|own| chronic(&mut violations, own)).collect();
    let allergies = row.allergies.iter().map(|own| violations.text("allergies", own, 100)).collect();
    let health = Health { chronic, allergies, stated };
    let name = Sensitive::new(name);
    violations.finish(document.map(|document| PersonRow { name, document, phone, insurances, health }))
}

/// Birth and sex: required where the number does not say, and never other than it says.
fn stated(
    violations: &mut Violations,
    document: &Document,
    row: &pb::PersonRow,
    meta: &CallMeta,
) -> Option<Stated> {
    let birth_date = optional_date(violations, "brdy", &row.brdy).flatten();
    let past = birth_date.is_none_or(|birth_date| birth_date <= meta.now.china_date());
    violations.check(past, "brdy", "must not lie in the future");
    let gender = gender(&row.gend);
    let known = row.gend.is_empty() || gender.is_some();
    violations.check(known, "gend", "must be 0, 1, 2 or 9");
    match document.birth_date() {
        Some(said) => {
            let same = birth_date.is_none_or(|birth_date| birth_date == said);
            violations.check(same, "brdy", "must be as the number says, or empty");
            let same = gender.is_none() || gender == document.gender_code();
            violations.check(same, "gend", "must be as the number says, or empty");
            None
        }
        None => {
            let needed = "is required: the number of this document does not say it";
            violations.check(!row.brdy.is_empty(), "brdy", needed);
            violations.check(!row.gend.is_empty(), "gend", needed);
            Some(Stated { birth_date: birth_date?, gender: gender?.to_owned() })
        }
    }
}

fn insurance(violations: &mut Violations, row: pb::Insurance) -> Option<Insurance> {
    let digits = |text: &str, min: usize, max: usize| {
        (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    violations.check(digits(&row.insutype, 3, 3), "insurances.insutype", "must be three digits");
    violations.check(digits(&row.psn_type, 2, 6), "insurances.psn_type", "must be 2 to 6 digits");
    violations.check(is_region_code(&row.insuplc_admdvs), "insurances.insuplc_admdvs", "must be six digits");
    let state = InsuranceState::from_code(row.state);
    violations.check(state.is_some(), "insurances.state", "must be 1, 2 or 4");
    let begin = date(violations, "insurances.begin_date", &row.begin_date);
    let end = optional_date(violations, "insurances.end_date", &row.end_date);
    Some(Insurance {
        insutype: row.insutype,
        psn_type: row.psn_type,
        insured_place: row.insuplc_admdvs,
        state: state?,
        begin: begin?,
        end: end?,
    })
}

fn chronic(violations: &mut Violations, row: pb::ChronicRegistration) -> Option<Chronic> {
    let dise_codg = violations.text("chronic.dise_codg", &row.dise_codg, 30);
    let dise_name = violations.optional_text("chronic.dise_name", &row.dise_name, 100);
    let begin = date(violations, "chronic.begin_date", &row.begin_date);
    let end = optional_date(violations, "chronic.end_date", &row.end_date);
    Some(Chronic { dise_codg, dise_name, begin: begin?, end: end? })
}

pub fn get_me(_: pb::GetMeRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn for_service(request: pb::GetPersonForServiceRequest, _: &CallMeta) -> Result<ForService, Violations> {
    let mut violations = Violations::new();
    let person_id = violations.text("person_id", &request.person_id, 64);
    let purpose = violations.text("purpose", &request.purpose, 100);
    violations.finish(Some(ForService { person_id, purpose, with_contact: request.with_contact }))
}

pub fn access_records(request: pb::ListAccessRecordsRequest, _: &CallMeta) -> Result<Page, Violations> {
    let mut violations = Violations::new();
    let page = page::read(&mut violations, request.page);
    violations.finish(Some(page))
}

pub fn issue_code(_: pb::IssueInsuranceCodeRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn decode_code(request: pb::DecodeInsuranceCodeRequest, _: &CallMeta) -> Result<Decode, Violations> {
    let mut violations = Violations::new();
    let digits = request.code.len() == CODE_DIGITS && request.code.bytes().all(|byte| byte.is_ascii_digit());
    violations.check(digits, "code", "must be 28 digits");
    let known = BUSINESS_TYPES.contains(&request.business_type.as_str());
    violations.check(known, "business_type", "must be 01301, 02121 or 02122");
    let decode = Decode { code: Sensitive::new(request.code), business_type: request.business_type };
    violations.finish(Some(decode))
}

pub fn redeem_presence(request: pb::RedeemPresenceRequest, _: &CallMeta) -> Result<Redeem, Violations> {
    let mut violations = Violations::new();
    violations.check(!request.presence_token.is_empty(), "presence_token", "must not be empty");
    violations.check(
        is_institution_code(&request.fixmedins_code),
        "fixmedins_code",
        "must be an institution code",
    );
    let institution = request.fixmedins_code;
    violations.finish(Some(Redeem { presence_token: Sensitive::new(request.presence_token), institution }))
}

/// How much of a name, number or phone is shown.
type Show = fn(&str) -> String;

fn person(own: Person, show: Show) -> pb::Person {
    let health = own.health.into_inner();
    pb::Person {
        person_id: own.person_id,
        name_masked: show(own.name.reveal()),
        psn_cert_type: own.document.kind().code().to_owned(),
        certno_masked: show(own.document.reveal()),
        phone_masked: show(own.phone.reveal()),
        gend: own.gender_code.to_owned(),
        birth_date: date_text(own.birth_date),
        insurances: own.insurances.into_iter().map(Into::into).collect(),
        chronic: health.chronic.into_iter().map(Into::into).collect(),
        allergies: health.allergies,
        verified: own.verified,
    }
}

impl From<Me> for pb::GetMeResponse {
    fn from(own: Me) -> pb::GetMeResponse {
        let show: Show = if own.masked { mask } else { str::to_owned };
        pb::GetMeResponse { person: Some(person(own.person, show)) }
    }
}

impl From<Told> for pb::GetPersonForServiceResponse {
    fn from(own: Told) -> pb::GetPersonForServiceResponse {
        let contact =
            |text: &Sensitive<String>| if own.with_contact { text.reveal().clone() } else { String::new() };
        pb::GetPersonForServiceResponse {
            name: contact(&own.person.name),
            phone: contact(&own.person.phone),
            certno: if own.with_contact { own.person.document.reveal().to_owned() } else { String::new() },
            person: Some(person(own.person, mask)),
        }
    }
}

impl From<Insurance> for pb::Insurance {
    fn from(own: Insurance) -> pb::Insurance {
        pb::Insurance {
            insutype: own.insutype,
            psn_type: own.psn_type,
            insuplc_admdvs: own.insured_place,
            state: own.state.code(),
            begin_date: date_text(own.begin),
            end_date: day::text(own.end),
        }
    }
}

impl From<Chronic> for pb::ChronicRegistration {
    fn from(own: Chronic) -> pb::ChronicRegistration {
        pb::ChronicRegistration {
            dise_codg: own.dise_codg,
            dise_name: own.dise_name,
            begin_date: date_text(own.begin),
            end_date: day::text(own.end),
        }
    }
}

impl From<Readings> for pb::ListAccessRecordsResponse {
    fn from(own: Readings) -> pb::ListAccessRecordsResponse {
        let records = own.records.into_iter().map(|record| pb::AccessRecord {
            reader: record.reader,
            purpose: record.purpose,
            at_us: record.at.0,
        });
        pb::ListAccessRecordsResponse {
            records: records.collect(),
            next_page_token: page::token(own.next.as_deref()),
        }
    }
}

impl From<InsuranceCode> for pb::IssueInsuranceCodeResponse {
    fn from(own: InsuranceCode) -> pb::IssueInsuranceCodeResponse {
        pb::IssueInsuranceCodeResponse { code: own.code, expires_at_us: own.expires_at.0 }
    }
}

impl From<Redeemed> for pb::RedeemPresenceResponse {
    fn from(own: Redeemed) -> pb::RedeemPresenceResponse {
        pb::RedeemPresenceResponse { person_id: own.person_id }
    }
}

impl From<Present> for pb::DecodeInsuranceCodeResponse {
    fn from(own: Present) -> pb::DecodeInsuranceCodeResponse {
        pb::DecodeInsuranceCodeResponse { presence_token: own.presence_token, person_id: own.person_id }
    }
}
