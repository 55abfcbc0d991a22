//! The mobile-payment centre's contract.

use liufang_platform::rpc;
use liufang_proto::hooks::v1 as pb;
use liufang_proto::hooks::v1::mobile_payment_server::MobilePayment;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;
use crate::wire::mobile;

#[async_trait::async_trait]
impl MobilePayment for Rpc {
    async fn upload_fee(
        &self,
        request: Request<pb::UploadFeeRequest>,
    ) -> Result<Response<pb::UploadFeeResponse>, Status> {
        let (claim, psn_no) = self.calls.open(request, mobile::upload)?.body;
        rpc::reply(self.app.upload_fee(claim, &psn_no).await.map(mobile::uploaded))
    }

    async fn pay_order(
        &self,
        request: Request<pb::PayOrderRequest>,
    ) -> Result<Response<pb::PayOrderResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        let paid = self.app.pay_order(&body.pay_ord_id, &body.pay_token, &body.pay_auth_no).await;
        rpc::reply(paid.map(|state| mobile::paid(body.pay_ord_id, state)))
    }

    async fn refund_order(
        &self,
        request: Request<pb::RefundOrderRequest>,
    ) -> Result<Response<pb::RefundOrderResponse>, Status> {
        let body = self.calls.open(request, mobile::refund)?.body;
        let given = self.app.refund_order(&body).await;
        rpc::reply(given.map(|given| mobile::refunded(body.pay_ord_id, given)))
    }

    async fn query_order(
        &self,
        request: Request<pb::QueryOrderRequest>,
    ) -> Result<Response<pb::QueryOrderResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        let state = self.app.query_order(&body.pay_ord_id, &body.pay_token).await;
        rpc::reply(state.map(|state| mobile::queried(body.pay_ord_id, state)))
    }

    async fn revoke_order(
        &self,
        request: Request<pb::RevokeOrderRequest>,
    ) -> Result<Response<pb::RevokeOrderResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        let revoked = self.app.revoke_order(&body.pay_ord_id, &body.pay_token).await;
        rpc::reply(revoked.map(mobile::revoked))
    }
}
