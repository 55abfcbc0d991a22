//! A caller without credential: what anybody may see, and the sandbox's books and dials.

use liufang_proto::identity::v1::{
    GetInstitutionRequest, GetInstitutionResponse, GetKeySetRequest, GetKeySetResponse,
    ListInstitutionsRequest, ListInstitutionsResponse, ListPractitionersRequest, ListPractitionersResponse,
};
use liufang_proto::inventory::v1::{
    GetDrugRequest, GetDrugResponse, SearchDrugsRequest, SearchDrugsResponse, SearchOffersRequest,
    SearchOffersResponse,
};
use liufang_proto::prescription::v1::{ListSlotsRequest, ListSlotsResponse};
use liufang_proto::sandbox::v1::{
    Dial, ListChannelBookRequest, ListChannelBookResponse, ListHospitalBookRequest, ListHospitalBookResponse,
    ListInsurerBookRequest, ListInsurerBookResponse, ListMessagesRequest, ListMessagesResponse,
    SetDialRequest, SetDialResponse,
};
use liufang_proto::settlement::v1::{NotifyPaymentRequest, NotifyPaymentResponse};

use super::calls::{calls, keyed};
use super::verification::Verifier;
use super::{Answer, Gateway, Session};

/// Anybody.
#[derive(Clone)]
pub struct Public {
    session: Session,
}

keyed!(Public);

impl Public {
    pub fn new(gateway: &Gateway) -> Public {
        Public { session: Session::anonymous(gateway) }
    }

    /// The verification steps one by one, without a credential.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(&self.session)
    }

    /// Turns a failure dial of the sandbox for the next `calls` calls of `method` that carry `match_text`.
    pub async fn dial(&self, method: &str, dial: Dial, calls: i32, match_text: &str) -> Answer<()> {
        let body = SetDialRequest {
            method: method.to_owned(),
            dial: dial.into(),
            calls,
            r#match: match_text.to_owned(),
        };
        self.set_dial(body).await.map(|_| ())
    }
}

calls!(Public {
    read get_key_set: Tokens.get_key_set(GetKeySetRequest) -> GetKeySetResponse;
    read get_institution: Institutions.get_institution(GetInstitutionRequest) -> GetInstitutionResponse;
    read list_institutions: Institutions.list_institutions(ListInstitutionsRequest) -> ListInstitutionsResponse;
    read list_practitioners: Institutions.list_practitioners(ListPractitionersRequest) -> ListPractitionersResponse;
    read get_drug: Catalogue.get_drug(GetDrugRequest) -> GetDrugResponse;
    read search_drugs: Catalogue.search_drugs(SearchDrugsRequest) -> SearchDrugsResponse;
    read search_offers: Offers.search_offers(SearchOffersRequest) -> SearchOffersResponse;
    read list_slots: Visits.list_slots(ListSlotsRequest) -> ListSlotsResponse;
    /// The channel's notice; anybody may send one, only signed ones count.
    write notify_payment: Payments.notify_payment(NotifyPaymentRequest) -> NotifyPaymentResponse;
    read list_messages: Sandbox.list_messages(ListMessagesRequest) -> ListMessagesResponse;
    write set_dial: Sandbox.set_dial(SetDialRequest) -> SetDialResponse;
    read list_channel_book: Sandbox.list_channel_book(ListChannelBookRequest) -> ListChannelBookResponse;
    read list_hospital_book: Sandbox.list_hospital_book(ListHospitalBookRequest) -> ListHospitalBookResponse;
    read list_insurer_book: Sandbox.list_insurer_book(ListInsurerBookRequest) -> ListInsurerBookResponse;
});
