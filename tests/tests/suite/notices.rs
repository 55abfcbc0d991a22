//! What a hospital's own system is told through its hook (7108, 7109): under one id however often the answer is lost, in order, with
//! the money and the lots of what was handed out; what it never answered it asks for again.

use std::path::Path;

use liufang::client::His;
use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::{
    GetPrescriptionRequest, ListNoticesRequest, Notice, NoticeState, Prescription, RedeliverNoticesRequest,
    ReviewRequest,
};
use liufang_proto::sandbox::v1::{Dial, HospitalBookRow, ListHospitalBookRequest};
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, behaviour, eventually};

use super::cast::*;

// A hospital with a system of its own needs a configuration of its own, so these worlds are made here.
behaviour!(own a_hospital_is_told_once_and_in_order);
behaviour!(own what_was_given_up_is_asked_for_again);

mod two_pharmacists_where_the_region_says_so {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        let packs = tempfile::tempdir().unwrap();
        for name in ["beijing.toml", "qinhuangdao.toml"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/regions").join(name);
            let pack = std::fs::read_to_string(path).unwrap();
            let two = pack.replacen("first_visit_online", "second_review_long = true\nfirst_visit_online", 1);
            std::fs::write(packs.path().join(name), two).unwrap();
        }
        let mut settings = settings();
        settings.push(format!("regions_dir=\"{}\"", packs.path().display()));
        run_in(World::start_with(Shape::Sqlite, &settings).await, two_pharmacists).await;
    }
}

fn settings() -> Vec<String> {
    vec![
        "hooks.hospital=\"sandbox\"".to_owned(),
        format!("role.prescription.hospitals=[\"{HOSPITAL}=hospital\"]"),
    ]
}

async fn run(shape: Shape, test: impl AsyncFnOnce(&mut World)) {
    run_in(World::start_with(shape, &settings()).await, test).await;
}

async fn two_pharmacists(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let claim = cast.claim(&order).await;
    let pos = cast.pos(SHOP);
    let review = async |second: &str| {
        let token = async |code: &str| pos.token_of(&cast.practitioner(code)).await.unwrap();
        let body = ReviewRequest {
            hi_rxno: claim.hi_rxno.clone(),
            secret: claim.secret.clone(),
            pharmacist_token: token(SHOP_PHARMACIST).await,
            pass: true,
            opinion: "处方适宜，可以调配".to_owned(),
            second_pharmacist_token: if second.is_empty() { String::new() } else { token(second).await },
        };
        pos.review(body).await
    };
    let refusal = refused_as(review("").await, "SECOND_REVIEW_NEEDED");
    assert_eq!(refusal.meta("cause"), "LONG");
    refused_as(review(SHOP_PHARMACIST).await, "PRACTITIONER_NOT_ALLOWED");
    review("YS130302000002").await.unwrap();
    let body = GetPrescriptionRequest { hi_rxno: rx.hi_rxno.clone() };
    let seen = cast.his(HOSPITAL).get_prescription(body).await.unwrap().prescription.unwrap();
    let both = (seen.pharmacy_pharmacist_code.as_str(), seen.second_pharmacist_code.as_str());
    assert_eq!(both, (SHOP_PHARMACIST, "YS130302000002"));
    eventually("the hospital is told", || async {
        let rows = book(&cast, &rx).await;
        rows.first().filter(|row| row.taken).map(|_| ())
    })
    .await;
}

const REVIEW: &str = "HospitalHook/NotifyReview";

async fn book(cast: &Cast, rx: &Prescription) -> Vec<HospitalBookRow> {
    let body = ListHospitalBookRequest { hi_rxno: rx.hi_rxno.clone() };
    cast.public().list_hospital_book(body).await.unwrap().rows
}

async fn waiting(his: &His) -> Vec<Notice> {
    his.list_notices(ListNoticesRequest::default()).await.unwrap().notices
}

/// Kinds, and how often each came.
fn came(rows: &[HospitalBookRow]) -> Vec<(&str, i32)> {
    rows.iter().map(|row| (row.kind.as_str(), row.times)).collect()
}

async fn a_hospital_is_told_once_and_in_order(world: &mut World) {
    let cast = Cast::of(world).await;
    let his = cast.his(HOSPITAL);
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    cast.public().dial(REVIEW, Dial::LoseAnswer, 1, &rx.hi_rxno).await.unwrap();
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let (order, claimed) = cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    eventually("the review lands and its answer is lost", || async {
        waiting(&his).await.first().filter(|notice| notice.attempts == 1).map(|_| ())
    })
    .await;
    let order = cast.pay(&patient, &order).await;
    cast.dispense(&order, SHOP_PHARMACIST, &claimed.secret).await;
    eventually("what was handed out is to be told", || async {
        (waiting(&his).await.len() == 2).then_some(())
    })
    .await;
    assert_eq!(came(&book(&cast, &rx).await), [("review", 1)], "the settlement waits behind the review");
    assert!(waiting(&cast.his(OTHER_HOSPITAL)).await.is_empty(), "the issuing hospital's alone");
    world.clock.advance_seconds(11);
    eventually("everything is taken", || async { waiting(&his).await.is_empty().then_some(()) }).await;
    let rows = book(&cast, &rx).await;
    assert_eq!(came(&rows), [("review", 2), ("settlement", 1)], "one id, however often it came");
    assert!(rows.iter().all(|row| row.taken && row.fixmedins_code == HOSPITAL));
    assert!(rows[0].sequence < rows[1].sequence);
    let paid = &rows[1];
    assert_eq!((paid.paid_fen, paid.lots, paid.reversed), (quote(&order).total_fen, 2, false));
}

async fn what_was_given_up_is_asked_for_again(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    cast.public().dial(REVIEW, Dial::LoseRequest, 0, &rx.hi_rxno).await.unwrap();
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    world.expect_log("notice given up");
    world.clock.advance_seconds(8 * 86_400);
    let cast = Cast::of(world).await;
    let his = cast.his(HOSPITAL);
    let given_up = eventually("the notice is given up", || async {
        waiting(&his).await.into_iter().find(|notice| notice.state() == NoticeState::GivenUp)
    })
    .await;
    assert_eq!(given_up.hi_rxno, rx.hi_rxno);
    let patient = cast.patient(1).await;
    cast.order_in(&patient, &order.order_id, OrderState::Cancelled).await;
    cast.public().dial(REVIEW, Dial::Unspecified, 0, &rx.hi_rxno).await.unwrap();
    let body = RedeliverNoticesRequest { notice_ids: vec![given_up.notice_id.clone()] };
    refused_as(cast.his(OTHER_HOSPITAL).redeliver_notices(body.clone()).await, "NOTICE_NOT_FOUND");
    his.redeliver_notices(body.clone()).await.unwrap();
    eventually("it is taken", || async { waiting(&his).await.is_empty().then_some(()) }).await;
    let rows = book(&cast, &rx).await;
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!((row.notice_id.as_str(), row.times), (given_up.notice_id.as_str(), 1));
    refused_as(his.redeliver_notices(body).await, "NOTICE_NOT_FOUND");
}
