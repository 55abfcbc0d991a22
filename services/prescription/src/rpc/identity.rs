//! Calls to the identity role, as domain types.

use liufang_kernel::region::HospitalLevel;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_kernel::{Class, Date, Fault as _, Timestamp};
use liufang_platform::{PeerFault, Peers, outgoing};
use liufang_proto::identity::v1 as pb;
use pb::institution_service_client::InstitutionServiceClient;
use pb::person_service_client::PersonServiceClient;
use tonic::Request;

/// Why a person is read.
pub use pb::AccessPurpose as Purpose;

use crate::domain::booking::{Hospital, Registration};
use crate::domain::document::Identity;
use crate::domain::practitioner::{Certificate, Kind, Practitioner, Problem};

/// What this service uses of a person. Has no `Debug`.
pub struct Person {
    pub verified: bool,
    /// 1 male, 2 female.
    pub gender: String,
    pub birth_date: Option<Date>,
    pub registrations: Vec<Registration>,
    pub allergies: Vec<String>,
    /// Filled only when asked with contact.
    pub identity: Identity,
}

/// An institution on a date.
pub struct Institution {
    pub name: String,
    pub region: String,
    pub hospital: Hospital,
}

/// Reads a person; leaves an access record with `purpose`.
pub async fn person(
    peers: &Peers,
    person_id: &str,
    purpose: Purpose,
    with_contact: bool,
) -> Result<Person, PeerFault> {
    // the word is for an identity of the version before
    let word = purpose.as_str_name().trim_start_matches("ACCESS_PURPOSE_").to_ascii_lowercase();
    let request = pb::GetPersonForServiceRequest {
        person_id: person_id.to_owned(),
        purpose: word,
        with_contact,
        access_purpose: purpose.into(),
    };
    let mut client = PersonServiceClient::new(peers.mesh("identity"));
    let answer = client.get_person_for_service(Request::new(request)).await?.into_inner();
    let person = answer.person.unwrap_or_default();
    Ok(Person {
        verified: person.verified,
        gender: person.gend,
        birth_date: parse_date(&person.birth_date),
        registrations: person.chronic.into_iter().filter_map(registration).collect(),
        allergies: person.allergies,
        identity: Identity { name: answer.name, id_number: answer.certno },
    })
}

/// Spends a proof of presence at a pharmacy's counter: who stood there.
pub async fn redeem_presence(
    peers: &Peers,
    presence_token: &str,
    pharmacy: &str,
    key: &str,
) -> Result<String, PeerFault> {
    let request = pb::RedeemPresenceRequest {
        presence_token: presence_token.to_owned(),
        fixmedins_code: pharmacy.to_owned(),
    };
    let mut client = PersonServiceClient::new(peers.mesh("identity"));
    Ok(client.redeem_presence(outgoing::keyed(request, key)).await?.into_inner().person_id)
}

fn registration(row: pb::ChronicRegistration) -> Option<Registration> {
    let to = if row.end_date.is_empty() { None } else { Some(parse_date(&row.end_date)?) };
    Some(Registration { disease: row.dise_codg, from: parse_date(&row.begin_date)?, to })
}

/// Reads an institution as it stands on `date`.
pub async fn institution(peers: &Peers, code: &str, date: Date) -> Result<Institution, PeerFault> {
    let request = pb::GetInstitutionRequest { fixmedins_code: code.to_owned(), date: date_text(date) };
    let mut client = InstitutionServiceClient::new(peers.mesh("identity"));
    let answer = client.get_institution(Request::new(request)).await?.into_inner();
    let row = answer.institution.unwrap_or_default();
    let hospital = Hospital {
        agreement_active: row.agreement_state() == pb::AgreementState::Active,
        capabilities: row.capabilities,
        level: HospitalLevel::from_word(&row.level),
    };
    Ok(Institution { name: row.fixmedins_name, region: row.region, hospital })
}

/// Reads a practitioner; `None` when the registry has none under the code.
pub async fn practitioner(peers: &Peers, code: &str) -> Result<Option<Practitioner>, PeerFault> {
    let request = pb::GetPractitionerRequest { practitioner_code: code.to_owned() };
    let mut client = InstitutionServiceClient::new(peers.mesh("identity"));
    let answer = match client.get_practitioner(Request::new(request)).await.map_err(PeerFault::from) {
        Ok(answer) => answer.into_inner(),
        Err(fault) if fault.doc().class == Class::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    Ok(answer.practitioner.map(|row| Practitioner {
        kind: match row.kind() {
            pb::PractitionerKind::Doctor => Kind::Doctor,
            pb::PractitionerKind::HospitalPharmacist => Kind::HospitalPharmacist,
            pb::PractitionerKind::RetailPharmacist => Kind::RetailPharmacist,
            _ => Kind::Other,
        },
        code: row.practitioner_code,
        name: row.name,
        institution: row.fixmedins_code,
        title_code: row.title_code,
        department: row.dept,
        signing_key: row.signing_key,
        active: row.active,
        practice_from: parse_date(&row.practice_from),
        certificate_needed: row.certificate_needed,
        certificates: row.certificates.into_iter().map(certificate).collect(),
    }))
}

fn certificate(row: pb::Certificate) -> Certificate {
    Certificate {
        compromised: row.revocation_reason() == pb::RevocationReason::KeyCompromise,
        problem: match pb::CertificateProblem::try_from(row.problem) {
            Ok(pb::CertificateProblem::Unspecified) => Problem::None,
            Ok(pb::CertificateProblem::AuthorityExpired) => Problem::AuthorityExpired,
            // what a later version says is no good news either
            _ => Problem::Untrusted,
        },
        key: row.signing_key,
        not_before: Timestamp(row.not_before_us),
        not_after: Timestamp(row.not_after_us),
        revoked_at: Some(row.revoked_at_us).filter(|at| *at != 0).map(Timestamp),
    }
}
