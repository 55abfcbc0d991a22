//! `GuardianService`: parse, use case, render.

use liufang_platform::rpc;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::guardian_service_server::GuardianService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::guardian;

#[async_trait::async_trait]
impl GuardianService for Rpc {
    async fn import_guardians(
        &self,
        request: Request<pb::ImportGuardiansRequest>,
    ) -> Result<Response<pb::ImportGuardiansResponse>, Status> {
        let call = self.calls.open(request, guardian::import)?;
        rpc::reply(self.app.import_guardians(call).await)
    }

    async fn file_guardian(
        &self,
        request: Request<pb::FileGuardianRequest>,
    ) -> Result<Response<pb::FileGuardianResponse>, Status> {
        let call = self.calls.open(request, guardian::file)?;
        rpc::reply(self.app.file_guardian(call).await)
    }

    async fn list_guardian_filings(
        &self,
        request: Request<pb::ListGuardianFilingsRequest>,
    ) -> Result<Response<pb::ListGuardianFilingsResponse>, Status> {
        let call = self.calls.open(request, guardian::filings)?;
        rpc::reply(self.app.list_guardian_filings(call).await)
    }

    async fn decide_guardian(
        &self,
        request: Request<pb::DecideGuardianRequest>,
    ) -> Result<Response<pb::DecideGuardianResponse>, Status> {
        let call = self.calls.open(request, guardian::decide)?;
        rpc::reply(self.app.decide_guardian(call).await)
    }

    async fn end_guardian(
        &self,
        request: Request<pb::EndGuardianRequest>,
    ) -> Result<Response<pb::EndGuardianResponse>, Status> {
        let call = self.calls.open(request, guardian::end)?;
        rpc::reply(self.app.end_guardian(call).await)
    }

    async fn list_guardians(
        &self,
        request: Request<pb::ListGuardiansRequest>,
    ) -> Result<Response<pb::ListGuardiansResponse>, Status> {
        let call = self.calls.open(request, guardian::list)?;
        rpc::reply(self.app.list_guardians(call).await)
    }

    async fn act_for_child(
        &self,
        request: Request<pb::ActForChildRequest>,
    ) -> Result<Response<pb::ActForChildResponse>, Status> {
        let call = self.calls.open(request, guardian::act)?;
        rpc::reply(self.app.act_for_child(call).await)
    }

    async fn check_acting(
        &self,
        request: Request<pb::CheckActingRequest>,
    ) -> Result<Response<pb::CheckActingResponse>, Status> {
        let call = self.calls.open(request, guardian::check)?;
        rpc::reply(self.app.check_acting(call).await)
    }
}
