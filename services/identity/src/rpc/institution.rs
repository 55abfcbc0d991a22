//! `InstitutionService`: parse, use case, render.

use liufang_platform::rpc;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::institution_service_server::InstitutionService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::{institution, practitioner};

#[async_trait::async_trait]
impl InstitutionService for Rpc {
    async fn import_institutions(
        &self,
        request: Request<pb::ImportInstitutionsRequest>,
    ) -> Result<Response<pb::ImportInstitutionsResponse>, Status> {
        let call = self.calls.open(request, institution::import)?;
        rpc::reply(self.app.import_institutions(call).await)
    }

    async fn import_agreement_notice(
        &self,
        request: Request<pb::ImportAgreementNoticeRequest>,
    ) -> Result<Response<pb::ImportAgreementNoticeResponse>, Status> {
        let call = self.calls.open(request, institution::notice)?;
        rpc::reply(self.app.import_agreement_notice(call).await)
    }

    async fn get_institution(
        &self,
        request: Request<pb::GetInstitutionRequest>,
    ) -> Result<Response<pb::GetInstitutionResponse>, Status> {
        let call = self.calls.open(request, institution::get)?;
        rpc::reply(self.app.get_institution(call).await)
    }

    async fn list_institutions(
        &self,
        request: Request<pb::ListInstitutionsRequest>,
    ) -> Result<Response<pb::ListInstitutionsResponse>, Status> {
        let call = self.calls.open(request, institution::list)?;
        rpc::reply(self.app.list_institutions(call).await)
    }

    async fn import_practitioners(
        &self,
        request: Request<pb::ImportPractitionersRequest>,
    ) -> Result<Response<pb::ImportPractitionersResponse>, Status> {
        let call = self.calls.open(request, practitioner::import)?;
        rpc::reply(self.app.import_practitioners(call).await)
    }

    async fn get_practitioner(
        &self,
        request: Request<pb::GetPractitionerRequest>,
    ) -> Result<Response<pb::GetPractitionerResponse>, Status> {
        let call = self.calls.open(request, practitioner::get)?;
        rpc::reply(self.app.get_practitioner(call).await)
    }

    async fn list_practitioners(
        &self,
        request: Request<pb::ListPractitionersRequest>,
    ) -> Result<Response<pb::ListPractitionersResponse>, Status> {
        let call = self.calls.open(request, practitioner::list)?;
        rpc::reply(self.app.list_practitioners(call).await)
    }
}
