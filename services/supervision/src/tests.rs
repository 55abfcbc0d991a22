//! Events to cases on a real database, through the bus's own consumers, with the peers played by the test.

use liufang_kernel::{Fault as _, Timestamp};
use liufang_platform::testing::{World, world};
use liufang_platform::{Call, CallMeta, Clock as _, Event, Module, Principal, PrincipalKind};
use liufang_proto::identity::v1 as identity;
use liufang_proto::identity::v1::institution_service_server::{InstitutionService, InstitutionServiceServer};
use liufang_proto::inventory::v1 as inventory;
use liufang_proto::prescription::v1 as prescription;
use liufang_proto::prescription::v1::prescription_service_server::{
    PrescriptionService, PrescriptionServiceServer,
};
use liufang_proto::settlement::v1 as settlement;
use prost::{Message, Name};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::app::*;
use crate::domain::case::{Kind, State};
use crate::store::cases::Case;

const QINHUANGDAO: &str = include_str!("../../../deploy/regions/qinhuangdao.toml");
const SHOP: &str = "P13030200001";
const OTHER: &str = "P13030200002";
/// Its agreement is suspended.
const SUSPENDED: &str = "P13030200009";
const DRUG: &str = "XC07ABM000A001010100001";

struct Peers;

macro_rules! play {
    ($service:ident, $package:ident, { $($played:item)* } $($request:ident, $response:ident, $name:ident;)*) => {
        #[async_trait::async_trait]
        impl $service for Peers {
            $($played)*
            $(
                async fn $name(
                    &self,
                    _: Request<$package::$request>,
                ) -> Result<Response<$package::$response>, Status> {
                    Err(Status::unimplemented("not played here"))
                }
            )*
        }
    };
}

play! { InstitutionService, identity, {
    async fn get_institution(
        &self,
        request: Request<identity::GetInstitutionRequest>,
    ) -> Result<Response<identity::GetInstitutionResponse>, Status> {
        let code = request.into_inner().fixmedins_code;
        let suspended = code == SUSPENDED;
        let mut institution = identity::Institution { fixmedins_code: code, ..Default::default() };
        institution.set_agreement_state(match suspended {
            true => identity::AgreementState::Suspended,
            false => identity::AgreementState::Active,
        });
        Ok(Response::new(identity::GetInstitutionResponse { institution: Some(institution) }))
    }
}
    ImportInstitutionsRequest, ImportInstitutionsResponse, import_institutions;
    ImportAgreementNoticeRequest, ImportAgreementNoticeResponse, import_agreement_notice;
    ListInstitutionsRequest, ListInstitutionsResponse, list_institutions;
    ImportPractitionersRequest, ImportPractitionersResponse, import_practitioners;
    GetPractitionerRequest, GetPractitionerResponse, get_practitioner;
    ListPractitionersRequest, ListPractitionersResponse, list_practitioners;
}

play! { PrescriptionService, prescription, {
    async fn get_prescription(
        &self,
        _: Request<prescription::GetPrescriptionRequest>,
    ) -> Result<Response<prescription::GetPrescriptionResponse>, Status> {
        let line = prescription::RxLine {
            med_list_codg: DRUG.to_owned(),
            medc_days: "13.5".to_owned(),
            ..Default::default()
        };
        let prescription = prescription::Prescription { lines: vec![line], ..Default::default() };
        Ok(Response::new(prescription::GetPrescriptionResponse { prescription: Some(prescription) }))
    }
}
    ListMyPrescriptionsRequest, ListMyPrescriptionsResponse, list_my_prescriptions;
    PresentPrescriptionRequest, PresentPrescriptionResponse, present_prescription;
    NominateRequest, NominateResponse, nominate;
    ReleaseNominationRequest, ReleaseNominationResponse, release_nomination;
}

struct House {
    world: World,
    app: App,
    module: Module,
}

impl House {
    async fn build() -> House {
        let world = world(crate::ROLE, crate::MIGRATIONS, &[QINHUANGDAO]).await;
        world.bind([
            ("identity", Routes::new(InstitutionServiceServer::new(Peers))),
            ("prescription", Routes::new(PrescriptionServiceServer::new(Peers))),
        ]);
        let (app, module) = (App::new(&world.deps), crate::module(world.deps.clone()));
        House { world, app, module }
    }

    /// Delivers an event twice, as a bus may.
    async fn hear<M: Message + Name>(&self, body: M) {
        let event = Event {
            id: self.world.deps.ids.next("evt"),
            topic: M::full_name(),
            key: "key".to_owned(),
            payload: body.encode_to_vec(),
            traceparent: String::new(),
            at: self.world.clock.now(),
        };
        let consumer = self.module.consumers.iter().find(|consumer| consumer.topic == event.topic);
        for _ in 0..2 {
            consumer.unwrap().deliver(event.clone()).await.unwrap();
        }
    }

    fn call<T>(&self, region: &str, body: T) -> Call<T> {
        let principal = Principal {
            kind: PrincipalKind::Supervisor,
            subject: "inspector".to_owned(),
            region: region.to_owned(),
            ..Principal::default()
        };
        let meta = CallMeta {
            principal,
            method: "/test".to_owned(),
            idempotency_key: Some(self.world.deps.ids.next("key")),
            request_hash: "hash".to_owned(),
            now: self.world.clock.now(),
        };
        Call { meta, body }
    }

    async fn cases(&self) -> Vec<Case> {
        self.page("", None, 200).await.cases
    }

    async fn page(&self, region: &str, before: Option<(i64, String)>, page_size: i64) -> Page {
        let list = ListCases { state: None, fixmedins_code: String::new(), before, page_size };
        self.app.list_cases(self.call(region, list)).await.unwrap()
    }

    async fn sell(&self, order_id: &str, fixmedins_code: &str, quantity: &str, codes: &[&str]) {
        let row = inventory::Movement {
            med_list_codg: DRUG.to_owned(),
            quantity: quantity.to_owned(),
            trace_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
            ..Default::default()
        };
        self.hear(inventory::StockSold {
            order_id: order_id.to_owned(),
            fixmedins_code: fixmedins_code.to_owned(),
            sales: vec![row],
            at_us: day(10).0,
        })
        .await;
    }
}

/// A moment in 2026.
fn day(n: i64) -> Timestamp {
    Timestamp(1_767_240_000_000_000).plus_days(n)
}

fn kinds(cases: &[Case]) -> Vec<(Kind, i32)> {
    cases.iter().map(|case| (case.kind, case.occurrences)).collect()
}

#[tokio::test]
async fn a_resold_code_is_one_case_however_often_it_is_tried() {
    let house = House::build().await;
    for order_id in ["o1", "o2"] {
        house
            .hear(inventory::TraceCodeResold {
                drug_trac_codg: "81000010000000000001".to_owned(),
                fixmedins_code: SHOP.to_owned(),
                sold_by_fixmedins_code: OTHER.to_owned(),
                order_id: order_id.to_owned(),
                at_us: day(1).0,
            })
            .await;
    }
    let cases = house.cases().await;
    assert_eq!(kinds(&cases), [(Kind::TraceCodeResold, 2)]);
    assert_eq!((cases[0].sev_deg.as_str(), cases[0].region.as_str()), ("1", "130300"));
    assert!(cases[0].evidence.contains("o2"));
}

#[tokio::test]
async fn sales_are_compared_with_codes_and_agreements() {
    let house = House::build().await;
    house.sell("o1", SHOP, "-2", &["a", "b"]).await;
    assert!(house.cases().await.is_empty());
    house.sell("o2", OTHER, "-1", &["a"]).await;
    house.sell("o3", SHOP, "-3", &["c"]).await;
    house.sell("o4", SUSPENDED, "-1", &["d"]).await;
    let mut found = kinds(&house.cases().await);
    found.sort_by_key(|(kind, _)| kind.word());
    let expected = [(Kind::AgreementBreach, 1), (Kind::SaleWithoutStock, 1), (Kind::TraceCodeResold, 1)];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_returned_code_may_be_sold_again() {
    let house = House::build().await;
    house.sell("o1", SHOP, "-1", &["a"]).await;
    let row = inventory::Movement { trace_codes: vec!["a".to_owned()], ..Default::default() };
    house
        .hear(inventory::StockReturned {
            order_id: "o1".to_owned(),
            fixmedins_code: SHOP.to_owned(),
            returns: vec![row],
            at_us: day(11).0,
        })
        .await;
    house.sell("o2", SHOP, "-1", &["a"]).await;
    assert!(house.cases().await.is_empty());
}

#[tokio::test]
async fn prices_are_compared_within_the_region() {
    let house = House::build().await;
    let price = async |fixmedins_code: &str, old: &str, new: &str, at: i64| {
        let body = inventory::PriceChanged {
            fixmedins_code: fixmedins_code.to_owned(),
            med_list_codg: DRUG.to_owned(),
            old_price: old.to_owned(),
            new_price: new.to_owned(),
            at_us: day(at).0,
        };
        house.hear(body).await;
    };
    for code in ["P13030200002", "P13030200003", "P13030200004"] {
        price(code, "", "10", 1).await;
    }
    price(SHOP, "", "15", 1).await;
    assert!(house.cases().await.is_empty());
    price(SHOP, "10", "31", 3).await;
    price(SHOP, "10", "99", 2).await; // late news
    let cases = house.cases().await;
    assert_eq!(kinds(&cases), [(Kind::PriceOutOfRange, 2)], "jump and range are one case");
    assert_eq!(cases[0].sev_deg, "2");
}

#[tokio::test]
async fn the_same_drug_too_soon_at_another_pharmacy() {
    let house = House::build().await;
    let dispense = async |order: &str, pharmacy: &str, at: Timestamp| {
        let body = prescription::PrescriptionDispensed {
            hi_rxno: format!("rx-{order}"),
            order_id: order.to_owned(),
            fixmedins_code: pharmacy.to_owned(),
            person_id: "psn_1".to_owned(),
            med_list_codgs: vec![DRUG.to_owned()],
            at_us: at.0,
        };
        house.hear(body).await;
    };
    dispense("o1", SHOP, day(0)).await;
    dispense("o2", OTHER, day(7)).await; // fourteen days less a week
    assert!(house.cases().await.is_empty());
    dispense("o3", SHOP, day(9)).await;
    let cases = house.cases().await;
    assert_eq!((cases[0].subject.as_str(), cases[0].sev_deg.as_str()), ("o3", "2"));
    assert!(!cases[0].evidence.contains("psn_1"));
}

#[tokio::test]
async fn the_fund_view_books_refunds_on_their_own_day() {
    let house = House::build().await;
    let refund = |payment_id: &str| settlement::PaymentRefunded {
        payment_id: payment_id.to_owned(),
        at_us: day(2).0,
        ..Default::default()
    };
    house.hear(refund("pay_2")).await; // told before its payment
    // a part went back the day before the rest did
    let part = settlement::PaymentPartlyRefunded {
        payment_id: "pay_2".to_owned(),
        refund_id: "ref_1".to_owned(),
        fund_pay_sumamt_fen: 100,
        acct_pay_fen: 5,
        at_us: day(1).0,
        ..Default::default()
    };
    house.hear(part).await;
    for (payment_id, fund) in [("pay_1", 700), ("pay_2", 300)] {
        let body = settlement::PaymentCaptured {
            payment_id: payment_id.to_owned(),
            fixmedins_code: SHOP.to_owned(),
            fund_pay_sumamt_fen: fund,
            acct_pay_fen: 20,
            acct_mulaid_pay_fen: 3,
            psn_cash_pay_fen: 1,
            at_us: day(1).0,
            ..Default::default()
        };
        house.hear(body).await;
    }
    let view = async |region: &str| {
        let span =
            FundView { from: "2026-01-01".into(), to: "2026-12-31".into(), fixmedins_code: String::new() };
        let rows = house.app.fund_view(house.call(region, span)).await.unwrap();
        let told = |row: crate::domain::fund::Row| {
            (row.day, row.amounts.fund.0, row.amounts.account.0, row.settlements)
        };
        rows.into_iter().map(told).collect::<Vec<_>>()
    };
    let expected = [("2026-01-02".to_owned(), 900, 35, 2), ("2026-01-03".to_owned(), -200, -15, 0)];
    assert_eq!(view("").await, expected);
    assert_eq!(view("130300").await, expected);
    assert!(view("110000").await.is_empty());
}

#[tokio::test]
async fn a_case_is_inspected_and_closed_and_a_new_finding_opens_a_new_one() {
    let house = House::build().await;
    house.sell("o1", SUSPENDED, "-1", &["a"]).await;
    let case_id = house.cases().await[0].case_id.clone();
    let inspecting = house.app.start_inspection(house.call("130300", case_id.clone())).await.unwrap();
    assert_eq!(inspecting.state, State::Inspecting);
    house.sell("o2", SUSPENDED, "-1", &["b"]).await;
    let close = |outcome: &str| house.app.close_case(house.call("", (case_id.clone(), outcome.to_owned())));
    let closed = close("warned").await.unwrap();
    assert_eq!((closed.state, closed.occurrences), (State::Closed, 2));
    close("warned").await.unwrap();
    assert_eq!(close("fined").await.unwrap_err().doc().reason, "CASE_CLOSED");
    let hidden = house.app.get_case(house.call("110000", case_id.clone())).await;
    assert_eq!(hidden.unwrap_err().doc().reason, "CASE_NOT_FOUND");
    house.sell("o3", SUSPENDED, "-1", &["c"]).await;
    assert_eq!(house.cases().await.len(), 2);
    let first = house.page("", None, 1).await;
    let second = house.page("", first.next.clone(), 1).await;
    assert!(first.next.is_some() && second.next.is_none());
    assert_ne!(first.cases[0].case_id, second.cases[0].case_id);
}
