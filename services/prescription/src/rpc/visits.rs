//! `VisitService`: parse → app → render.

use liufang_platform::rpc::{self, Calls};
use liufang_proto::prescription::v1 as pb;
use pb::visit_service_server::VisitService;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::wire::visits;

/// Answers `VisitService`.
#[derive(Clone)]
pub struct Visits {
    pub app: App,
    pub calls: Calls,
}

#[tonic::async_trait]
impl VisitService for Visits {
    async fn publish_slots(
        &self,
        request: Request<pb::PublishSlotsRequest>,
    ) -> Result<Response<pb::PublishSlotsResponse>, Status> {
        let call = self.calls.open(request, visits::publish_slots)?;
        rpc::reply(self.app.publish_slots(call).await)
    }

    async fn list_slots(
        &self,
        request: Request<pb::ListSlotsRequest>,
    ) -> Result<Response<pb::ListSlotsResponse>, Status> {
        let call = self.calls.open(request, visits::list_slots)?;
        rpc::reply(self.app.list_slots(call).await)
    }

    async fn book_visit(
        &self,
        request: Request<pb::BookVisitRequest>,
    ) -> Result<Response<pb::BookVisitResponse>, Status> {
        let call = self.calls.open(request, visits::book_visit)?;
        rpc::reply(self.app.book_visit(call).await)
    }

    async fn cancel_visit(
        &self,
        request: Request<pb::CancelVisitRequest>,
    ) -> Result<Response<pb::CancelVisitResponse>, Status> {
        let call = self.calls.open(request, visits::cancel_visit)?;
        rpc::reply(self.app.cancel_visit(call).await)
    }

    async fn list_my_visits(
        &self,
        request: Request<pb::ListMyVisitsRequest>,
    ) -> Result<Response<pb::ListMyVisitsResponse>, Status> {
        let call = self.calls.open(request, visits::list_my_visits)?;
        rpc::reply(self.app.list_my_visits(call).await)
    }

    async fn get_visit(
        &self,
        request: Request<pb::GetVisitRequest>,
    ) -> Result<Response<pb::GetVisitResponse>, Status> {
        let call = self.calls.open(request, visits::get_visit)?;
        rpc::reply(self.app.get_visit(call).await)
    }

    async fn mark_visit_paid(
        &self,
        request: Request<pb::MarkVisitPaidRequest>,
    ) -> Result<Response<pb::MarkVisitPaidResponse>, Status> {
        let call = self.calls.open(request, visits::mark_visit_paid)?;
        rpc::reply(self.app.mark_visit_paid(call).await)
    }

    async fn release_visit(
        &self,
        request: Request<pb::ReleaseVisitRequest>,
    ) -> Result<Response<pb::ReleaseVisitResponse>, Status> {
        let call = self.calls.open(request, visits::release_visit)?;
        rpc::reply(self.app.release_visit(call).await)
    }

    async fn list_queue(
        &self,
        request: Request<pb::ListQueueRequest>,
    ) -> Result<Response<pb::ListQueueResponse>, Status> {
        let call = self.calls.open(request, visits::list_queue)?;
        rpc::reply(self.app.list_queue(call).await)
    }

    async fn take_visit(
        &self,
        request: Request<pb::TakeVisitRequest>,
    ) -> Result<Response<pb::TakeVisitResponse>, Status> {
        let call = self.calls.open(request, visits::take_visit)?;
        rpc::reply(self.app.take_visit(call).await)
    }

    async fn record_consultation(
        &self,
        request: Request<pb::RecordConsultationRequest>,
    ) -> Result<Response<pb::RecordConsultationResponse>, Status> {
        let call = self.calls.open(request, visits::record_consultation)?;
        rpc::reply(self.app.record_consultation(call).await)
    }
}
