//! The hook contracts, as outside parties would serve them.

use liufang_platform::rpc;
use liufang_proto::hooks::v1 as pb;
use liufang_proto::hooks::v1::courier_hook_server::CourierHook;
use liufang_proto::hooks::v1::hospital_hook_server::HospitalHook;
use liufang_proto::hooks::v1::insurer_hook_server::InsurerHook;
use liufang_proto::hooks::v1::payment_channel_server::PaymentChannel;
use liufang_proto::hooks::v1::verification_hook_server::VerificationHook;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;
use crate::wire::{hospital, insurer, verification};

#[async_trait::async_trait]
impl VerificationHook for Rpc {
    async fn check_identity(
        &self,
        request: Request<pb::CheckIdentityRequest>,
    ) -> Result<Response<pb::CheckIdentityResponse>, Status> {
        let body = self.calls.open(request, verification::identity)?.body;
        let checked = self.app.check_identity(&body.certno, &body.request_id).await;
        rpc::reply(checked.map(|checked| pb::CheckIdentityResponse { outcome: wire::outcome(checked) }))
    }

    async fn send_message(
        &self,
        request: Request<pb::SendMessageRequest>,
    ) -> Result<Response<pb::SendMessageResponse>, Status> {
        let body = self.calls.open(request, wire::send_message)?.body;
        let sent = self.app.send_message(body).await;
        rpc::reply(sent.map(|sent| pb::SendMessageResponse { outcome: wire::outcome(sent) }))
    }

    async fn check_carrier(
        &self,
        request: Request<pb::CheckCarrierRequest>,
    ) -> Result<Response<pb::CheckCarrierResponse>, Status> {
        let body = self.calls.open(request, verification::carrier)?.body;
        let checked = self.app.check_carrier(&body.certno, &body.phone, &body.request_id).await;
        rpc::reply(checked.map(|checked| pb::CheckCarrierResponse { outcome: wire::outcome(checked) }))
    }

    async fn query_check(
        &self,
        request: Request<pb::QueryCheckRequest>,
    ) -> Result<Response<pb::QueryCheckResponse>, Status> {
        let body = self.calls.open(request, |request, _| Ok(request))?.body;
        let told = self.app.query_check(&body.request_id).await;
        rpc::reply(told.map(|(checked, proof_serial)| pb::QueryCheckResponse {
            outcome: wire::outcome(checked),
            proof_serial,
        }))
    }

    async fn check_face(
        &self,
        request: Request<pb::CheckFaceRequest>,
    ) -> Result<Response<pb::CheckFaceResponse>, Status> {
        let body = self.calls.open(request, verification::face)?.body;
        let checked = self.app.check_face(&body.certno, &body.capture_ref, &body.request_id).await;
        rpc::reply(checked.map(|(checked, proof_serial)| pb::CheckFaceResponse {
            outcome: wire::outcome(checked),
            proof_serial,
        }))
    }
}

#[async_trait::async_trait]
impl PaymentChannel for Rpc {
    async fn create_payment(
        &self,
        request: Request<pb::CreatePaymentRequest>,
    ) -> Result<Response<pb::CreatePaymentResponse>, Status> {
        let body = self.calls.open(request, wire::pay)?.body;
        rpc::reply(self.app.create_payment(body).await.map(wire::paid))
    }

    async fn query_payment(
        &self,
        request: Request<pb::QueryPaymentRequest>,
    ) -> Result<Response<pb::QueryPaymentResponse>, Status> {
        let body = self.calls.open(request, wire::query)?.body;
        rpc::reply(self.app.query_payment(body).await.map(wire::queried))
    }

    async fn close_payment(
        &self,
        request: Request<pb::ClosePaymentRequest>,
    ) -> Result<Response<pb::ClosePaymentResponse>, Status> {
        let body = self.calls.open(request, wire::close)?.body;
        rpc::reply(self.app.close_payment(body).await.map(wire::closed))
    }

    async fn refund_payment(
        &self,
        request: Request<pb::RefundPaymentRequest>,
    ) -> Result<Response<pb::RefundPaymentResponse>, Status> {
        let body = self.calls.open(request, wire::refund)?.body;
        rpc::reply(self.app.refund_payment(body).await.map(wire::refunded))
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
        let body = self.calls.open(request, wire::bill::ask)?.body;
        rpc::reply(self.app.fetch_statement(body).await.map(wire::bill::told))
    }
}

#[async_trait::async_trait]
impl InsurerHook for Rpc {
    async fn settle(
        &self,
        request: Request<pb::SettleRequest>,
    ) -> Result<Response<pb::SettleResponse>, Status> {
        let (claim, psn_no) = self.calls.open(request, insurer::claim)?.body;
        rpc::reply(self.app.settle(claim, &psn_no).await.map(insurer::settled))
    }

    async fn trial(&self, request: Request<pb::TrialRequest>) -> Result<Response<pb::TrialResponse>, Status> {
        let (claim, psn_no) = self.calls.open(request, insurer::trial)?.body;
        rpc::reply(self.app.trial(claim, &psn_no).await.map(insurer::tried))
    }

    async fn reverse(
        &self,
        request: Request<pb::ReverseRequest>,
    ) -> Result<Response<pb::ReverseResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        rpc::reply(self.app.reverse(&body.msgid, &body.omsgid).await.map(insurer::reversed))
    }

    async fn revoke(
        &self,
        request: Request<pb::RevokeRequest>,
    ) -> Result<Response<pb::RevokeResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        rpc::reply(self.app.revoke(&body.msgid, &body.omsgid).await.map(insurer::revoked))
    }

    async fn query_message(
        &self,
        request: Request<pb::QueryMessageRequest>,
    ) -> Result<Response<pb::QueryMessageResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        rpc::reply(self.app.query_message(&body.msgid).await.map(insurer::message_state))
    }

    async fn get_year_sums(
        &self,
        request: Request<pb::GetYearSumsRequest>,
    ) -> Result<Response<pb::GetYearSumsResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        rpc::reply(self.app.year_sums(&body.psn_no, body.year).await.map(insurer::year))
    }
}

#[async_trait::async_trait]
impl CourierHook for Rpc {
    async fn create_job(
        &self,
        request: Request<pb::CreateJobRequest>,
    ) -> Result<Response<pb::CreateJobResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        rpc::reply(self.app.create_job(&body.delivery_id, &body.recipient_phone).await.map(wire::job))
    }

    async fn query_job(
        &self,
        request: Request<pb::QueryJobRequest>,
    ) -> Result<Response<pb::QueryJobResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        rpc::reply(self.app.query_job(&body.delivery_id).await.map(wire::job_state))
    }

    async fn cancel_job(
        &self,
        request: Request<pb::CancelJobRequest>,
    ) -> Result<Response<pb::CancelJobResponse>, Status> {
        let body = self.calls.open(request, wire::plain)?.body;
        let cancelled = self.app.cancel_job(&body.delivery_id).await;
        rpc::reply(cancelled.map(|cancelled| pb::CancelJobResponse { cancelled }))
    }
}

#[async_trait::async_trait]
impl HospitalHook for Rpc {
    async fn notify_review(
        &self,
        request: Request<pb::NotifyReviewRequest>,
    ) -> Result<Response<pb::NotifyReviewResponse>, Status> {
        let body = self.calls.open(request, hospital::review)?.body;
        rpc::reply(self.app.notified("HospitalHook/NotifyReview", body).await.map(hospital::reviewed))
    }

    async fn notify_settlement(
        &self,
        request: Request<pb::NotifySettlementRequest>,
    ) -> Result<Response<pb::NotifySettlementResponse>, Status> {
        let body = self.calls.open(request, hospital::settlement)?.body;
        rpc::reply(self.app.notified("HospitalHook/NotifySettlement", body).await.map(hospital::settled))
    }
}
