//! The outside, answering at once: what is measured is settlement and its database.

#[path = "../../src/tests/fakes/identity.rs"]
mod identity;

use liufang_proto::hooks::v1 as hooks;
use tonic::{Request, Response, Status};

/// Identity, channel and insurer in one.
#[derive(Clone)]
pub struct Fakes;

#[async_trait::async_trait]
impl hooks::payment_channel_server::PaymentChannel for Fakes {
    async fn create_payment(
        &self,
        _: Request<hooks::CreatePaymentRequest>,
    ) -> Result<Response<hooks::CreatePaymentResponse>, Status> {
        let state = hooks::ChannelState::Paid as i32;
        Ok(Response::new(hooks::CreatePaymentResponse { state, ..Default::default() }))
    }

    async fn query_payment(
        &self,
        _: Request<hooks::QueryPaymentRequest>,
    ) -> Result<Response<hooks::QueryPaymentResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn close_payment(
        &self,
        _: Request<hooks::ClosePaymentRequest>,
    ) -> Result<Response<hooks::ClosePaymentResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn refund_payment(
        &self,
        _: Request<hooks::RefundPaymentRequest>,
    ) -> Result<Response<hooks::RefundPaymentResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn query_refund(
        &self,
        _: Request<hooks::QueryRefundRequest>,
    ) -> Result<Response<hooks::QueryRefundResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn fetch_statement(
        &self,
        _: Request<hooks::FetchStatementRequest>,
    ) -> Result<Response<hooks::FetchStatementResponse>, Status> {
        Err(Status::unimplemented("none here"))
    }
}

#[async_trait::async_trait]
impl hooks::insurer_hook_server::InsurerHook for Fakes {
    async fn settle(
        &self,
        request: Request<hooks::SettleRequest>,
    ) -> Result<Response<hooks::SettleResponse>, Status> {
        let body = request.into_inner();
        Ok(Response::new(hooks::SettleResponse {
            outcome: hooks::InsurerOutcome::Success as i32,
            setl_id: body.msgid,
            err_msg: String::new(),
            setlinfo: body.setlinfo,
            setldetail: body.setldetail,
            detlcutinfo: body.drugdetail,
        }))
    }

    async fn reverse(
        &self,
        _: Request<hooks::ReverseRequest>,
    ) -> Result<Response<hooks::ReverseResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn query_message(
        &self,
        _: Request<hooks::QueryMessageRequest>,
    ) -> Result<Response<hooks::QueryMessageResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn trial(&self, _: Request<hooks::TrialRequest>) -> Result<Response<hooks::TrialResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn revoke(
        &self,
        _: Request<hooks::RevokeRequest>,
    ) -> Result<Response<hooks::RevokeResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }

    async fn get_year_sums(
        &self,
        _: Request<hooks::GetYearSumsRequest>,
    ) -> Result<Response<hooks::GetYearSumsResponse>, Status> {
        Err(Status::unavailable("not asked"))
    }
}
