use std::pin::Pin;

use liufang_proto::common::v1::GeoPoint;
use liufang_proto::identity::v1 as identity;
use liufang_proto::identity::v1::institution_service_server::{InstitutionService, InstitutionServiceServer};
use liufang_proto::inventory::v1 as pb;
use liufang_proto::inventory::v1::reservation_service_client::ReservationServiceClient;
use liufang_proto::prescription::v1 as prescription;
use liufang_proto::prescription::v1::prescription_service_server::{
    PrescriptionService, PrescriptionServiceServer,
};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::*;
use crate::app::{FindPharmacies, PriceBasket, SearchDrugs, SearchOffers};
use crate::domain::LineReason;
use crate::domain::geo::Point;

const HOSPITAL: &str = "H13030200001";

/// Identity with a hospital and two pharmacies; prescription with one of the patient `per_1`.
#[derive(Clone)]
struct Peer;

fn institution(code: &str, lng_e6: i32) -> identity::Institution {
    identity::Institution {
        fixmedins_code: code.into(),
        fixmedins_name: format!("机构{code}"),
        region: "130300".into(),
        location: Some(GeoPoint { lat_e6: 39_900_000, lng_e6 }),
        agreement_state: identity::AgreementState::Active.into(),
        ..Default::default()
    }
}

type Unplayed<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

// written out as `async_trait` would: it does not look into macros
macro_rules! unused {
    ($($name:ident: $request:ident -> $response:ident in $package:ident),* $(,)?) => {
        $(fn $name<'life0, 'async_trait>(
            &'life0 self,
            _: Request<$package::$request>,
        ) -> Unplayed<'async_trait, $package::$response>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async { Err(Status::unimplemented("not played")) })
        })*
    };
}

#[tonic::async_trait]
impl InstitutionService for Peer {
    async fn get_institution(
        &self,
        request: Request<identity::GetInstitutionRequest>,
    ) -> Result<Response<identity::GetInstitutionResponse>, Status> {
        let institution = Some(institution(&request.into_inner().fixmedins_code, 119_600_000));
        Ok(Response::new(identity::GetInstitutionResponse { institution }))
    }

    async fn list_institutions(
        &self,
        request: Request<identity::ListInstitutionsRequest>,
    ) -> Result<Response<identity::ListInstitutionsResponse>, Status> {
        // one a page
        let second = request.into_inner().page.is_some_and(|page| !page.page_token.is_empty());
        let institutions =
            vec![if second { institution(OTHER_SHOP, 119_610_000) } else { institution(SHOP, 119_620_000) }];
        let next_page_token = if second { String::new() } else { "2".into() };
        Ok(Response::new(identity::ListInstitutionsResponse { institutions, next_page_token }))
    }

    unused! {
        import_institutions: ImportInstitutionsRequest -> ImportInstitutionsResponse in identity,
        import_agreement_notice: ImportAgreementNoticeRequest -> ImportAgreementNoticeResponse in identity,
        import_practitioners: ImportPractitionersRequest -> ImportPractitionersResponse in identity,
        get_practitioner: GetPractitionerRequest -> GetPractitionerResponse in identity,
        list_practitioners: ListPractitionersRequest -> ListPractitionersResponse in identity,
    }
}

#[tonic::async_trait]
impl PrescriptionService for Peer {
    async fn get_prescription(
        &self,
        request: Request<prescription::GetPrescriptionRequest>,
    ) -> Result<Response<prescription::GetPrescriptionResponse>, Status> {
        let line = |line_no, dispensed: &str| prescription::RxLine {
            line_no,
            med_list_codg: AMLODIPINE.into(),
            drug_cnt: "2".into(),
            drug_pric: "20".into(),
            dispensed_cnt: dispensed.into(),
            medc_days: "28".into(),
            ..Default::default()
        };
        let found = prescription::Prescription {
            hi_rxno: request.into_inner().hi_rxno,
            person_id: "per_1".into(),
            fixmedins_code: HOSPITAL.into(),
            state: prescription::PrescriptionState::Active.into(),
            lines: vec![line(1, ""), line(2, "2")],
            ..Default::default()
        };
        Ok(Response::new(prescription::GetPrescriptionResponse { prescription: Some(found) }))
    }

    unused! {
        list_my_prescriptions: ListMyPrescriptionsRequest -> ListMyPrescriptionsResponse in prescription,
        present_prescription: PresentPrescriptionRequest -> PresentPrescriptionResponse in prescription,
        nominate: NominateRequest -> NominateResponse in prescription,
        release_nomination: ReleaseNominationRequest -> ReleaseNominationResponse in prescription,
    }
}

fn bind(shop: &Shop) {
    let deps = shop.world.deps.clone();
    shop.world.bind([
        ("identity", Routes::new(InstitutionServiceServer::new(Peer))),
        ("prescription", Routes::new(PrescriptionServiceServer::new(Peer))),
        ("inventory", crate::module(deps).routes),
    ]);
}

fn patient(person: &str) -> Principal {
    Principal { kind: PrincipalKind::Patient, subject: person.into(), ..Principal::default() }
}

#[tokio::test]
async fn pharmacies_that_fill_every_line_come_first() {
    let shop = shop().await;
    bind(&shop);
    shop.stock(vec![purchase("1", "B1", "2027-12-31", 2, &[])]).await;
    let find = |person: &str, include_refused| {
        let near = Point::new(39_900_000, 119_600_000);
        let body = FindPharmacies { hi_rxno: "rx".into(), near, include_refused };
        shop.app.find_pharmacies(shop.call(patient(person), body))
    };
    assert_eq!(reason(find("per_2", true).await), "PRESCRIPTION_NOT_FOUND");
    let filling = find("per_1", false).await.unwrap();
    let codes: Vec<_> = filling.iter().map(|offer| offer.institution.fixmedins_code.as_str()).collect();
    assert_eq!(codes, [SHOP]);
    assert_eq!(
        (filling[0].lines.len(), filling[0].total.0),
        (1, 3980),
        "the dispensed line is not asked again"
    );
    assert!((1_000..3_000).contains(&filling[0].distance_m), "{}", filling[0].distance_m);
    let all = find("per_1", true).await.unwrap();
    let refusals: Vec<_> =
        all.iter().map(|offer| (offer.institution.fixmedins_code.as_str(), offer.lines[0].refusal)).collect();
    let expected =
        [(SHOP, None), (HOSPITAL, Some(LineReason::NotListed)), (OTHER_SHOP, Some(LineReason::ShortStock))];
    assert_eq!(refusals, expected);
}

#[tokio::test]
async fn lots_that_do_not_last_fill_nothing() {
    let shop = shop().await;
    bind(&shop);
    let in_days = |days| liufang_kernel::timestamp::date_text(shop.now().plus_days(days).china_date());
    shop.stock(vec![purchase("1", "B1", &in_days(27), 9, &[])]).await;
    let find = || {
        let body = FindPharmacies { hi_rxno: "rx".into(), near: None, include_refused: true };
        shop.app.find_pharmacies(shop.call(patient("per_1"), body))
    };
    let answer = |offers: Vec<crate::domain::offer::Offer>| {
        let own = offers.into_iter().find(|offer| offer.institution.fixmedins_code == SHOP).unwrap();
        (own.lines[0].available, own.lines[0].refusal)
    };
    assert_eq!(answer(find().await.unwrap()), (Quantity::ZERO, Some(LineReason::ShortStock)));
    let price = |use_days| {
        let asks = vec![crate::domain::Ask { use_days, ..ask(1, AMLODIPINE, 2) }];
        let body = PriceBasket { institution: SHOP.into(), asks, online_otc: false };
        shop.app.price_basket(shop.call(Principal::service("order"), body))
    };
    assert_eq!(reason(price(28).await), "SHORT_STOCK");
    assert_eq!(price(27).await.unwrap().len(), 1);
    shop.stock(vec![purchase("2", "B2", &in_days(28), 2, &[])]).await;
    assert_eq!(answer(find().await.unwrap()), (Quantity::whole(2), None));
    assert_eq!(price(28).await.unwrap().len(), 1);
}

#[tokio::test]
async fn baskets_are_priced_or_refused_by_line() {
    let shop = shop().await;
    shop.stock(vec![purchase("1", "B1", "2027-12-31", 2, &[])]).await;
    let price = |asks, online_otc| {
        let body = PriceBasket { institution: SHOP.into(), asks, online_otc };
        shop.app.price_basket(shop.call(Principal::service("order"), body))
    };
    let lines = price(vec![ask(1, AMLODIPINE, 2)], false).await.unwrap();
    assert_eq!(lines[0].amount.0, 3980);
    assert_eq!(reason(price(vec![ask(1, AMLODIPINE, 2)], true).await), "RX_NOT_ALLOWED");
    let mut dear = ask(1, AMLODIPINE, 2);
    (dear.hospital_price, dear.prescribed_code) = (Some("19.8".parse().unwrap()), Some(AMLODIPINE.into()));
    assert_eq!(reason(price(vec![dear], false).await), "PRICE_ABOVE_HOSPITAL");
    assert_eq!(reason(price(vec![ask(1, AMLODIPINE, 3)], false).await), "SHORT_STOCK");
    assert_eq!(reason(price(vec![ask(1, "XC08CAB037A001020180999", 1)], false).await), "NOT_LISTED");
}

#[tokio::test]
async fn offers_near_a_point_page_nearest_first() {
    let shop = shop().await;
    bind(&shop);
    let mut row = purchase("1", "V1", "2027-12-31", 1, &[]);
    row.med_list_codg = OTHER_DRUG.into();
    shop.stock(vec![row]).await;
    let search = |query: &str, after, page_size| {
        let near = Point::new(39_900_000, 119_600_000).unwrap();
        let (query, region) = (query.into(), "130300".into());
        let body =
            SearchOffers { query, near, radius_m: 5_000, region, only_hi_mark: true, after, page_size };
        shop.app.search_offers(shop.call(patient("per_1"), body))
    };
    let first = search("维生素", None, 1).await.unwrap();
    assert_eq!((first.items[0].fixmedins_code.as_str(), first.items[0].in_stock), (OTHER_SHOP, false));
    let token: Vec<&str> = first.next.split('|').collect();
    let after = Some((token[0].parse().unwrap(), token[1].to_owned(), token[2].to_owned()));
    let second = search("维生素", after, 1).await.unwrap();
    assert_eq!((second.items[0].fixmedins_code.as_str(), second.items[0].in_stock), (SHOP, true));
    assert!(second.next.is_empty());
    assert!(
        search("氨氯地平", None, 9).await.unwrap().items.is_empty(),
        "prescription drugs are not offered"
    );
}

#[tokio::test]
async fn drugs_are_found_by_name_maker_and_code() {
    let shop = shop().await;
    let search = |query: &str, rx_flag| {
        let body =
            SearchDrugs { query: query.into(), only_hi_mark: false, rx_flag, after: None, page_size: 1 };
        shop.app.search_drugs(shop.call(patient("per_1"), body))
    };
    assert_eq!(search("xc08", None).await.unwrap().items[0].med_list_codg, AMLODIPINE);
    assert_eq!(search("甲厂", Some(RxFlag::Otc)).await.unwrap().items[0].med_list_codg, OTHER_DRUG);
    assert!(!search("甲厂", None).await.unwrap().next.is_empty());
    assert!(search("%", None).await.unwrap().items.is_empty(), "wildcards are letters");
}

#[tokio::test]
async fn the_order_role_reserves_over_the_mesh_and_others_may_not() {
    let shop = shop().await;
    bind(&shop);
    shop.stock(vec![purchase("1", "B1", "2027-12-31", 2, &[])]).await;
    let request = || {
        let line = pb::BasketLine {
            line_no: 1,
            med_list_codg: AMLODIPINE.into(),
            quantity: "2".into(),
            ..Default::default()
        };
        let body = pb::ReserveRequest {
            order_id: "o1".into(),
            fixmedins_code: SHOP.into(),
            lines: vec![line],
            expires_at_us: shop.now().plus_seconds(900).0,
        };
        liufang_platform::outgoing::keyed(body, "o1:reserve")
    };
    let client = |role| ReservationServiceClient::new(shop.world.directory.peers(role).mesh("inventory"));
    let reply = client("order").reserve(request()).await.unwrap().into_inner();
    assert_eq!(reply.reservation.unwrap().picks.len(), 1);
    assert!(client("dispatch").reserve(request()).await.is_err());
}
