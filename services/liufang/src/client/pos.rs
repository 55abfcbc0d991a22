//! A pharmacy's system (POS): listings, stock, claims of prescriptions, dispensing, the day's books.

use liufang_proto::dispatch::v1::{
    GetDeliveryRequest, GetDeliveryResponse, TrackDeliveryRequest, TrackDeliveryResponse,
};
use liufang_proto::identity::v1::{
    DecodeInsuranceCodeRequest, DecodeInsuranceCodeResponse, GetInstitutionRequest, GetInstitutionResponse,
    GetPractitionerRequest, GetPractitionerResponse,
};
use liufang_proto::inventory::v1::{
    BatchGetDrugsRequest, BatchGetDrugsResponse, GetStockRequest, GetStockResponse, GetTraceCodeRequest,
    GetTraceCodeResponse, ListMovementsRequest, ListMovementsResponse, PublishListingsRequest,
    PublishListingsResponse, RecordMovementsRequest, RecordMovementsResponse, SearchDrugsRequest,
    SearchDrugsResponse, SetLotStateRequest, SetLotStateResponse,
};
use liufang_proto::order::v1::{
    CancelCounterSaleRequest, CancelCounterSaleResponse, CollectOrderRequest, CollectOrderResponse,
    DispenseOrderRequest, DispenseOrderResponse, GetOrderRequest, GetOrderResponse, ListOrdersRequest,
    ListOrdersResponse, Order, PayCounterSaleRequest, PayCounterSaleResponse, PlaceCounterSaleRequest,
    PlaceCounterSaleResponse, RequoteOrderRequest, RequoteOrderResponse, ReturnOrderRequest,
    ReturnOrderResponse, Scan, WatchOrderRequest, WatchOrderResponse,
};
use liufang_proto::prescription::v1::{
    ClaimAtCounterRequest, ClaimAtCounterResponse, ClaimRequest, ClaimResponse, DispenseAtCounterRequest,
    DispenseAtCounterResponse, GetPrescriptionRequest, GetPrescriptionResponse, GetSignedDocumentRequest,
    GetSignedDocumentResponse, GiveBackRequest, GiveBackResponse, ListHandOutsRequest, ListHandOutsResponse,
    ListPharmacyQueueRequest, ListPharmacyQueueResponse, OpenCounterRequest, OpenCounterResponse, QueueItem,
    RecoverSecretRequest, RecoverSecretResponse, ReturnAtCounterRequest, ReturnAtCounterResponse,
    ReviewRequest, ReviewResponse, WatchPrescriptionsRequest, WatchPrescriptionsResponse,
};
use liufang_proto::settlement::v1::{
    AppealClaimRequest, AppealClaimResponse, CloseDayRequest, CloseDayResponse, CompareDetailsRequest,
    CompareDetailsResponse, CompareTotalsRequest, CompareTotalsResponse, DownloadDetailsRequest,
    DownloadDetailsResponse, GetDailyTotalsRequest, GetDailyTotalsResponse, GetStatementRequest,
    GetStatementResponse, ImportStatementRequest, ImportStatementResponse, ListClaimLinesRequest,
    ListClaimLinesResponse, ListClaimsRequest, ListClaimsResponse, ListReceivablesRequest,
    ListReceivablesResponse, UploadDetailsRequest, UploadDetailsResponse,
};

use super::calls::{calls, keyed};
use super::{Answer, Gateway, MachineKey, Practitioner, Session};

/// The POS of one pharmacy.
#[derive(Clone)]
pub struct Pos {
    session: Session,
    code: String,
}

keyed!(Pos);

impl Pos {
    /// `code` is the pharmacy the key is registered for.
    pub fn new(gateway: &Gateway, key: MachineKey, code: &str) -> Pos {
        Pos { session: Session::machine(gateway, key), code: code.to_owned() }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// A minutes-long token of a pharmacist of this pharmacy.
    pub async fn token_of(&self, practitioner: &Practitioner) -> Answer<String> {
        practitioner.token(&self.session).await
    }

    /// One order of this pharmacy.
    pub async fn order(&self, order_id: &str) -> Answer<Order> {
        Ok(self.get_order(GetOrderRequest { order_id: order_id.to_owned() }).await?.order.unwrap_or_default())
    }

    /// The prescription that waits here for an order.
    pub async fn queued(&self, order_id: &str) -> Answer<Option<QueueItem>> {
        let queue = self.list_pharmacy_queue(ListPharmacyQueueRequest {}).await?.items;
        Ok(queue.into_iter().find(|item| item.order_id == order_id))
    }

    /// The pharmacist's verdict with a written opinion.
    pub async fn judge(
        &self,
        claim: &Claimed,
        pharmacist: &Practitioner,
        pass: bool,
        opinion: &str,
    ) -> Answer<ReviewResponse> {
        let body = ReviewRequest {
            hi_rxno: claim.hi_rxno.clone(),
            secret: claim.secret.clone(),
            pharmacist_token: self.token_of(pharmacist).await?,
            pass,
            opinion: opinion.to_owned(),
            second_pharmacist_token: String::new(),
        };
        self.review(body).await
    }

    /// Dispenses an order with the scanned codes; `secret` is empty for OTC orders. Answers the hand-over code too.
    pub async fn hand_out(
        &self,
        order_id: &str,
        pharmacist: &Practitioner,
        secret: &str,
        scans: Vec<Scan>,
    ) -> Answer<DispenseOrderResponse> {
        let body = DispenseOrderRequest {
            order_id: order_id.to_owned(),
            pharmacist_token: self.token_of(pharmacist).await?,
            secret: secret.to_owned(),
            scans,
        };
        self.dispense_order(body).await
    }
}

/// What a POS keeps of a claimed prescription.
#[derive(Clone)]
pub struct Claimed {
    pub hi_rxno: String,
    /// Needed by every later step.
    pub secret: String,
}

calls!(Pos {
    write decode_insurance_code: Persons.decode_insurance_code(DecodeInsuranceCodeRequest) -> DecodeInsuranceCodeResponse;
    read get_institution: Institutions.get_institution(GetInstitutionRequest) -> GetInstitutionResponse;
    read get_practitioner: Institutions.get_practitioner(GetPractitionerRequest) -> GetPractitionerResponse;

    read batch_get_drugs: Catalogue.batch_get_drugs(BatchGetDrugsRequest) -> BatchGetDrugsResponse;
    read search_drugs: Catalogue.search_drugs(SearchDrugsRequest) -> SearchDrugsResponse;
    write publish_listings: Catalogue.publish_listings(PublishListingsRequest) -> PublishListingsResponse;
    write record_movements: Stock.record_movements(RecordMovementsRequest) -> RecordMovementsResponse;
    read get_stock: Stock.get_stock(GetStockRequest) -> GetStockResponse;
    read list_movements: Stock.list_movements(ListMovementsRequest) -> ListMovementsResponse;
    write set_lot_state: Stock.set_lot_state(SetLotStateRequest) -> SetLotStateResponse;
    read get_trace_code: Stock.get_trace_code(GetTraceCodeRequest) -> GetTraceCodeResponse;

    read list_pharmacy_queue: Circulation.list_pharmacy_queue(ListPharmacyQueueRequest) -> ListPharmacyQueueResponse;
    read list_hand_outs: Circulation.list_hand_outs(ListHandOutsRequest) -> ListHandOutsResponse;
    write claim: Circulation.claim(ClaimRequest) -> ClaimResponse;
    write open_counter: Circulation.open_counter(OpenCounterRequest) -> OpenCounterResponse;
    write claim_at_counter: Circulation.claim_at_counter(ClaimAtCounterRequest) -> ClaimAtCounterResponse;
    write dispense_at_counter: Circulation.dispense_at_counter(DispenseAtCounterRequest) -> DispenseAtCounterResponse;
    write return_at_counter: Circulation.return_at_counter(ReturnAtCounterRequest) -> ReturnAtCounterResponse;
    write recover_secret: Circulation.recover_secret(RecoverSecretRequest) -> RecoverSecretResponse;
    write give_back: Circulation.give_back(GiveBackRequest) -> GiveBackResponse;
    write review: Circulation.review(ReviewRequest) -> ReviewResponse;
    stream watch_prescriptions: Circulation.watch_prescriptions(WatchPrescriptionsRequest) -> WatchPrescriptionsResponse;
    read get_prescription: Prescriptions.get_prescription(GetPrescriptionRequest) -> GetPrescriptionResponse;
    read get_signed_document: Prescribing.get_signed_document(GetSignedDocumentRequest) -> GetSignedDocumentResponse;

    read get_order: Orders.get_order(GetOrderRequest) -> GetOrderResponse;
    read list_orders: Orders.list_orders(ListOrdersRequest) -> ListOrdersResponse;
    write place_counter_sale: Orders.place_counter_sale(PlaceCounterSaleRequest) -> PlaceCounterSaleResponse;
    write pay_counter_sale: Orders.pay_counter_sale(PayCounterSaleRequest) -> PayCounterSaleResponse;
    write cancel_counter_sale: Orders.cancel_counter_sale(CancelCounterSaleRequest) -> CancelCounterSaleResponse;
    write requote_order: Orders.requote_order(RequoteOrderRequest) -> RequoteOrderResponse;
    write dispense_order: Orders.dispense_order(DispenseOrderRequest) -> DispenseOrderResponse;
    write collect_order: Orders.collect_order(CollectOrderRequest) -> CollectOrderResponse;
    write return_order: Orders.return_order(ReturnOrderRequest) -> ReturnOrderResponse;
    stream watch_order: Orders.watch_order(WatchOrderRequest) -> WatchOrderResponse;
    read get_delivery: Deliveries.get_delivery(GetDeliveryRequest) -> GetDeliveryResponse;
    stream track_delivery: Deliveries.track_delivery(TrackDeliveryRequest) -> TrackDeliveryResponse;

    read get_daily_totals: Claims.get_daily_totals(GetDailyTotalsRequest) -> GetDailyTotalsResponse;
    write close_day: Claims.close_day(CloseDayRequest) -> CloseDayResponse;
    read list_claims: Claims.list_claims(ListClaimsRequest) -> ListClaimsResponse;
    read list_receivables: Claims.list_receivables(ListReceivablesRequest) -> ListReceivablesResponse;
    read compare_totals: Reconcile.compare_totals(CompareTotalsRequest) -> CompareTotalsResponse;
    write upload_details: Reconcile.upload_details(UploadDetailsRequest) -> UploadDetailsResponse;
    write compare_details: Reconcile.compare_details(CompareDetailsRequest) -> CompareDetailsResponse;
    write import_statement: Reconcile.import_statement(ImportStatementRequest) -> ImportStatementResponse;
    read get_statement: Reconcile.get_statement(GetStatementRequest) -> GetStatementResponse;
    write appeal_claim: Claims.appeal_claim(AppealClaimRequest) -> AppealClaimResponse;
    read list_claim_lines: Claims.list_claim_lines(ListClaimLinesRequest) -> ListClaimLinesResponse;
    stream download_details: Reconcile.download_details(DownloadDetailsRequest) -> DownloadDetailsResponse;
});
