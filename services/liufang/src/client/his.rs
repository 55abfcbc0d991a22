//! A hospital information system (HIS): slots, visits, prescriptions, the hospital's own stock and books.

use liufang_proto::identity::v1::{
    DecodeInsuranceCodeRequest, DecodeInsuranceCodeResponse, GetInstitutionRequest, GetInstitutionResponse,
    GetPractitionerRequest, GetPractitionerResponse, ListPractitionersRequest, ListPractitionersResponse,
};
use liufang_proto::inventory::v1::{
    BatchGetDrugsRequest, BatchGetDrugsResponse, GetStockRequest, GetStockResponse, GetTraceCodeRequest,
    GetTraceCodeResponse, ListMovementsRequest, ListMovementsResponse, PublishListingsRequest,
    PublishListingsResponse, RecordMovementsRequest, RecordMovementsResponse, SearchDrugsRequest,
    SearchDrugsResponse, SetLotStateRequest, SetLotStateResponse,
};
use liufang_proto::order::v1::{
    CollectOrderRequest, CollectOrderResponse, DispenseOrderRequest, DispenseOrderResponse, GetOrderRequest,
    GetOrderResponse, ListOrdersRequest, ListOrdersResponse, ReturnOrderRequest, ReturnOrderResponse,
};
use liufang_proto::prescription::v1::{
    GetPrescriptionRequest, GetPrescriptionResponse, GetSignedDocumentRequest, GetSignedDocumentResponse,
    GetSigningDocumentRequest, GetSigningDocumentResponse, GetVisitRequest, GetVisitResponse,
    ListNoticesRequest, ListNoticesResponse, ListQueueRequest, ListQueueResponse, ListRulesRequest,
    ListRulesResponse, ListSlotsRequest, ListSlotsResponse, PreVerifyRequest, PreVerifyResponse,
    Prescription, PublishSlotsRequest, PublishSlotsResponse, RecordConsultationRequest,
    RecordConsultationResponse, RedeliverNoticesRequest, RedeliverNoticesResponse, ReviewDraftRequest,
    ReviewDraftResponse, RevokeRequest, RevokeResponse, TakeVisitRequest, TakeVisitResponse, UploadRequest,
    UploadResponse, WatchPrescriptionsRequest, WatchPrescriptionsResponse,
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

/// The HIS of one hospital.
#[derive(Clone)]
pub struct His {
    session: Session,
    code: String,
}

keyed!(His);

impl His {
    /// `code` is the hospital the key is registered for.
    pub fn new(gateway: &Gateway, key: MachineKey, code: &str) -> His {
        His { session: Session::machine(gateway, key), code: code.to_owned() }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// A minutes-long token of a doctor or pharmacist of this hospital.
    pub async fn token_of(&self, practitioner: &Practitioner) -> Answer<String> {
        practitioner.token(&self.session).await
    }

    /// Both sign the canonical document, and the prescription becomes active.
    pub async fn sign_and_upload(
        &self,
        draft: &Prescription,
        doctor: &Practitioner,
        pharmacist: &Practitioner,
    ) -> Answer<Prescription> {
        let hi_rxno = draft.hi_rxno.clone();
        let document =
            self.get_signing_document(GetSigningDocumentRequest { hi_rxno: hi_rxno.clone() }).await?.document;
        let body = UploadRequest {
            hi_rxno,
            rx_trace_code: draft.rx_trace_code.clone(),
            doctor_signature: doctor.sign(&document)?,
            pharmacist_signature: pharmacist.sign(&document)?,
        };
        Ok(self.upload(body).await?.prescription.unwrap_or_default())
    }
}

calls!(His {
    write decode_insurance_code: Persons.decode_insurance_code(DecodeInsuranceCodeRequest) -> DecodeInsuranceCodeResponse;
    read get_institution: Institutions.get_institution(GetInstitutionRequest) -> GetInstitutionResponse;
    read get_practitioner: Institutions.get_practitioner(GetPractitionerRequest) -> GetPractitionerResponse;
    read list_practitioners: Institutions.list_practitioners(ListPractitionersRequest) -> ListPractitionersResponse;

    read batch_get_drugs: Catalogue.batch_get_drugs(BatchGetDrugsRequest) -> BatchGetDrugsResponse;
    read search_drugs: Catalogue.search_drugs(SearchDrugsRequest) -> SearchDrugsResponse;
    write publish_listings: Catalogue.publish_listings(PublishListingsRequest) -> PublishListingsResponse;
    write record_movements: Stock.record_movements(RecordMovementsRequest) -> RecordMovementsResponse;
    read get_stock: Stock.get_stock(GetStockRequest) -> GetStockResponse;
    read list_movements: Stock.list_movements(ListMovementsRequest) -> ListMovementsResponse;
    write set_lot_state: Stock.set_lot_state(SetLotStateRequest) -> SetLotStateResponse;
    read get_trace_code: Stock.get_trace_code(GetTraceCodeRequest) -> GetTraceCodeResponse;

    write publish_slots: Visits.publish_slots(PublishSlotsRequest) -> PublishSlotsResponse;
    read list_slots: Visits.list_slots(ListSlotsRequest) -> ListSlotsResponse;
    read get_visit: Visits.get_visit(GetVisitRequest) -> GetVisitResponse;
    read list_queue: Visits.list_queue(ListQueueRequest) -> ListQueueResponse;
    write take_visit: Visits.take_visit(TakeVisitRequest) -> TakeVisitResponse;
    write record_consultation: Visits.record_consultation(RecordConsultationRequest) -> RecordConsultationResponse;

    read list_rules: Prescribing.list_rules(ListRulesRequest) -> ListRulesResponse;
    write pre_verify: Prescribing.pre_verify(PreVerifyRequest) -> PreVerifyResponse;
    write review_draft: Prescribing.review_draft(ReviewDraftRequest) -> ReviewDraftResponse;
    read get_signing_document: Prescribing.get_signing_document(GetSigningDocumentRequest) -> GetSigningDocumentResponse;
    write upload: Prescribing.upload(UploadRequest) -> UploadResponse;
    write revoke: Prescribing.revoke(RevokeRequest) -> RevokeResponse;
    read get_signed_document: Prescribing.get_signed_document(GetSignedDocumentRequest) -> GetSignedDocumentResponse;
    read list_notices: Prescribing.list_notices(ListNoticesRequest) -> ListNoticesResponse;
    write redeliver_notices: Prescribing.redeliver_notices(RedeliverNoticesRequest) -> RedeliverNoticesResponse;
    read get_prescription: Prescriptions.get_prescription(GetPrescriptionRequest) -> GetPrescriptionResponse;
    stream watch_prescriptions: Circulation.watch_prescriptions(WatchPrescriptionsRequest) -> WatchPrescriptionsResponse;

    read get_order: Orders.get_order(GetOrderRequest) -> GetOrderResponse;
    read list_orders: Orders.list_orders(ListOrdersRequest) -> ListOrdersResponse;
    write dispense_order: Orders.dispense_order(DispenseOrderRequest) -> DispenseOrderResponse;
    write collect_order: Orders.collect_order(CollectOrderRequest) -> CollectOrderResponse;
    write return_order: Orders.return_order(ReturnOrderRequest) -> ReturnOrderResponse;

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
