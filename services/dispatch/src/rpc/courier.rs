//! `CourierService`.

use liufang_platform::rpc;
use liufang_proto::dispatch::v1 as pb;
use liufang_proto::dispatch::v1::courier_service_server::CourierService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl CourierService for Rpc {
    async fn start_shift(
        &self,
        request: Request<pb::StartShiftRequest>,
    ) -> Result<Response<pb::StartShiftResponse>, Status> {
        let call = self.calls.open(request, wire::start_shift)?;
        rpc::reply(self.app.start_shift(call).await.map(|()| pb::StartShiftResponse {}))
    }

    async fn end_shift(
        &self,
        request: Request<pb::EndShiftRequest>,
    ) -> Result<Response<pb::EndShiftResponse>, Status> {
        let call = self.calls.open(request, |_: pb::EndShiftRequest, _| Ok(()))?;
        rpc::reply(self.app.end_shift(call).await.map(|()| pb::EndShiftResponse {}))
    }

    async fn report_position(
        &self,
        request: Request<pb::ReportPositionRequest>,
    ) -> Result<Response<pb::ReportPositionResponse>, Status> {
        let call = self.calls.open(request, wire::report_position)?;
        rpc::reply(self.app.report_position(call).await.map(|()| pb::ReportPositionResponse {}))
    }

    async fn list_assignments(
        &self,
        request: Request<pb::ListAssignmentsRequest>,
    ) -> Result<Response<pb::ListAssignmentsResponse>, Status> {
        let call = self.calls.open(request, |_: pb::ListAssignmentsRequest, _| Ok(()))?;
        let views = self.app.list_assignments(call).await;
        rpc::reply(views.map(|views| pb::ListAssignmentsResponse {
            deliveries: views.into_iter().map(pb::Delivery::from).collect(),
        }))
    }

    async fn confirm_pick_up(
        &self,
        request: Request<pb::ConfirmPickUpRequest>,
    ) -> Result<Response<pb::ConfirmPickUpResponse>, Status> {
        let call = self.calls.open(request, wire::confirm_pick_up)?;
        let view = self.app.confirm_pick_up(call).await;
        rpc::reply(view.map(|view| pb::ConfirmPickUpResponse { delivery: Some(view.into()) }))
    }

    async fn confirm_delivery(
        &self,
        request: Request<pb::ConfirmDeliveryRequest>,
    ) -> Result<Response<pb::ConfirmDeliveryResponse>, Status> {
        let call = self.calls.open(request, wire::confirm_delivery)?;
        let view = self.app.confirm_delivery(call).await;
        rpc::reply(view.map(|view| pb::ConfirmDeliveryResponse { delivery: Some(view.into()) }))
    }

    async fn report_failed_attempt(
        &self,
        request: Request<pb::ReportFailedAttemptRequest>,
    ) -> Result<Response<pb::ReportFailedAttemptResponse>, Status> {
        let call = self.calls.open(request, wire::failed_attempt)?;
        let view = self.app.report_failed_attempt(call).await;
        rpc::reply(view.map(|view| pb::ReportFailedAttemptResponse { delivery: Some(view.into()) }))
    }

    async fn confirm_return(
        &self,
        request: Request<pb::ConfirmReturnRequest>,
    ) -> Result<Response<pb::ConfirmReturnResponse>, Status> {
        let call = self.calls.open(request, wire::confirm_return)?;
        let view = self.app.confirm_return(call).await;
        rpc::reply(view.map(|view| pb::ConfirmReturnResponse { delivery: Some(view.into()) }))
    }

    async fn log_temperature(
        &self,
        request: Request<pb::LogTemperatureRequest>,
    ) -> Result<Response<pb::LogTemperatureResponse>, Status> {
        let call = self.calls.open(request, wire::log_temperature)?;
        let in_range = self.app.log_temperature(call).await;
        rpc::reply(in_range.map(|in_range| pb::LogTemperatureResponse { in_range }))
    }
}
