//! A purchase platform (as 京东 or 美团 would be): signs people in and acts for them with their own tokens.

use liufang_proto::dispatch::v1::{
    GetDeliveryRequest, GetDeliveryResponse, QuoteDeliveryRequest, QuoteDeliveryResponse,
    TrackDeliveryRequest, TrackDeliveryResponse,
};
use liufang_proto::identity::v1::{
    GetInstitutionRequest, GetInstitutionResponse, ListInstitutionsRequest, ListInstitutionsResponse, Purpose,
};
use liufang_proto::inventory::v1::{
    GetDrugRequest, GetDrugResponse, SearchDrugsRequest, SearchDrugsResponse, SearchOffersRequest,
    SearchOffersResponse,
};
use liufang_proto::order::v1::{
    GetOrderRequest, GetOrderResponse, ListOrdersRequest, ListOrdersResponse, WatchOrderRequest,
    WatchOrderResponse,
};

use super::calls::{calls, keyed};
use super::{Answer, Citizen, Gateway, MachineKey, Patient, Session};

/// A platform's machine client.
#[derive(Clone)]
pub struct PlatformClient {
    session: Session,
    code: String,
}

keyed!(PlatformClient);

impl PlatformClient {
    pub fn new(gateway: &Gateway, key: MachineKey, code: &str) -> PlatformClient {
        PlatformClient { session: Session::machine(gateway, key), code: code.to_owned() }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// Verifies a person and signs them in; the tokens are bound to this platform.
    pub async fn register(&self, citizen: &Citizen) -> Answer<Patient> {
        Patient::enter(&self.session, citizen, Purpose::Register).await
    }
}

calls!(PlatformClient {
    read get_institution: Institutions.get_institution(GetInstitutionRequest) -> GetInstitutionResponse;
    read list_institutions: Institutions.list_institutions(ListInstitutionsRequest) -> ListInstitutionsResponse;
    read get_drug: Catalogue.get_drug(GetDrugRequest) -> GetDrugResponse;
    read search_drugs: Catalogue.search_drugs(SearchDrugsRequest) -> SearchDrugsResponse;
    read search_offers: Offers.search_offers(SearchOffersRequest) -> SearchOffersResponse;
    read get_order: Orders.get_order(GetOrderRequest) -> GetOrderResponse;
    read list_orders: Orders.list_orders(ListOrdersRequest) -> ListOrdersResponse;
    stream watch_order: Orders.watch_order(WatchOrderRequest) -> WatchOrderResponse;
    read quote_delivery: Deliveries.quote_delivery(QuoteDeliveryRequest) -> QuoteDeliveryResponse;
    read get_delivery: Deliveries.get_delivery(GetDeliveryRequest) -> GetDeliveryResponse;
    stream track_delivery: Deliveries.track_delivery(TrackDeliveryRequest) -> TrackDeliveryResponse;
});
