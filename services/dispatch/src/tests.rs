//! Use cases on a real database, with identity and the courier company played by the test.

mod contacts;
mod outside;

use liufang_kernel::{Fault as _, Fen, Sensitive, Timestamp};
use liufang_platform::testing::{World, world};
use liufang_platform::{Call, CallMeta, Clock as _, Principal, PrincipalKind};
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::identity::v1 as identity;
use liufang_proto::identity::v1::institution_service_server::{InstitutionService, InstitutionServiceServer};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::app::*;
use crate::domain::delivery::{FailedAttempt, State};
use crate::domain::geo::Point;
use crate::error::DispatchError;

const BEIJING: &str = include_str!("../../../deploy/regions/beijing.toml");
const SHOP: Point = Point { lat_e6: 39_900_000, lng_e6: 116_400_000 };
const DOOR: Point = Point { lat_e6: 39_910_000, lng_e6: 116_410_000 };
const PHARMACY: &str = "P11010500001";

struct Identity;

#[async_trait::async_trait]
impl InstitutionService for Identity {
    async fn get_institution(
        &self,
        request: Request<identity::GetInstitutionRequest>,
    ) -> Result<Response<identity::GetInstitutionResponse>, Status> {
        let institution = identity::Institution {
            fixmedins_code: request.into_inner().fixmedins_code,
            location: Some(GeoPoint { lat_e6: SHOP.lat_e6, lng_e6: SHOP.lng_e6 }),
            ..Default::default()
        };
        Ok(Response::new(identity::GetInstitutionResponse { institution: Some(institution) }))
    }

    async fn import_institutions(
        &self,
        _: Request<identity::ImportInstitutionsRequest>,
    ) -> Result<Response<identity::ImportInstitutionsResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }

    async fn import_agreement_notice(
        &self,
        _: Request<identity::ImportAgreementNoticeRequest>,
    ) -> Result<Response<identity::ImportAgreementNoticeResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }

    async fn list_institutions(
        &self,
        _: Request<identity::ListInstitutionsRequest>,
    ) -> Result<Response<identity::ListInstitutionsResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }

    async fn import_practitioners(
        &self,
        _: Request<identity::ImportPractitionersRequest>,
    ) -> Result<Response<identity::ImportPractitionersResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }

    async fn get_practitioner(
        &self,
        _: Request<identity::GetPractitionerRequest>,
    ) -> Result<Response<identity::GetPractitionerResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }

    async fn list_practitioners(
        &self,
        _: Request<identity::ListPractitionersRequest>,
    ) -> Result<Response<identity::ListPractitionersResponse>, Status> {
        Err(Status::unimplemented("not played here"))
    }
}

struct House {
    world: World,
    app: App,
    company: outside::Company,
}

impl House {
    async fn build() -> House {
        let world = world(crate::ROLE, crate::MIGRATIONS, &[BEIJING]).await;
        let company = outside::Company::default();
        world.bind([
            ("identity", Routes::new(InstitutionServiceServer::new(Identity))),
            ("hook.courier", company.routes()),
        ]);
        let app = App::new(&world.deps);
        House { world, app, company }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn call<T>(&self, kind: PrincipalKind, subject: &str, body: T) -> Call<T> {
        let principal = Principal { kind, subject: subject.to_owned(), ..Principal::default() };
        let meta = CallMeta {
            principal,
            method: "/test".to_owned(),
            idempotency_key: Some(self.world.deps.ids.next("key")),
            request_hash: "hash".to_owned(),
            now: self.now(),
        };
        Call { meta, body }
    }

    fn order<T>(&self, body: T) -> Call<T> {
        self.call(PrincipalKind::Service, "order", body)
    }

    fn courier<T>(&self, code: &str, body: T) -> Call<T> {
        self.call(PrincipalKind::Courier, code, body)
    }

    fn create(&self, order_id: &str, cold_chain: bool) -> Call<Create> {
        self.order(Create {
            order_id: order_id.to_owned(),
            person_id: "psn_1".to_owned(),
            fixmedins_code: PHARMACY.to_owned(),
            region: "110000".to_owned(),
            platform: "jd".to_owned(),
            to: DOOR.into(),
            address: Sensitive::new("测试路1号".to_owned()),
            recipient_name: Sensitive::new("测试甲".to_owned()),
            recipient_phone: Sensitive::new("19900001234".to_owned()),
            cold_chain,
            fee: Fen(600),
        })
    }

    async fn shift(&self, code: &str, cold_box: bool) {
        let shift = StartShift { position: SHOP, region: "110000".to_owned(), capacity: 5, cold_box };
        self.app.start_shift(self.courier(code, shift)).await.unwrap();
    }

    /// A delivery in the courier's hands: its id and the recipient's code.
    async fn picked_up(&self, courier: &str) -> (String, String) {
        self.shift(courier, true).await;
        let view = self.app.create(self.create("ord_1", true)).await.unwrap();
        let ready = self.app.mark_ready(self.order("ord_1".to_owned())).await.unwrap();
        assert_eq!(self.app.assign_step().await.unwrap(), 1);
        let id = view.delivery_id;
        let picked = self.pick_up(courier, &id, &ready.hand_over_code).await.unwrap();
        assert_eq!(picked.state, State::PickedUp);
        let call = self.call(PrincipalKind::Patient, "psn_1", Which::Delivery(id.clone()));
        (id, self.app.get(call).await.unwrap().recipient_code)
    }

    async fn pick_up(&self, courier: &str, id: &str, code: &str) -> Result<View, DispatchError> {
        let body = ConfirmPickUp {
            delivery_id: id.to_owned(),
            hand_over_code: Sensitive::new(code.to_owned()),
            at: self.now(),
        };
        self.app.confirm_pick_up(self.courier(courier, body)).await
    }

    async fn deliver(&self, courier: &str, id: &str, code: &str) -> Result<View, DispatchError> {
        let body = ConfirmDelivery {
            delivery_id: id.to_owned(),
            recipient_code: Sensitive::new(code.to_owned()),
            at: self.now(),
        };
        self.app.confirm_delivery(self.courier(courier, body)).await
    }

    async fn notes(&self, id: &str) -> String {
        let points = self.app.track_after(id, 0).await.unwrap();
        let numbered = points.iter().zip(1..).all(|(point, number)| point.sequence == number);
        assert!(numbered, "the tracking has no gaps");
        points.into_iter().map(|point| point.note).collect::<Vec<_>>().join(" ")
    }
}

#[track_caller]
fn refused<T>(result: Result<T, DispatchError>, reason: &str) {
    match result {
        Ok(_) => panic!("not refused with {reason}"),
        Err(error) => assert_eq!(error.doc().reason, reason),
    }
}

#[tokio::test]
async fn quotes_by_distance_and_refuses_what_is_too_far() {
    let house = House::build().await;
    let quote = |to: Point| Quote {
        fixmedins_code: PHARMACY.to_owned(),
        to: to.into(),
        cold_chain: false,
        region: "110000".to_owned(),
    };
    let quoted = house.app.quote(house.order(quote(DOOR))).await.unwrap();
    assert_eq!((quoted.delivery_fee, quoted.packing_fee, quoted.eta_seconds), (Fen(500), Fen(100), 3600));
    let far = Point { lat_e6: DOOR.lat_e6 + 200_000, ..DOOR };
    refused(house.app.quote(house.order(quote(far))).await, "OUT_OF_AREA");
    let elsewhere = Quote { region: "999999".to_owned(), ..quote(DOOR) };
    refused(house.app.quote(house.order(elsewhere)).await, "DELIVERY_NOT_OFFERED");
}

#[tokio::test]
async fn from_the_pharmacy_to_the_door() {
    let house = House::build().await;
    let (id, code) = house.picked_up("c1").await;
    let delivered = house.deliver("c1", &id, &code).await.unwrap();
    assert_eq!(delivered.state, State::Delivered);
    assert_eq!(delivered.recipient_phone, "199****1234", "the contact is gone with the delivery");
    let again = house.deliver("c1", &id, "000000").await.unwrap();
    assert_eq!(again.version, delivered.version, "a scan that comes again changes nothing");
    assert_eq!(house.notes(&id).await, "waiting ready assigned picked_up delivered");
    assert!(house.app.may_track(&Principal::service("order"), &id).await.unwrap());
}

#[tokio::test]
async fn one_delivery_per_order() {
    let house = House::build().await;
    let first = house.app.create(house.create("ord_1", false)).await.unwrap();
    let again = house.app.create(house.create("ord_1", false)).await.unwrap();
    assert_eq!(first.delivery_id, again.delivery_id);
    let mut other = house.create("ord_1", false);
    other.body.fee = Fen(1);
    refused(house.app.create(other).await, "DELIVERY_EXISTS");
}

#[tokio::test]
async fn everybody_sees_only_what_they_may() {
    let house = House::build().await;
    let (id, _) = house.picked_up("c1").await;
    let look = |kind, subject: &str| house.app.get(house.call(kind, subject, Which::Delivery(id.clone())));
    let patient = look(PrincipalKind::Patient, "psn_1").await.unwrap();
    assert_eq!(patient.view.recipient_phone, "199****1234");
    assert!(patient.view.door.is_some() && patient.recipient_code.len() == 6);
    let courier = look(PrincipalKind::Courier, "c1").await.unwrap();
    assert_eq!(courier.view.recipient_phone, "19900001234");
    assert!(courier.recipient_code.is_empty());
    let platform = look(PrincipalKind::Platform, "jd").await.unwrap();
    assert!(platform.view.door.is_none() && platform.view.address.is_empty());
    assert!(platform.recipient_code.is_empty());
    for (kind, subject) in [
        (PrincipalKind::Patient, "psn_2"),
        (PrincipalKind::Courier, "c2"),
        (PrincipalKind::Platform, "meituan"),
        (PrincipalKind::Platform, ""),
        (PrincipalKind::Pos, "P11010500002"),
    ] {
        refused(look(kind, subject).await, "DELIVERY_NOT_FOUND");
    }
}

#[tokio::test]
async fn guesses_are_counted_and_throttled() {
    let house = House::build().await;
    let (id, code) = house.picked_up("c1").await;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    for _ in 0..5 {
        refused(house.deliver("c1", &id, wrong).await, "CODE_WRONG");
    }
    refused(house.deliver("c1", &id, &code).await, "CODE_GUESSING");
    house.world.clock.advance_seconds(601);
    assert_eq!(house.deliver("c1", &id, &code).await.unwrap().state, State::Delivered);
}

#[tokio::test]
async fn parallel_guesses_do_not_outrun_the_count() {
    let house = House::build().await;
    let (id, code) = house.picked_up("c1").await;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    let guesses = futures::future::join_all((0..20).map(|_| house.deliver("c1", &id, wrong))).await;
    let reasons: Vec<String> =
        guesses.into_iter().filter_map(Result::err).map(|error| error.doc().reason.to_string()).collect();
    let wrong = reasons.iter().filter(|reason| *reason == "CODE_WRONG").count();
    assert!(reasons.len() == 20 && wrong <= 5, "{reasons:?}");
}

#[tokio::test]
async fn two_attempts_then_back_to_the_pharmacy() {
    let house = House::build().await;
    let (id, code) = house.picked_up("c1").await;
    let fail = |at: Timestamp| {
        let body = ReportFailedAttempt { delivery_id: id.clone(), reason: FailedAttempt::NoOneHome, at };
        house.app.report_failed_attempt(house.courier("c1", body))
    };
    let first = house.now();
    assert_eq!(fail(first).await.unwrap().failed_attempts, 1);
    assert_eq!(fail(first).await.unwrap().failed_attempts, 1, "the same attempt told twice");
    let back =
        |id: String, at| house.app.confirm_return(house.courier("c1", ConfirmReturn { delivery_id: id, at }));
    refused(back(id.clone(), first).await, "DELIVERY_ATTEMPTS_LEFT");
    let second = fail(first.plus_seconds(30)).await.unwrap();
    assert_eq!((second.state, second.failed_attempts), (State::Returning, 2));
    refused(house.app.cancel(house.order("ord_1".to_owned())).await, "DELIVERY_PICKED_UP");
    assert_eq!(back(id.clone(), house.now()).await.unwrap().state, State::Returned);
    refused(house.deliver("c1", &id, &code).await, "DELIVERY_RETURNED");
    let notes = house.notes(&id).await;
    assert!(notes.ends_with("attempt_failed:no_one_home attempt_failed:no_one_home returned"), "{notes}");
    let points = house.app.track_after(&id, 0).await.unwrap();
    let placed: Vec<_> =
        points.iter().filter(|point| point.position.is_some()).map(|p| p.note.as_str()).collect();
    assert_eq!(placed, ["picked_up", "returned"], "never where the recipient lives");
}

#[tokio::test]
async fn a_courier_of_one_region_works_there() {
    let house = House::build().await;
    let start = |region: &str| {
        let shift = StartShift { position: SHOP, region: "110000".to_owned(), capacity: 5, cold_box: false };
        let mut call = house.courier("c1", shift);
        call.meta.principal.region = region.to_owned();
        house.app.start_shift(call)
    };
    refused(start("130300").await, "CALLER_NOT_ALLOWED");
    refused(
        house
            .app
            .report_position(house.courier("c1", ReportPosition { position: SHOP, at: house.now() }))
            .await,
        "COURIER_NOT_ON_SHIFT",
    );
    start("110000").await.unwrap();
}

#[tokio::test]
async fn an_ended_shift_gives_its_assignments_to_others() {
    let house = House::build().await;
    house.shift("c1", false).await;
    house.app.create(house.create("ord_1", false)).await.unwrap();
    house.app.mark_ready(house.order("ord_1".to_owned())).await.unwrap();
    house.app.assign_step().await.unwrap();
    assert_eq!(house.app.list_assignments(house.courier("c1", ())).await.unwrap().len(), 1);
    house.app.end_shift(house.courier("c1", ())).await.unwrap();
    assert!(house.app.list_assignments(house.courier("c1", ())).await.unwrap().is_empty());
    assert_eq!(house.app.assign_step().await.unwrap(), 0, "nobody is there");
    house.shift("c2", false).await;
    house.app.assign_step().await.unwrap();
    let assigned = house.app.list_assignments(house.courier("c2", ())).await.unwrap();
    assert_eq!(assigned[0].recipient_name, "测试甲");
    assert_eq!(house.app.assign_step().await.unwrap(), 0, "a second look changes nothing");
    let cancelled = house.app.cancel(house.order("ord_1".to_owned())).await.unwrap().unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    let again = house.app.cancel(house.order("ord_1".to_owned())).await.unwrap().unwrap();
    assert_eq!(again.version, cancelled.version);
    assert!(house.app.cancel(house.order("ord_9".to_owned())).await.unwrap().is_none());
}

#[tokio::test]
async fn late_positions_change_nothing() {
    let house = House::build().await;
    let (id, _) = house.picked_up("c1").await;
    let report = |position: Point, at: Timestamp| {
        house.app.report_position(house.courier("c1", ReportPosition { position, at }))
    };
    let now = house.now();
    report(DOOR, now.plus_seconds(20)).await.unwrap();
    report(SHOP, now.plus_seconds(5)).await.unwrap();
    let points = house.app.track_after(&id, 0).await.unwrap();
    let positions: Vec<_> = points.iter().filter(|point| point.note == "position").collect();
    assert_eq!(positions.len(), 1);
    assert_eq!(positions[0].position, Some(DOOR));
    refused(
        house.app.report_position(house.courier("c9", ReportPosition { position: SHOP, at: now })).await,
        "COURIER_NOT_ON_SHIFT",
    );
}

#[tokio::test]
async fn warm_boxes_raise_an_alarm() {
    let house = House::build().await;
    let (id, _) = house.picked_up("c1").await;
    let log = |tenths_celsius, seconds| {
        let at = house.now().plus_seconds(seconds);
        let body = LogTemperature { delivery_id: id.clone(), tenths_celsius, at };
        house.app.log_temperature(house.courier("c1", body))
    };
    assert!(log(45, 0).await.unwrap());
    assert!(!log(95, 1).await.unwrap());
    assert!(house.notes(&id).await.ends_with("temperature_alarm"));
}
