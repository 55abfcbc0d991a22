//! `PersonNeedService`: parse → app → render.

use liufang_platform::rpc::{self, Calls};
use liufang_proto::prescription::v1 as pb;
use pb::person_need_service_server::PersonNeedService;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::wire;

/// Answers `PersonNeedService`.
#[derive(Clone)]
pub struct Persons {
    pub app: App,
    pub calls: Calls,
}

#[tonic::async_trait]
impl PersonNeedService for Persons {
    async fn check_person_needed(
        &self,
        request: Request<pb::CheckPersonNeededRequest>,
    ) -> Result<Response<pb::CheckPersonNeededResponse>, Status> {
        let call = self.calls.open(request, wire::person_needed)?;
        let needed_by = self.app.check_person_needed(call).await;
        rpc::reply(needed_by.map(|word| pb::CheckPersonNeededResponse { needed_by: word.to_owned() }))
    }
}
