//! `SupervisionService`.

use liufang_platform::rpc::{self, Calls};
use liufang_proto::supervision::v1 as pb;
use liufang_proto::supervision::v1::supervision_service_server::SupervisionService;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::wire;

/// Serves the contract.
#[derive(Clone)]
pub struct Rpc {
    pub calls: Calls,
    pub app: App,
}

#[async_trait::async_trait]
impl SupervisionService for Rpc {
    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let call = self.calls.open(request, wire::list_cases)?;
        rpc::reply(self.app.list_cases(call).await)
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::GetCaseResponse>, Status> {
        let call = self.calls.open(request, |body, _| wire::case_id(&body.case_id))?;
        let case = self.app.get_case(call).await;
        rpc::reply(case.map(|case| pb::GetCaseResponse { case: Some(case.into()) }))
    }

    async fn start_inspection(
        &self,
        request: Request<pb::StartInspectionRequest>,
    ) -> Result<Response<pb::StartInspectionResponse>, Status> {
        let call = self.calls.open(request, |body, _| wire::case_id(&body.case_id))?;
        let case = self.app.start_inspection(call).await;
        rpc::reply(case.map(|case| pb::StartInspectionResponse { case: Some(case.into()) }))
    }

    async fn close_case(
        &self,
        request: Request<pb::CloseCaseRequest>,
    ) -> Result<Response<pb::CloseCaseResponse>, Status> {
        let call = self.calls.open(request, wire::close_case)?;
        let case = self.app.close_case(call).await;
        rpc::reply(case.map(|case| pb::CloseCaseResponse { case: Some(case.into()) }))
    }

    async fn get_fund_view(
        &self,
        request: Request<pb::GetFundViewRequest>,
    ) -> Result<Response<pb::GetFundViewResponse>, Status> {
        let call = self.calls.open(request, wire::fund_view)?;
        rpc::reply(self.app.fund_view(call).await.map(wire::fund_rows))
    }
}
