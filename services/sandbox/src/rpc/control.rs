//! `SandboxService`.

use liufang_platform::rpc;
use liufang_proto::sandbox::v1 as pb;
use liufang_proto::sandbox::v1::sandbox_service_server::SandboxService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl SandboxService for Rpc {
    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        let call = self.calls.open(request, wire::plain)?;
        let texts = self.app.list_messages(&call.body.phone).await;
        rpc::reply(texts.map(|texts| pb::ListMessagesResponse { texts }))
    }

    async fn set_dial(
        &self,
        request: Request<pb::SetDialRequest>,
    ) -> Result<Response<pb::SetDialResponse>, Status> {
        let call = self.calls.open(request, wire::set_dial)?;
        rpc::reply(self.app.set_dial(call).await.map(|()| pb::SetDialResponse {}))
    }

    async fn list_channel_book(
        &self,
        request: Request<pb::ListChannelBookRequest>,
    ) -> Result<Response<pb::ListChannelBookResponse>, Status> {
        let call = self.calls.open(request, wire::list_channel_book)?;
        rpc::reply(self.app.channel_book(&call.body).await.map(wire::channel_book))
    }

    async fn list_insurer_book(
        &self,
        request: Request<pb::ListInsurerBookRequest>,
    ) -> Result<Response<pb::ListInsurerBookResponse>, Status> {
        let call = self.calls.open(request, wire::insurer::page)?;
        rpc::reply(self.app.insurer_book(call.body).await.map(wire::insurer::book))
    }

    async fn list_hospital_book(
        &self,
        request: Request<pb::ListHospitalBookRequest>,
    ) -> Result<Response<pb::ListHospitalBookResponse>, Status> {
        let call = self.calls.open(request, wire::hospital::list_book)?;
        rpc::reply(self.app.hospital_book(&call.body).await.map(wire::hospital::book))
    }
}
