//! `VerificationService`: parse, use case, render.

use liufang_platform::rpc;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::verification_service_server::VerificationService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::verification;

#[async_trait::async_trait]
impl VerificationService for Rpc {
    async fn start_verification(
        &self,
        request: Request<pb::StartVerificationRequest>,
    ) -> Result<Response<pb::StartVerificationResponse>, Status> {
        let call = self.calls.open(request, verification::start)?;
        rpc::reply(self.app.start_verification(call).await)
    }

    async fn send_phone_code(
        &self,
        request: Request<pb::SendPhoneCodeRequest>,
    ) -> Result<Response<pb::SendPhoneCodeResponse>, Status> {
        let call = self.calls.open(request, verification::send_code)?;
        rpc::reply(self.app.send_phone_code(call).await)
    }

    async fn verify_phone_code(
        &self,
        request: Request<pb::VerifyPhoneCodeRequest>,
    ) -> Result<Response<pb::VerifyPhoneCodeResponse>, Status> {
        let call = self.calls.open(request, verification::check_code)?;
        rpc::reply(self.app.verify_phone_code(call).await)
    }

    async fn verify_face(
        &self,
        request: Request<pb::VerifyFaceRequest>,
    ) -> Result<Response<pb::VerifyFaceResponse>, Status> {
        let call = self.calls.open(request, verification::face)?;
        rpc::reply(self.app.verify_face(call).await)
    }

    async fn list_verification_events(
        &self,
        request: Request<pb::ListVerificationEventsRequest>,
    ) -> Result<Response<pb::ListVerificationEventsResponse>, Status> {
        let call = self.calls.open(request, verification::events)?;
        rpc::reply(self.app.list_verification_events(call).await)
    }

    async fn get_verification(
        &self,
        request: Request<pb::GetVerificationRequest>,
    ) -> Result<Response<pb::GetVerificationResponse>, Status> {
        let call = self.calls.open(request, verification::get)?;
        rpc::reply(self.app.get_verification(call).await)
    }
}
