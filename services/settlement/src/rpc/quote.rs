//! Quotes.

use liufang_platform::rpc::reply;
use liufang_proto::settlement::v1 as pb;
use pb::quote_service_server::QuoteService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl QuoteService for Rpc {
    async fn create_quote(
        &self,
        request: Request<pb::CreateQuoteRequest>,
    ) -> Result<Response<pb::CreateQuoteResponse>, Status> {
        let call = self.calls.open(request, wire::quote::create)?;
        reply(self.app.create_quote(call).await.map(wire::quote::create_reply))
    }

    async fn get_quote(
        &self,
        request: Request<pb::GetQuoteRequest>,
    ) -> Result<Response<pb::GetQuoteResponse>, Status> {
        let call = self.calls.open(request, wire::quote::get)?;
        reply(self.app.get_quote(call).await.map(wire::quote::get_reply))
    }
}
