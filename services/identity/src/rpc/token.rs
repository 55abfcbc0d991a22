//! `TokenService`: parse, use case, render.

use liufang_platform::rpc;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::token_service_server::TokenService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::token;

#[async_trait::async_trait]
impl TokenService for Rpc {
    async fn sign_in(
        &self,
        request: Request<pb::SignInRequest>,
    ) -> Result<Response<pb::SignInResponse>, Status> {
        let call = self.calls.open(request, token::sign_in)?;
        rpc::reply(self.app.sign_in(call).await)
    }

    async fn refresh_token(
        &self,
        request: Request<pb::RefreshTokenRequest>,
    ) -> Result<Response<pb::RefreshTokenResponse>, Status> {
        let call = self.calls.open(request, token::refresh)?;
        rpc::reply(self.app.refresh_token(call).await)
    }

    async fn revoke_token(
        &self,
        request: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        let call = self.calls.open(request, token::revoke)?;
        rpc::reply(self.app.revoke_token(call).await)
    }

    async fn issue_client_token(
        &self,
        request: Request<pb::IssueClientTokenRequest>,
    ) -> Result<Response<pb::IssueClientTokenResponse>, Status> {
        let call = self.calls.open(request, token::client_token)?;
        rpc::reply(self.app.issue_client_token(call).await)
    }

    async fn issue_practitioner_token(
        &self,
        request: Request<pb::IssuePractitionerTokenRequest>,
    ) -> Result<Response<pb::IssuePractitionerTokenResponse>, Status> {
        let call = self.calls.open(request, token::practitioner_token)?;
        rpc::reply(self.app.issue_practitioner_token(call).await)
    }

    async fn list_ended_sessions(
        &self,
        request: Request<pb::ListEndedSessionsRequest>,
    ) -> Result<Response<pb::ListEndedSessionsResponse>, Status> {
        let call = self.calls.open(request, token::ended)?;
        rpc::reply(self.app.list_ended_sessions(call).await)
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let call = self.calls.open(request, token::sessions)?;
        rpc::reply(self.app.list_sessions(call).await)
    }

    async fn revoke_session(
        &self,
        request: Request<pb::RevokeSessionRequest>,
    ) -> Result<Response<pb::RevokeSessionResponse>, Status> {
        let call = self.calls.open(request, token::revoke_session)?;
        rpc::reply(self.app.revoke_session(call).await)
    }

    async fn get_key_set(
        &self,
        request: Request<pb::GetKeySetRequest>,
    ) -> Result<Response<pb::GetKeySetResponse>, Status> {
        self.calls.open(request, token::key_set)?;
        Ok(Response::new(self.app.key_set().into()))
    }

    async fn register_client(
        &self,
        request: Request<pb::RegisterClientRequest>,
    ) -> Result<Response<pb::RegisterClientResponse>, Status> {
        let call = self.calls.open(request, token::register_client)?;
        rpc::reply(self.app.register_client(call).await)
    }
}
