//! Whether other services still need a person.

use liufang_platform::{PeerFault, Peers};
use liufang_proto::order::v1 as order;
use liufang_proto::prescription::v1 as prescription;
use liufang_proto::settlement::v1 as settlement;
use order::person_need_service_client::PersonNeedServiceClient as Orders;
use prescription::person_need_service_client::PersonNeedServiceClient as Prescriptions;
use settlement::person_need_service_client::PersonNeedServiceClient as Settlements;
use tonic::Request;

use crate::domain::erasure::known_need;

/// The first thing that needs the person.
///
/// # Errors
/// One of them does not answer: then nobody knows, and nothing may be erased.
pub async fn needed_by(peers: &Peers, person_id: &str) -> Result<Option<&'static str>, PeerFault> {
    let ask = prescription::CheckPersonNeededRequest { person_id: person_id.to_owned() };
    let mut client = Prescriptions::new(peers.mesh("prescription"));
    let word = client.check_person_needed(Request::new(ask)).await?.into_inner().needed_by;
    if !word.is_empty() {
        return Ok(Some(known_need(&word)));
    }
    let ask = order::CheckPersonNeededRequest { person_id: person_id.to_owned() };
    let mut client = Orders::new(peers.mesh("order"));
    let word = client.check_person_needed(Request::new(ask)).await?.into_inner().needed_by;
    if !word.is_empty() {
        return Ok(Some(known_need(&word)));
    }
    // money last: an order that is open says more than its payment
    let ask = settlement::CheckPersonNeededRequest { person_id: person_id.to_owned() };
    let mut client = Settlements::new(peers.mesh("settlement"));
    let word = client.check_person_needed(Request::new(ask)).await?.into_inner().needed_by;
    Ok((!word.is_empty()).then(|| known_need(&word)))
}
