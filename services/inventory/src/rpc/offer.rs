//! Offers and prices over gRPC.

use liufang_platform::rpc;
use liufang_proto::inventory::v1 as pb;
use liufang_proto::inventory::v1::offer_service_server::OfferService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::offer;
use crate::wire::render::{Basket, Offers};

#[tonic::async_trait]
impl OfferService for Rpc {
    async fn search_offers(
        &self,
        request: Request<pb::SearchOffersRequest>,
    ) -> Result<Response<pb::SearchOffersResponse>, Status> {
        let call = self.calls.open(request, offer::search_offers)?;
        rpc::reply(self.app.search_offers(call).await)
    }

    async fn find_pharmacies(
        &self,
        request: Request<pb::FindPharmaciesRequest>,
    ) -> Result<Response<pb::FindPharmaciesResponse>, Status> {
        let call = self.calls.open(request, offer::find_pharmacies)?;
        rpc::reply(self.app.find_pharmacies(call).await.map(Offers))
    }

    async fn price_basket(
        &self,
        request: Request<pb::PriceBasketRequest>,
    ) -> Result<Response<pb::PriceBasketResponse>, Status> {
        let call = self.calls.open(request, offer::price_basket)?;
        rpc::reply(self.app.price_basket(call).await.map(Basket))
    }
}
