//! The hook contract.

use liufang_platform::rpc::{self, Calls};
use liufang_proto::hooks::v1 as pb;
use pb::payment_channel_server::PaymentChannel;
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
impl PaymentChannel for Rpc {
    async fn create_payment(
        &self,
        request: Request<pb::CreatePaymentRequest>,
    ) -> Result<Response<pb::CreatePaymentResponse>, Status> {
        let body = self.calls.open(request, wire::create)?.body;
        rpc::reply(self.app.create(body).await.map(wire::created))
    }

    async fn query_payment(
        &self,
        request: Request<pb::QueryPaymentRequest>,
    ) -> Result<Response<pb::QueryPaymentResponse>, Status> {
        let body = self.calls.open(request, wire::query)?.body;
        rpc::reply(self.app.query(body).await.map(wire::queried))
    }

    async fn close_payment(
        &self,
        request: Request<pb::ClosePaymentRequest>,
    ) -> Result<Response<pb::ClosePaymentResponse>, Status> {
        let body = self.calls.open(request, wire::close)?.body;
        rpc::reply(self.app.close(body).await.map(wire::closed))
    }

    async fn refund_payment(
        &self,
        request: Request<pb::RefundPaymentRequest>,
    ) -> Result<Response<pb::RefundPaymentResponse>, Status> {
        let body = self.calls.open(request, wire::refund)?.body;
        rpc::reply(self.app.refund(body).await.map(wire::refunded))
    }

    async fn query_refund(
        &self,
        request: Request<pb::QueryRefundRequest>,
    ) -> Result<Response<pb::QueryRefundResponse>, Status> {
        let body = self.calls.open(request, wire::query_refund)?.body;
        rpc::reply(self.app.query_refund(body).await.map(wire::refund_queried))
    }

    async fn fetch_statement(
        &self,
        request: Request<pb::FetchStatementRequest>,
    ) -> Result<Response<pb::FetchStatementResponse>, Status> {
        let body = self.calls.open(request, wire::bill)?.body;
        rpc::reply(self.app.bill(body).await.map(wire::billed))
    }
}
