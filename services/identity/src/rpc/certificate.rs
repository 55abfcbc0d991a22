//! `CertificateService`: parse, use case, render.

use liufang_platform::rpc;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::certificate_service_server::CertificateService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::certificate;

#[async_trait::async_trait]
impl CertificateService for Rpc {
    async fn register_certificate(
        &self,
        request: Request<pb::RegisterCertificateRequest>,
    ) -> Result<Response<pb::RegisterCertificateResponse>, Status> {
        let call = self.calls.open(request, certificate::register)?;
        rpc::reply(self.app.register_certificate(call).await)
    }

    async fn revoke_certificate(
        &self,
        request: Request<pb::RevokeCertificateRequest>,
    ) -> Result<Response<pb::RevokeCertificateResponse>, Status> {
        let call = self.calls.open(request, certificate::revoke)?;
        rpc::reply(self.app.revoke_certificate(call).await)
    }

    async fn import_revocation_list(
        &self,
        request: Request<pb::ImportRevocationListRequest>,
    ) -> Result<Response<pb::ImportRevocationListResponse>, Status> {
        let call = self.calls.open(request, certificate::import_list)?;
        rpc::reply(self.app.import_revocation_list(call).await)
    }

    async fn list_authorities(
        &self,
        request: Request<pb::ListAuthoritiesRequest>,
    ) -> Result<Response<pb::ListAuthoritiesResponse>, Status> {
        let call = self.calls.open(request, |_, _| Ok(()))?;
        rpc::reply(self.app.list_authorities(call).await)
    }
}
