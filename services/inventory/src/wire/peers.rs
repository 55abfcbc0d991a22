//! What inventory asks of identity and prescription.

use liufang_kernel::{Quantity, UnitPrice};
use liufang_platform::{PeerFault, Peers};
use liufang_proto::common::v1::PageRequest;
use liufang_proto::identity::v1 as identity;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::prescription::v1 as prescription;
use liufang_proto::prescription::v1::prescription_service_client::PrescriptionServiceClient;
use tonic::Request;

use crate::domain::geo::Point;
use crate::domain::offer::{Institution, Need};
use crate::error::InventoryError;

/// The peers, as this service knows them.
#[derive(Clone)]
pub struct Neighbours {
    peers: Peers,
}

/// A prescription, as far as filling it goes.
#[derive(Clone, Debug)]
pub struct Prescription {
    pub person_id: String,
    /// The hospital.
    pub fixmedins_code: String,
    pub active: bool,
    /// Lines that are still open, with what is left of them.
    pub needs: Vec<Need>,
}

impl Neighbours {
    pub fn new(peers: Peers) -> Neighbours {
        Neighbours { peers }
    }

    /// One institution with its agreement of today.
    pub async fn institution(&self, code: &str) -> Result<Institution, InventoryError> {
        let mut client = InstitutionServiceClient::new(self.peers.mesh("identity"));
        let request =
            identity::GetInstitutionRequest { fixmedins_code: code.to_owned(), date: String::new() };
        let reply = client.get_institution(Request::new(request)).await.map_err(PeerFault::from)?;
        let found = reply.into_inner().institution.ok_or(InventoryError::Corrupt("institution"))?;
        Ok(institution(found))
    }

    /// Pharmacies of a region with a capability and an active agreement today.
    pub async fn pharmacies(
        &self,
        region: &str,
        capability: &str,
    ) -> Result<Vec<Institution>, InventoryError> {
        let mut client = InstitutionServiceClient::new(self.peers.mesh("identity"));
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = identity::ListInstitutionsRequest {
                region: region.to_owned(),
                kind: identity::InstitutionKind::Pharmacy.into(),
                capability: capability.to_owned(),
                date: String::new(),
                include_inactive: false,
                page: Some(PageRequest { page_size: 200, page_token }),
            };
            let reply = client.list_institutions(Request::new(request)).await.map_err(PeerFault::from)?;
            let reply = reply.into_inner();
            found.extend(reply.institutions.into_iter().map(institution));
            if reply.next_page_token.is_empty() {
                return Ok(found);
            }
            page_token = reply.next_page_token;
        }
    }

    /// A prescription; whose it is is for the caller to check.
    pub async fn prescription(&self, hi_rxno: &str) -> Result<Prescription, InventoryError> {
        let mut client = PrescriptionServiceClient::new(self.peers.mesh("prescription"));
        let request = prescription::GetPrescriptionRequest { hi_rxno: hi_rxno.to_owned() };
        let reply = client.get_prescription(Request::new(request)).await.map_err(PeerFault::from)?;
        let found = reply.into_inner().prescription.ok_or(InventoryError::Corrupt("prescription"))?;
        let active = found.state() == prescription::PrescriptionState::Active;
        let needs: Result<Vec<Option<Need>>, InventoryError> = found.lines.iter().map(need).collect();
        Ok(Prescription {
            person_id: found.person_id,
            fixmedins_code: found.fixmedins_code,
            active,
            needs: needs?.into_iter().flatten().collect(),
        })
    }
}

/// What is left of a line; `None` when nothing is.
fn need(line: &prescription::RxLine) -> Result<Option<Need>, InventoryError> {
    let corrupt = || InventoryError::Corrupt("prescription line");
    let quantity: Quantity = line.drug_cnt.parse().map_err(|_| corrupt())?;
    let dispensed = if line.dispensed_cnt.is_empty() { "0" } else { &line.dispensed_cnt };
    let dispensed: Quantity = dispensed.parse().map_err(|_| corrupt())?;
    let hospital_price: UnitPrice = line.drug_pric.parse().map_err(|_| corrupt())?;
    let days = if line.medc_days.is_empty() { "0" } else { &line.medc_days };
    let days: Quantity = days.parse().map_err(|_| corrupt())?;
    let use_days = u16::try_from(days.begun()).map_err(|_| corrupt())?;
    let left = quantity - dispensed;
    let need = Need {
        line_no: line.line_no,
        med_list_codg: line.med_list_codg.clone(),
        quantity: left,
        hospital_price,
        use_days,
    };
    Ok((!line.taken && left.is_positive()).then_some(need))
}

fn institution(found: identity::Institution) -> Institution {
    let active = found.agreement_state() == identity::AgreementState::Active;
    Institution {
        location: found.location.and_then(|point| Point::new(point.lat_e6, point.lng_e6)),
        fixmedins_code: found.fixmedins_code,
        fixmedins_name: found.fixmedins_name,
        region: found.region,
        active,
    }
}
