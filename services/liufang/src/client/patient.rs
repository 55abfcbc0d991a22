//! A patient's app: verification, visits, prescriptions, orders, money, tracking.

use liufang_proto::common::v1::{Channel, Fulfilment};
use liufang_proto::dispatch::v1::{
    GetDeliveryRequest, GetDeliveryResponse, QuoteDeliveryRequest, QuoteDeliveryResponse,
    TrackDeliveryRequest, TrackDeliveryResponse,
};
use liufang_proto::identity::v1::{
    ActForChildRequest, ActForChildResponse, ConsentMutualAidRequest, ConsentMutualAidResponse,
    EndGuardianRequest, EndGuardianResponse, FileGuardianRequest, FileGuardianResponse, FileMutualAidRequest,
    FileMutualAidResponse, GetMeRequest, GetMeResponse, IssueInsuranceCodeRequest,
    IssueInsuranceCodeResponse, ListAccessRecordsRequest, ListAccessRecordsResponse, ListGuardiansRequest,
    ListGuardiansResponse, ListMutualAidRequest, ListMutualAidResponse, MutualAid, Person, Purpose,
    SignInRequest, Verification, WithdrawMutualAidRequest, WithdrawMutualAidResponse,
};
use liufang_proto::inventory::v1::{
    FindPharmaciesRequest, FindPharmaciesResponse, GetDrugRequest, GetDrugResponse, SearchDrugsRequest,
    SearchDrugsResponse, SearchOffersRequest, SearchOffersResponse,
};
use liufang_proto::order::v1::{
    CancelOrderRequest, CancelOrderResponse, GetOrderRequest, GetOrderResponse, ListOrdersRequest,
    ListOrdersResponse, Order, OrderKind, PayOrderRequest, PayOrderResponse, PlaceOrderRequest,
    PlaceOrderResponse, RequoteOrderRequest, RequoteOrderResponse, StoryEvent, WatchOrderRequest,
    WatchOrderResponse,
};
use liufang_proto::prescription::v1::{
    BookVisitRequest, BookVisitResponse, CancelVisitRequest, CancelVisitResponse, GetPrescriptionRequest,
    GetPrescriptionResponse, GetSignedDocumentRequest, GetSignedDocumentResponse, GetVisitRequest,
    GetVisitResponse, ListMyPrescriptionsRequest, ListMyPrescriptionsResponse, ListMyVisitsRequest,
    ListMyVisitsResponse, ListSlotsRequest, ListSlotsResponse, PresentPrescriptionRequest,
    PresentPrescriptionResponse,
};
use liufang_proto::settlement::v1::{
    GetAccountRequest, GetAccountResponse, GetPaymentRequest, GetPaymentResponse, GetQuoteRequest,
    GetQuoteResponse, ListHoldsRequest, ListHoldsResponse, ListStatementRequest, ListStatementResponse,
    Payment,
};

use super::calls::{calls, keyed};
use super::verification::{FACE_PASS, Verifier};
use super::{Answer, Gateway, Session};

/// The order for a visit's consultation fee, from the account as far as it goes.
pub fn fee_order(visit_id: &str) -> PlaceOrderRequest {
    PlaceOrderRequest {
        kind: OrderKind::Consultation.into(),
        visit_id: visit_id.to_owned(),
        fulfilment: Fulfilment::None.into(),
        use_account: true,
        ..Default::default()
    }
}

/// What a person types and shows to be verified. Personal, so it prints nothing.
#[derive(Clone)]
pub struct Citizen {
    /// Name as on the card.
    pub name: String,
    /// `psn_cert_type`, e.g. 01 identity card, 08 foreign passport, 17 residence permit.
    pub cert_type: String,
    /// `certno`.
    pub certno: String,
    /// Mainland mobile.
    pub phone: String,
}

/// A signed-in person.
#[derive(Clone)]
pub struct Patient {
    session: Session,
    person_id: String,
    citizen: Citizen,
}

keyed!(Patient);

impl Patient {
    /// Verifies and signs in with the person's own app.
    pub async fn register(gateway: &Gateway, citizen: &Citizen) -> Answer<Patient> {
        Patient::enter(&Session::anonymous(gateway), citizen, Purpose::Register).await
    }

    /// Signs a registered person in again.
    pub async fn sign_in(gateway: &Gateway, citizen: &Citizen) -> Answer<Patient> {
        Patient::enter(&Session::anonymous(gateway), citizen, Purpose::SignIn).await
    }

    /// Verifies and signs in through `through`: a platform's session, or an anonymous one.
    pub async fn enter(through: &Session, citizen: &Citizen, purpose: Purpose) -> Answer<Patient> {
        let verifier = Verifier::new(through);
        let verification = verifier.walk(citizen, purpose, FACE_PASS).await?;
        let reply = verifier.sign_in(SignInRequest { verification_id: verification.verification_id }).await?;
        let session = Session::person(through, reply.tokens.unwrap_or_default());
        Ok(Patient { session, person_id: reply.person_id, citizen: citizen.clone() })
    }

    pub fn person_id(&self) -> &str {
        &self.person_id
    }

    pub fn citizen(&self) -> &Citizen {
        &self.citizen
    }

    /// Shows the face once more for `purpose`; a complete verification is good once.
    pub async fn verify_again(&self, purpose: Purpose) -> Answer<Verification> {
        Verifier::new(&self.session).walk(&self.citizen, purpose, FACE_PASS).await
    }

    /// The verification steps one by one, as this person.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(&self.session)
    }

    /// What the insurance knows about the caller.
    pub async fn me(&self) -> Answer<Person> {
        Ok(self.get_me(GetMeRequest {}).await?.person.unwrap_or_default())
    }

    /// Asks `holder` to lend: the caller is treated, the holder pays, and is the caller's `relation`.
    pub async fn ask_relative(&self, holder: &Citizen, relation: &str, region: &str) -> Answer<MutualAid> {
        let body = FileMutualAidRequest {
            holder_cert_type: holder.cert_type.clone(),
            holder_name: holder.name.clone(),
            holder_certno: holder.certno.clone(),
            relation: relation.to_owned(),
            region: region.to_owned(),
        };
        Ok(self.file_mutual_aid(body).await?.mutual_aid.unwrap_or_default())
    }

    /// The holder agrees, with a face pass made for this purpose.
    pub async fn consent(&self, mutual_aid_id: &str) -> Answer<MutualAid> {
        let verification_id = self.verify_again(Purpose::MutualAid).await?.verification_id;
        let body = ConsentMutualAidRequest { mutual_aid_id: mutual_aid_id.to_owned(), verification_id };
        Ok(self.consent_mutual_aid(body).await?.mutual_aid.unwrap_or_default())
    }

    /// As guardian of `child`, for minutes: every call is the child's, made by this person.
    pub async fn act_for(&self, guardianship_id: &str, child: &Citizen) -> Answer<Patient> {
        let body = ActForChildRequest { guardianship_id: guardianship_id.to_owned() };
        let reply = self.act_for_child(body).await?;
        let token = reply.tokens.unwrap_or_default().access_token;
        let session = Session::fixed(self.session.gateway(), &token);
        Ok(Patient { session, person_id: reply.person_id, citizen: child.clone() })
    }

    /// Places the order for a visit's consultation fee.
    pub async fn place_fee(&self, visit_id: &str) -> Answer<Order> {
        self.place(fee_order(visit_id)).await
    }

    /// Places an order.
    pub async fn place(&self, body: PlaceOrderRequest) -> Answer<Order> {
        Ok(self.place_order(body).await?.order.unwrap_or_default())
    }

    /// One own order.
    pub async fn order(&self, order_id: &str) -> Answer<Order> {
        Ok(self.get_order(GetOrderRequest { order_id: order_id.to_owned() }).await?.order.unwrap_or_default())
    }

    /// Confirms the order's present quote and pays.
    pub async fn pay(&self, order: &Order, channel: Channel) -> Answer<Order> {
        let body = PayOrderRequest {
            order_id: order.order_id.clone(),
            quote_id: order.quote.as_ref().map(|quote| quote.quote_id.clone()).unwrap_or_default(),
            channel: channel.into(),
            payer: None,
        };
        Ok(self.pay_order(body).await?.order.unwrap_or_default())
    }

    /// Cancels, or takes a paid order back.
    pub async fn cancel(&self, order_id: &str) -> Answer<Order> {
        Ok(self
            .cancel_order(CancelOrderRequest { order_id: order_id.to_owned() })
            .await?
            .order
            .unwrap_or_default())
    }

    /// The payment of an order.
    pub async fn payment(&self, order_id: &str) -> Answer<Payment> {
        let body = GetPaymentRequest { order_id: order_id.to_owned(), ..Default::default() };
        Ok(self.get_payment(body).await?.payment.unwrap_or_default())
    }

    /// The order's story so far.
    pub async fn story(&self, order_id: &str) -> Answer<Vec<StoryEvent>> {
        let body = WatchOrderRequest { order_id: order_id.to_owned(), after_sequence: 0, stop_at_end: true };
        Ok(self.watch_order(body).await?.into_iter().filter_map(|reply| reply.event).collect())
    }

    /// The delivery of an order and the code to show the courier.
    pub async fn delivery(&self, order_id: &str) -> Answer<GetDeliveryResponse> {
        self.get_delivery(GetDeliveryRequest { order_id: order_id.to_owned(), ..Default::default() }).await
    }

    /// Balance, holds and what is free of the own personal account.
    pub async fn account(&self) -> Answer<GetAccountResponse> {
        self.get_account(GetAccountRequest {}).await
    }
}

calls!(Patient {
    read get_me: Persons.get_me(GetMeRequest) -> GetMeResponse;
    write file_mutual_aid: Persons.file_mutual_aid(FileMutualAidRequest) -> FileMutualAidResponse;
    write consent_mutual_aid: Persons.consent_mutual_aid(ConsentMutualAidRequest) -> ConsentMutualAidResponse;
    write withdraw_mutual_aid: Persons.withdraw_mutual_aid(WithdrawMutualAidRequest) -> WithdrawMutualAidResponse;
    read list_mutual_aid: Persons.list_mutual_aid(ListMutualAidRequest) -> ListMutualAidResponse;
    write issue_insurance_code: Persons.issue_insurance_code(IssueInsuranceCodeRequest) -> IssueInsuranceCodeResponse;
    write file_guardian: Guardians.file_guardian(FileGuardianRequest) -> FileGuardianResponse;
    write end_guardian: Guardians.end_guardian(EndGuardianRequest) -> EndGuardianResponse;
    read list_guardians: Guardians.list_guardians(ListGuardiansRequest) -> ListGuardiansResponse;
    write act_for_child: Guardians.act_for_child(ActForChildRequest) -> ActForChildResponse;
    read list_access_records: Persons.list_access_records(ListAccessRecordsRequest) -> ListAccessRecordsResponse;

    read list_slots: Visits.list_slots(ListSlotsRequest) -> ListSlotsResponse;
    write book_visit: Visits.book_visit(BookVisitRequest) -> BookVisitResponse;
    write cancel_visit: Visits.cancel_visit(CancelVisitRequest) -> CancelVisitResponse;
    read list_my_visits: Visits.list_my_visits(ListMyVisitsRequest) -> ListMyVisitsResponse;
    read get_visit: Visits.get_visit(GetVisitRequest) -> GetVisitResponse;
    read get_signed_document: Prescribing.get_signed_document(GetSignedDocumentRequest) -> GetSignedDocumentResponse;
    read get_prescription: Prescriptions.get_prescription(GetPrescriptionRequest) -> GetPrescriptionResponse;
    read list_my_prescriptions: Prescriptions.list_my_prescriptions(ListMyPrescriptionsRequest) -> ListMyPrescriptionsResponse;
    write present_prescription: Prescriptions.present_prescription(PresentPrescriptionRequest) -> PresentPrescriptionResponse;

    read get_drug: Catalogue.get_drug(GetDrugRequest) -> GetDrugResponse;
    read search_drugs: Catalogue.search_drugs(SearchDrugsRequest) -> SearchDrugsResponse;
    read search_offers: Offers.search_offers(SearchOffersRequest) -> SearchOffersResponse;
    read find_pharmacies: Offers.find_pharmacies(FindPharmaciesRequest) -> FindPharmaciesResponse;

    write place_order: Orders.place_order(PlaceOrderRequest) -> PlaceOrderResponse;
    write requote_order: Orders.requote_order(RequoteOrderRequest) -> RequoteOrderResponse;
    write pay_order: Orders.pay_order(PayOrderRequest) -> PayOrderResponse;
    read get_order: Orders.get_order(GetOrderRequest) -> GetOrderResponse;
    read list_orders: Orders.list_orders(ListOrdersRequest) -> ListOrdersResponse;
    write cancel_order: Orders.cancel_order(CancelOrderRequest) -> CancelOrderResponse;
    stream watch_order: Orders.watch_order(WatchOrderRequest) -> WatchOrderResponse;

    read get_quote: Quotes.get_quote(GetQuoteRequest) -> GetQuoteResponse;
    read get_payment: Payments.get_payment(GetPaymentRequest) -> GetPaymentResponse;
    read get_account: Accounts.get_account(GetAccountRequest) -> GetAccountResponse;
    read list_holds: Accounts.list_holds(ListHoldsRequest) -> ListHoldsResponse;
    read list_statement: Accounts.list_statement(ListStatementRequest) -> ListStatementResponse;

    read quote_delivery: Deliveries.quote_delivery(QuoteDeliveryRequest) -> QuoteDeliveryResponse;
    read get_delivery: Deliveries.get_delivery(GetDeliveryRequest) -> GetDeliveryResponse;
    stream track_delivery: Deliveries.track_delivery(TrackDeliveryRequest) -> TrackDeliveryResponse;
});
