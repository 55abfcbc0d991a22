//! Calls out: where an institution is.

use liufang_platform::{PeerFault, Peers};
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;

use crate::domain::geo::Point;

/// Where goods are picked up.
pub async fn institution_location(peers: &Peers, fixmedins_code: &str) -> Result<Point, PeerFault> {
    let body = pb::GetInstitutionRequest { fixmedins_code: fixmedins_code.to_owned(), ..Default::default() };
    let mut identity = InstitutionServiceClient::new(peers.mesh("identity"));
    let answer = identity.get_institution(tonic::Request::new(body)).await.map_err(PeerFault::from)?;
    let location = answer.into_inner().institution.and_then(|institution| institution.location);
    Ok(location.map_or(Point::default(), |point| Point { lat_e6: point.lat_e6, lng_e6: point.lng_e6 }))
}
