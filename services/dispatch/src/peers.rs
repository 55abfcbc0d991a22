//! Calls out: where an institution is, and the outside courier company.

use liufang_platform::{PeerFault, Peers, outgoing};
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::hooks::v1::courier_hook_client::CourierHookClient;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use tonic::Request;

use crate::domain::geo::Point;
use crate::domain::outside::News;

/// Where goods are picked up.
pub async fn institution_location(peers: &Peers, fixmedins_code: &str) -> Result<Point, PeerFault> {
    let body = pb::GetInstitutionRequest { fixmedins_code: fixmedins_code.to_owned(), ..Default::default() };
    let mut identity = InstitutionServiceClient::new(peers.mesh("identity"));
    let answer = identity.get_institution(Request::new(body)).await.map_err(PeerFault::from)?;
    let location = answer.into_inner().institution.and_then(|institution| institution.location);
    Ok(location.map_or(Point::default(), |point| Point { lat_e6: point.lat_e6, lng_e6: point.lng_e6 }))
}

/// A job for the company.
pub struct Job<'a> {
    pub delivery_id: &'a str,
    pub from: Point,
    pub to: Point,
    pub recipient_phone: &'a str,
    pub cold_chain: bool,
}

/// Orders a job, once per delivery. `None`: the company does not take it.
pub async fn create_job(peers: &Peers, job: Job<'_>) -> Result<Option<String>, PeerFault> {
    let geo = |point: Point| Some(GeoPoint { lat_e6: point.lat_e6, lng_e6: point.lng_e6 });
    let body = hooks::CreateJobRequest {
        delivery_id: job.delivery_id.to_owned(),
        from: geo(job.from),
        to: geo(job.to),
        recipient_phone: job.recipient_phone.to_owned(),
        cold_chain: job.cold_chain,
    };
    let request = outgoing::keyed(body, format!("{}:outside", job.delivery_id));
    let answer = company(peers).create_job(request).await.map_err(PeerFault::from)?.into_inner();
    Ok(answer.accepted.then_some(answer.job_no))
}

/// How the job stands; `None` when the company's word is not understood.
pub async fn query_job(peers: &Peers, delivery_id: &str) -> Result<Option<News>, PeerFault> {
    let body = hooks::QueryJobRequest { delivery_id: delivery_id.to_owned() };
    let answer = company(peers).query_job(Request::new(body)).await.map_err(PeerFault::from)?;
    Ok(News::from_word(&answer.into_inner().state))
}

/// Calls a job off; false once picked up, or when there is none.
pub async fn cancel_job(peers: &Peers, delivery_id: &str) -> Result<bool, PeerFault> {
    let body = hooks::CancelJobRequest { delivery_id: delivery_id.to_owned() };
    let request = outgoing::keyed(body, format!("{delivery_id}:outside:cancel"));
    let answer = company(peers).cancel_job(request).await.map_err(PeerFault::from)?;
    Ok(answer.into_inner().cancelled)
}

fn company(peers: &Peers) -> CourierHookClient<liufang_platform::Mesh> {
    CourierHookClient::new(peers.mesh("hook.courier"))
}
