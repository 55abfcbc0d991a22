//! `PersonNeedService`: parse → app → render.

use liufang_platform::rpc::reply;
use liufang_proto::settlement::v1 as pb;
use pb::person_need_service_server::PersonNeedService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl PersonNeedService for Rpc {
    async fn check_person_needed(
        &self,
        request: Request<pb::CheckPersonNeededRequest>,
    ) -> Result<Response<pb::CheckPersonNeededResponse>, Status> {
        let call = self.calls.open(request, wire::person_needed)?;
        let needed_by = self.app.check_person_needed(call).await;
        reply(needed_by.map(|word| pb::CheckPersonNeededResponse { needed_by: word.to_owned() }))
    }
}
