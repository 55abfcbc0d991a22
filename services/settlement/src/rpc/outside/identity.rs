//! What identity knows of persons, institutions and filings.

use std::collections::BTreeMap;

use liufang_kernel::Date;
use liufang_kernel::region::{HospitalLevel, InstitutionKind};
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_platform::{Mesh, PeerFault};
use liufang_proto::identity::v1 as pb;
use pb::institution_service_client::InstitutionServiceClient;
use pb::person_service_client::PersonServiceClient;
use tonic::Request;

use super::Outside;
use crate::domain::quote::Cover;
use crate::error::SettlementError;

/// A person as a quote needs them.
#[derive(Clone, Debug)]
pub struct PersonFacts {
    pub birth: Option<Date>,
    pub covers: Vec<Cover>,
    chronic: Vec<Registration>,
}

#[derive(Clone, Debug)]
struct Registration {
    code: String,
    begin: Date,
    end: Option<Date>,
}

impl PersonFacts {
    /// Diseases registered on `date`.
    pub fn registered(&self, date: Date) -> impl Iterator<Item = &str> {
        let holds = move |row: &&Registration| row.begin <= date && row.end.is_none_or(|end| date <= end);
        self.chronic.iter().filter(holds).map(|row| row.code.as_str())
    }
}

/// An institution on a date.
#[derive(Clone, Debug)]
pub struct InstitutionFacts {
    pub kind: InstitutionKind,
    pub level: Option<HospitalLevel>,
    pub region: String,
    /// The designation agreement holds.
    pub active: bool,
}

impl Outside {
    fn persons(&self) -> PersonServiceClient<Mesh> {
        PersonServiceClient::new(self.mesh("identity"))
    }

    pub async fn person(&self, person_id: &str) -> Result<PersonFacts, SettlementError> {
        let body = pb::GetPersonForServiceRequest {
            person_id: person_id.to_owned(),
            purpose: "quote".to_owned(),
            with_contact: false,
            access_purpose: pb::AccessPurpose::Quote.into(),
        };
        let reply =
            self.persons().get_person_for_service(Request::new(body)).await.map_err(PeerFault::from)?;
        let person = reply.into_inner().person.ok_or(SettlementError::Stored("person of identity"))?;
        Ok(PersonFacts {
            birth: parse_date(&person.birth_date),
            covers: person.insurances.iter().filter_map(cover).collect(),
            chronic: person.chronic.into_iter().filter_map(registration).collect(),
        })
    }

    pub async fn institution(&self, code: &str, date: Date) -> Result<InstitutionFacts, SettlementError> {
        let body = pb::GetInstitutionRequest { fixmedins_code: code.to_owned(), date: date_text(date) };
        let mut client = InstitutionServiceClient::new(self.mesh("identity"));
        let reply = client.get_institution(Request::new(body)).await.map_err(PeerFault::from)?;
        let found =
            reply.into_inner().institution.ok_or(SettlementError::Stored("institution of identity"))?;
        Ok(InstitutionFacts {
            kind: match found.kind() {
                pb::InstitutionKind::Hospital => InstitutionKind::Hospital,
                pb::InstitutionKind::Community => InstitutionKind::Community,
                pb::InstitutionKind::Pharmacy | pb::InstitutionKind::Unspecified => InstitutionKind::Pharmacy,
            },
            level: HospitalLevel::from_word(&found.level),
            active: found.agreement_state() == pb::AgreementState::Active,
            region: found.region,
        })
    }

    /// Passes when every holder has filed; the peer's refusal names the one who has not.
    pub async fn check_mutual_aid(
        &self,
        beneficiary: &str,
        holders: &[String],
        region: &str,
        date: Date,
    ) -> Result<(), SettlementError> {
        let body = pb::CheckMutualAidRequest {
            beneficiary_person_id: beneficiary.to_owned(),
            holder_person_ids: holders.to_vec(),
            date: date_text(date),
            region: region.to_owned(),
        };
        self.persons().check_mutual_aid(Request::new(body)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Masked names of those who share a filing with the person, now or before.
    pub async fn relatives(
        &self,
        person_id: &str,
        relatives: Vec<String>,
    ) -> Result<BTreeMap<String, String>, SettlementError> {
        let body =
            pb::NameRelativesRequest { person_id: person_id.to_owned(), relative_person_ids: relatives };
        let reply = self.persons().name_relatives(Request::new(body)).await.map_err(PeerFault::from)?;
        Ok(reply.into_inner().names.into_iter().map(|name| (name.person_id, name.name_masked)).collect())
    }
}

/// Rows whose dates cannot be read never pay.
fn cover(row: &pb::Insurance) -> Option<Cover> {
    Some(Cover {
        insutype: row.insutype.clone(),
        psn_type: row.psn_type.clone(),
        place: row.insuplc_admdvs.clone(),
        normal: row.state() == pb::InsuranceState::Normal,
        begin: parse_date(&row.begin_date)?,
        end: end(&row.end_date)?,
    })
}

fn registration(row: pb::ChronicRegistration) -> Option<Registration> {
    Some(Registration { begin: parse_date(&row.begin_date)?, end: end(&row.end_date)?, code: row.dise_codg })
}

/// Empty while it lasts.
fn end(text: &str) -> Option<Option<Date>> {
    if text.is_empty() { Some(None) } else { parse_date(text).map(Some) }
}
