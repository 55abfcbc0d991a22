//! Payments.

use liufang_platform::Call;
use liufang_platform::rpc::reply;
use liufang_proto::settlement::v1 as pb;
use pb::payment_service_server::PaymentService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl PaymentService for Rpc {
    async fn authorise(
        &self,
        request: Request<pb::AuthoriseRequest>,
    ) -> Result<Response<pb::AuthoriseResponse>, Status> {
        let call = self.calls.open(request, wire::payment::authorise)?;
        reply(self.app.authorise(call).await.map(wire::payment::authorise_reply))
    }

    async fn capture(
        &self,
        request: Request<pb::CaptureRequest>,
    ) -> Result<Response<pb::CaptureResponse>, Status> {
        let Call { meta, body } = self.calls.open(request, wire::payment::capture)?;
        let captured = match body.keep.is_empty() {
            true => self.app.capture(Call { meta, body: body.payment_id }).await,
            false => self.app.capture_less(Call { meta, body }).await,
        };
        reply(self.app.with_pay_params(captured).await.map(wire::payment::capture_reply))
    }

    async fn void(&self, request: Request<pb::VoidRequest>) -> Result<Response<pb::VoidResponse>, Status> {
        let call = self.calls.open(request, wire::payment::void)?;
        reply(self.app.void(call).await.map(wire::payment::void_reply))
    }

    async fn refund(
        &self,
        request: Request<pb::RefundRequest>,
    ) -> Result<Response<pb::RefundResponse>, Status> {
        let Call { meta, body } = self.calls.open(request, wire::refund::refund)?;
        let done = match body {
            wire::refund::Ask::Whole(body) => {
                self.app.refund(Call { meta, body }).await.map(|payment| (payment, None))
            }
            wire::refund::Ask::Part(body) => {
                self.app.refund_part(Call { meta, body }).await.map(|(payment, part)| (payment, Some(part)))
            }
        };
        reply(done.map(wire::refund::reply))
    }

    async fn get_payment(
        &self,
        request: Request<pb::GetPaymentRequest>,
    ) -> Result<Response<pb::GetPaymentResponse>, Status> {
        let call = self.calls.open(request, wire::payment::get)?;
        let found = match self.app.payment_and_parts(call).await {
            Ok((payment, parts)) => self.app.with_pay_params(Ok(payment)).await.map(|found| (found, parts)),
            Err(error) => Err(error),
        };
        reply(found.map(wire::payment::get_reply))
    }

    async fn list_stuck_payments(
        &self,
        request: Request<pb::ListStuckPaymentsRequest>,
    ) -> Result<Response<pb::ListStuckPaymentsResponse>, Status> {
        let call = self.calls.open(request, wire::stuck::list)?;
        reply(self.app.list_stuck(call).await.map(wire::stuck::list_reply))
    }

    async fn resolve_payment(
        &self,
        request: Request<pb::ResolvePaymentRequest>,
    ) -> Result<Response<pb::ResolvePaymentResponse>, Status> {
        let call = self.calls.open(request, wire::stuck::resolve)?;
        reply(self.app.resolve(call).await.map(wire::stuck::resolve_reply))
    }

    async fn notify_payment(
        &self,
        request: Request<pb::NotifyPaymentRequest>,
    ) -> Result<Response<pb::NotifyPaymentResponse>, Status> {
        let call = self.calls.open(request, wire::payment::notify)?;
        reply(self.app.notify(call).await.map(wire::payment::notify_reply))
    }

    async fn notify_order(
        &self,
        request: Request<pb::NotifyOrderRequest>,
    ) -> Result<Response<pb::NotifyOrderResponse>, Status> {
        let call = self.calls.open(request, wire::payment::notify_order)?;
        reply(self.app.notify_order(call).await.map(wire::payment::notify_order_reply))
    }
}
