//! `PrescribingService`: parse → app → render.

use liufang_platform::rpc::{self, Calls};
use liufang_proto::prescription::v1 as pb;
use pb::prescribing_service_server::PrescribingService;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::wire::{notice, prescribing, render};

/// Answers `PrescribingService`.
#[derive(Clone)]
pub struct Prescribing {
    pub app: App,
    pub calls: Calls,
}

#[tonic::async_trait]
impl PrescribingService for Prescribing {
    async fn pre_verify(
        &self,
        request: Request<pb::PreVerifyRequest>,
    ) -> Result<Response<pb::PreVerifyResponse>, Status> {
        let call = self.calls.open(request, prescribing::pre_verify)?;
        rpc::reply(self.app.pre_verify(call).await)
    }

    async fn list_rules(
        &self,
        request: Request<pb::ListRulesRequest>,
    ) -> Result<Response<pb::ListRulesResponse>, Status> {
        self.calls.open(request, prescribing::list_rules)?;
        Ok(Response::new(render::rules()))
    }

    async fn review_draft(
        &self,
        request: Request<pb::ReviewDraftRequest>,
    ) -> Result<Response<pb::ReviewDraftResponse>, Status> {
        let call = self.calls.open(request, prescribing::review_draft)?;
        rpc::reply(self.app.review_draft(call).await)
    }

    async fn get_signing_document(
        &self,
        request: Request<pb::GetSigningDocumentRequest>,
    ) -> Result<Response<pb::GetSigningDocumentResponse>, Status> {
        let call = self.calls.open(request, prescribing::get_signing_document)?;
        rpc::reply(self.app.get_signing_document(call).await)
    }

    async fn upload(
        &self,
        request: Request<pb::UploadRequest>,
    ) -> Result<Response<pb::UploadResponse>, Status> {
        let call = self.calls.open(request, prescribing::upload)?;
        rpc::reply(self.app.upload(call).await)
    }

    async fn revoke(
        &self,
        request: Request<pb::RevokeRequest>,
    ) -> Result<Response<pb::RevokeResponse>, Status> {
        let call = self.calls.open(request, prescribing::revoke)?;
        rpc::reply(self.app.revoke(call).await)
    }

    async fn get_signed_document(
        &self,
        request: Request<pb::GetSignedDocumentRequest>,
    ) -> Result<Response<pb::GetSignedDocumentResponse>, Status> {
        let call = self.calls.open(request, prescribing::get_signed_document)?;
        rpc::reply(self.app.get_signed_document(call).await)
    }

    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        let call = self.calls.open(request, notice::list_notices)?;
        rpc::reply(self.app.list_notices(call).await)
    }

    async fn redeliver_notices(
        &self,
        request: Request<pb::RedeliverNoticesRequest>,
    ) -> Result<Response<pb::RedeliverNoticesResponse>, Status> {
        let call = self.calls.open(request, notice::redeliver)?;
        rpc::reply(self.app.redeliver(call).await)
    }
}
