//! Persons, institutions, practitioners.

use liufang_kernel::Timestamp;
use liufang_kernel::timestamp::date_text;
use liufang_platform::{PeerFault, outgoing};
use liufang_proto::identity::v1 as pb;
use pb::institution_service_client::InstitutionServiceClient;
use pb::person_service_client::PersonServiceClient;
use tonic::Request;

use super::Peers;
use super::numbers::present;
use crate::error::OrderError;

/// What an order needs of an institution, on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    pub region: String,
    pub is_hospital: bool,
    /// The designation agreement is active.
    pub designated: bool,
    pub capabilities: Vec<String>,
}

impl Peers {
    /// Whether the person's real-name verification is complete.
    pub async fn is_verified(&self, person_id: &str) -> Result<bool, OrderError> {
        let request = pb::GetPersonForServiceRequest {
            person_id: person_id.to_owned(),
            purpose: "order".to_owned(),
            with_contact: false,
            access_purpose: pb::AccessPurpose::Order.into(),
        };
        let mut client = PersonServiceClient::new(self.identity());
        let answer = client.get_person_for_service(Request::new(request)).await.map_err(PeerFault::from)?;
        Ok(present(answer.into_inner().person)?.verified)
    }

    /// An institution as it stands today.
    pub async fn institution(&self, code: &str, now: Timestamp) -> Result<Institution, OrderError> {
        let request =
            pb::GetInstitutionRequest { fixmedins_code: code.to_owned(), date: date_text(now.china_date()) };
        let mut client = InstitutionServiceClient::new(self.identity());
        let answer = client.get_institution(Request::new(request)).await.map_err(PeerFault::from)?;
        let found = present(answer.into_inner().institution)?;
        Ok(Institution {
            is_hospital: found.kind() == pb::InstitutionKind::Hospital,
            designated: found.agreement_state() == pb::AgreementState::Active,
            region: found.region,
            capabilities: found.capabilities,
        })
    }

    /// Who stood at the counter of `institution`; the proof is spent.
    pub async fn redeem_presence(
        &self,
        token: &str,
        institution: &str,
        key: String,
    ) -> Result<String, OrderError> {
        let request = pb::RedeemPresenceRequest {
            presence_token: token.to_owned(),
            fixmedins_code: institution.to_owned(),
        };
        let mut client = PersonServiceClient::new(self.identity());
        let answer = client.redeem_presence(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(answer.into_inner().person_id)
    }

    /// Whether a practitioner is an active pharmacist of the institution.
    pub async fn is_pharmacist(&self, code: &str, institution: &str) -> Result<bool, OrderError> {
        let request = pb::GetPractitionerRequest { practitioner_code: code.to_owned() };
        let mut client = InstitutionServiceClient::new(self.identity());
        let answer = client.get_practitioner(Request::new(request)).await.map_err(PeerFault::from)?;
        let found = present(answer.into_inner().practitioner)?;
        let pharmacist = matches!(
            found.kind(),
            pb::PractitionerKind::HospitalPharmacist | pb::PractitionerKind::RetailPharmacist
        );
        Ok(pharmacist && found.active && found.fixmedins_code == institution)
    }

    /// Refuses with the identity service's reason when a relative's account may not be used.
    pub async fn check_mutual_aid(
        &self,
        person_id: &str,
        holders: &[String],
        region: &str,
        now: Timestamp,
    ) -> Result<(), OrderError> {
        if holders.is_empty() {
            return Ok(());
        }
        let request = pb::CheckMutualAidRequest {
            beneficiary_person_id: person_id.to_owned(),
            holder_person_ids: holders.to_vec(),
            date: date_text(now.china_date()),
            region: region.to_owned(),
        };
        let mut client = PersonServiceClient::new(self.identity());
        client.check_mutual_aid(Request::new(request)).await.map_err(PeerFault::from)?;
        Ok(())
    }
}
