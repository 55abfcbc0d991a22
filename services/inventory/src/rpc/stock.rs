//! The stock ledger over gRPC.

use liufang_platform::rpc;
use liufang_proto::inventory::v1 as pb;
use liufang_proto::inventory::v1::stock_service_server::StockService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::render::Levels;
use crate::wire::stock;

#[tonic::async_trait]
impl StockService for Rpc {
    async fn record_movements(
        &self,
        request: Request<pb::RecordMovementsRequest>,
    ) -> Result<Response<pb::RecordMovementsResponse>, Status> {
        let call = self.calls.open(request, stock::record_movements)?;
        rpc::reply(self.app.record_movements(call).await)
    }

    async fn get_stock(
        &self,
        request: Request<pb::GetStockRequest>,
    ) -> Result<Response<pb::GetStockResponse>, Status> {
        let call = self.calls.open(request, stock::get_stock)?;
        rpc::reply(self.app.get_stock(call).await.map(Levels))
    }

    async fn list_movements(
        &self,
        request: Request<pb::ListMovementsRequest>,
    ) -> Result<Response<pb::ListMovementsResponse>, Status> {
        let call = self.calls.open(request, stock::list_movements)?;
        rpc::reply(self.app.list_movements(call).await)
    }

    async fn set_lot_state(
        &self,
        request: Request<pb::SetLotStateRequest>,
    ) -> Result<Response<pb::SetLotStateResponse>, Status> {
        let call = self.calls.open(request, stock::set_lot_state)?;
        rpc::reply(self.app.set_lot_state(call).await)
    }

    async fn get_trace_code(
        &self,
        request: Request<pb::GetTraceCodeRequest>,
    ) -> Result<Response<pb::GetTraceCodeResponse>, Status> {
        let call = self.calls.open(request, stock::get_trace_code)?;
        rpc::reply(self.app.get_trace_code(call).await)
    }
}
