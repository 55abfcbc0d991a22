//! Calls out: agreements and prescribed days.

use std::collections::BTreeMap;

use liufang_kernel::Quantity;
use liufang_platform::{PeerFault, Peers};
use liufang_proto::identity::v1 as identity;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::prescription::v1 as prescription;
use liufang_proto::prescription::v1::prescription_service_client::PrescriptionServiceClient;
use tonic::Request;

/// Whether an institution has an active agreement on a day; an unknown institution has none.
pub async fn has_agreement(peers: &Peers, fixmedins_code: &str, day: &str) -> Result<bool, PeerFault> {
    let body =
        identity::GetInstitutionRequest { fixmedins_code: fixmedins_code.to_owned(), date: day.to_owned() };
    let mut client = InstitutionServiceClient::new(peers.mesh("identity"));
    match client.get_institution(Request::new(body)).await.map_err(PeerFault::from) {
        Ok(answer) => {
            let state = answer.into_inner().institution.map(|institution| institution.agreement_state());
            Ok(state == Some(identity::AgreementState::Active))
        }
        Err(fault) if fault.reason() == "INSTITUTION_NOT_FOUND" => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Days of supply by drug; empty when the prescription is not to be had.
pub async fn prescribed_days(peers: &Peers, hi_rxno: &str) -> Result<BTreeMap<String, i64>, PeerFault> {
    let body = prescription::GetPrescriptionRequest { hi_rxno: hi_rxno.to_owned() };
    let mut client = PrescriptionServiceClient::new(peers.mesh("prescription"));
    let answer = match client.get_prescription(Request::new(body)).await.map_err(PeerFault::from) {
        Ok(answer) => answer.into_inner(),
        Err(fault) if fault.is_refusal() => return Ok(BTreeMap::new()),
        Err(fault) => return Err(fault),
    };
    let lines = answer.prescription.map(|prescription| prescription.lines).unwrap_or_default();
    let days = lines.into_iter().filter_map(|line| {
        let days: Quantity = line.medc_days.parse().ok()?;
        Some((line.med_list_codg, days.begun()))
    });
    Ok(days.collect())
}
