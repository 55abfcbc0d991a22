//! Two-phase stock over gRPC.

use liufang_platform::rpc;
use liufang_proto::inventory::v1 as pb;
use liufang_proto::inventory::v1::reservation_service_server::ReservationService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::reservation;

#[tonic::async_trait]
impl ReservationService for Rpc {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        let call = self.calls.open(request, reservation::reserve)?;
        rpc::reply(self.app.reserve(call).await)
    }

    async fn release(
        &self,
        request: Request<pb::ReleaseRequest>,
    ) -> Result<Response<pb::ReleaseResponse>, Status> {
        let call = self.calls.open(request, reservation::release)?;
        rpc::reply(self.app.release(call).await)
    }

    async fn commit(
        &self,
        request: Request<pb::CommitRequest>,
    ) -> Result<Response<pb::CommitResponse>, Status> {
        let call = self.calls.open(request, reservation::commit)?;
        rpc::reply(self.app.commit(call).await)
    }

    async fn extend(
        &self,
        request: Request<pb::ExtendRequest>,
    ) -> Result<Response<pb::ExtendResponse>, Status> {
        let call = self.calls.open(request, reservation::extend)?;
        rpc::reply(self.app.extend(call).await)
    }

    async fn return_sale(
        &self,
        request: Request<pb::ReturnSaleRequest>,
    ) -> Result<Response<pb::ReturnSaleResponse>, Status> {
        let call = self.calls.open(request, reservation::return_sale)?;
        rpc::reply(self.app.return_sale(call).await)
    }
}
