//! Catalogue and listings over gRPC.

use liufang_platform::rpc;
use liufang_proto::inventory::v1 as pb;
use liufang_proto::inventory::v1::catalogue_service_server::CatalogueService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::catalogue;
use crate::wire::render::Drugs;

#[tonic::async_trait]
impl CatalogueService for Rpc {
    async fn import_drugs(
        &self,
        request: Request<pb::ImportDrugsRequest>,
    ) -> Result<Response<pb::ImportDrugsResponse>, Status> {
        let call = self.calls.open(request, catalogue::import_drugs)?;
        rpc::reply(self.app.import_drugs(call).await)
    }

    async fn get_drug(
        &self,
        request: Request<pb::GetDrugRequest>,
    ) -> Result<Response<pb::GetDrugResponse>, Status> {
        let call = self.calls.open(request, catalogue::get_drug)?;
        rpc::reply(self.app.get_drug(call).await)
    }

    async fn batch_get_drugs(
        &self,
        request: Request<pb::BatchGetDrugsRequest>,
    ) -> Result<Response<pb::BatchGetDrugsResponse>, Status> {
        let call = self.calls.open(request, catalogue::batch_get_drugs)?;
        rpc::reply(self.app.batch_get_drugs(call).await.map(Drugs))
    }

    async fn search_drugs(
        &self,
        request: Request<pb::SearchDrugsRequest>,
    ) -> Result<Response<pb::SearchDrugsResponse>, Status> {
        let call = self.calls.open(request, catalogue::search_drugs)?;
        rpc::reply(self.app.search_drugs(call).await)
    }

    async fn publish_listings(
        &self,
        request: Request<pb::PublishListingsRequest>,
    ) -> Result<Response<pb::PublishListingsResponse>, Status> {
        let call = self.calls.open(request, catalogue::publish_listings)?;
        rpc::reply(self.app.publish_listings(call).await)
    }
}
