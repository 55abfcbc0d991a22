//! Refusals of care found by review: who may claim, what a return may not undo, whose insurance an agency may touch, how often
//! one may guess, and what is no refusal at all.

use futures::future::join_all;
use liufang::client::Patient;
use liufang_proto::identity::v1::{
    AgreementChange, DecodeInsuranceCodeRequest, ImportAgreementNoticeRequest, ImportPersonsRequest,
    Insurance, PersonRow,
};
use liufang_proto::inventory::v1::{GetStockRequest, Lot, SetLotStateRequest};
use liufang_proto::order::v1::{OrderState, ReturnOrderRequest};
use liufang_proto::prescription::v1::{BookVisitRequest, ClaimRequest};
use liufang_tests::{World, behaviour, eventually};
use sea_orm::{ConnectionTrait, Statement};

use super::cast::*;

behaviour!(everywhere a_suspended_pharmacy_claims_nothing);
behaviour!(everywhere the_first_prescription_is_read_in_the_visit_that_renews_it);
behaviour!(everywhere a_return_does_not_undo_a_recall);
behaviour!(everywhere insurance_that_is_suspended_elsewhere_is_left_alone);
behaviour!(everywhere of_many_guesses_at_once_ten_are_compared);
// announces a line of the log that is read in one process alone
behaviour!(sqlite a_key_that_another_request_took_is_no_refusal);
behaviour!(everywhere nobody_unverified_orders);

/// Row 163: Beijing, 5 089 yuan.
const RICH: u32 = 163;

async fn notice(cast: &Cast, shop: &str, change: &str, date: &str) {
    let row = AgreementChange {
        fixmedins_code: shop.to_owned(),
        effective_date: date.to_owned(),
        change: change.to_owned(),
    };
    let body = ImportAgreementNoticeRequest { notice: format!("示例公告 {change}"), rows: vec![row] };
    let answer = cast.operator().import_agreement_notice(body).await.unwrap();
    assert!(answer.errors.is_empty(), "{}", show(&answer.errors));
}

async fn a_suspended_pharmacy_claims_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    notice(&cast, SHOP, "suspended", &cast.today()).await;
    let claim = ClaimRequest { epc_token: item.epc_token };
    let refusal = refused_as(cast.pos(SHOP).claim(claim).await, "INSTITUTION_NOT_DESIGNATED");
    assert_eq!(refusal.meta("cause"), "AGREEMENT");
    // the patient goes elsewhere with it
    let order = patient.place(cast.filling(&rx, SHOP_2, None)).await.unwrap();
    cast.claim(&order).await;
}

async fn the_first_prescription_is_read_in_the_visit_that_renews_it(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let first = cast.prescribed(&patient, two_drugs(4)).await;
    let slot = cast.slot(DOCTOR_2).await;
    let body = BookVisitRequest { first_rx_ref: first.hosp_rxno.clone(), ..cast.booking(&slot, "M03900") };
    let visit = patient.book_visit(body).await.unwrap().visit.unwrap();
    let fee = patient.place_fee(&visit.visit_id).await.unwrap();
    let paid = cast.pay(&patient, &fee).await;
    cast.order_in(&patient, &paid.order_id, OrderState::Completed).await;
    let read = cast.take(&visit, DOCTOR_2).await.unwrap().first_prescription.expect("written here");
    assert_eq!((&read.hi_rxno, &read.hosp_rxno), (&first.hi_rxno, &first.hosp_rxno));
    assert_eq!(show(&read.lines), show(&first.lines), "line by line");
}

async fn lots(cast: &Cast) -> Vec<Lot> {
    let body = GetStockRequest { med_list_codgs: vec![GRANULES.to_owned()] };
    let levels = cast.pos(OTC_SHOP).get_stock(body).await.unwrap().levels;
    levels.into_iter().flat_map(|level| level.lots).collect()
}

async fn a_return_does_not_undo_a_recall(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    let order = cast.paid_otc(&patient, RICH).await;
    cast.dispense(&order, OTC_PHARMACIST, "").await;
    let sold = cast.movements(OTC_SHOP, &order.order_id).await;
    let sold = sold.iter().find(|row| row.med_list_codg == GRANULES).expect("a sale").manu_lotnum.clone();
    let before = lots(&cast).await;
    let lot = before.iter().find(|lot| lot.manu_lotnum == sold).expect("the lot it came from");
    let recall = SetLotStateRequest {
        lot_id: lot.lot_id.clone(),
        state: "recalled".to_owned(),
        reason: "召回".to_owned(),
    };
    cast.pos(OTC_SHOP).set_lot_state(recall).await.unwrap();
    let back = ReturnOrderRequest {
        order_id: order.order_id.clone(),
        reason: "召回".to_owned(),
        ..Default::default()
    };
    cast.pos(OTC_SHOP).return_order(back).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    let after = lots(&cast).await;
    let states: Vec<&str> =
        after.iter().filter(|lot| lot.manu_lotnum == sold).map(|lot| lot.state.as_str()).collect();
    assert_eq!(states, ["recalled", "recalled"], "the lot itself and what came back of it");
}

/// A person of the seed with one insurance row.
fn insured(cast: &Cast, row: u32, place: &str, state: i32) -> ImportPersonsRequest {
    let citizen = cast.citizen(row);
    let insurance = Insurance {
        insutype: "310".to_owned(),
        psn_type: "1101".to_owned(),
        insuplc_admdvs: place.to_owned(),
        state,
        begin_date: "2015-01-01".to_owned(),
        end_date: String::new(),
    };
    let person = PersonRow {
        psn_name: citizen.name,
        certno: citizen.certno,
        insurances: vec![insurance],
        ..PersonRow::default()
    };
    ImportPersonsRequest { rows: vec![person] }
}

async fn insurance_that_is_suspended_elsewhere_is_left_alone(world: &mut World) {
    let cast = Cast::of(world).await;
    let suspended = cast.operator().import_persons(insured(&cast, 1, "130302", 2)).await.unwrap();
    assert!(suspended.errors.is_empty());
    let beijing = cast.agency(BEIJING);
    let answer = beijing.import_persons(insured(&cast, 1, "110105", 1)).await.unwrap();
    let reasons: Vec<&str> = answer.errors.iter().map(|error| error.reason.as_str()).collect();
    assert_eq!(reasons, ["OUTSIDE_REGION"]);
    // ended there, the person may move
    let ended = cast.operator().import_persons(insured(&cast, 1, "130302", 4)).await.unwrap();
    assert!(ended.errors.is_empty());
    let answer = beijing.import_persons(insured(&cast, 1, "110105", 1)).await.unwrap();
    assert!(answer.errors.is_empty(), "{}", show(&answer.errors));
}

async fn of_many_guesses_at_once_ten_are_compared(world: &mut World) {
    let cast = Cast::of(world).await;
    let pos = cast.pos(OTC_SHOP);
    let guess = |number: u32| {
        let (pos, code) = (pos.clone(), format!("{number:028}"));
        async move {
            let body = DecodeInsuranceCodeRequest { code, business_type: "02121".to_owned() };
            refused(pos.decode_insurance_code(body).await).reason
        }
    };
    let told = join_all((0..40).map(guess)).await;
    let count = |reason: &str| told.iter().filter(|told| *told == reason).count();
    assert_eq!((count("INSURANCE_CODE_INVALID"), count("CODE_GUESSING")), (10, 30), "{told:?}");
}

async fn run(world: &World, role: &str, sql: &str, value: &str) {
    let database = world.database(role).await;
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, [value.into()]);
    database.execute_raw(statement).await.unwrap();
}

async fn a_key_that_another_request_took_is_no_refusal(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", RICH).await;
    let order = cast.unpaid_otc(&patient, RICH).await;
    patient.cancel(&order.order_id).await.unwrap();
    world.expect_log("saga step is stuck");
    // the step is made again, and its key was used with another request
    run(world, "inventory", "UPDATE idempotency SET request_hash = $1", "another").await;
    let again = "UPDATE journal SET state = 'open', attempts = 0, next_at_us = 0 \
                 WHERE order_id = $1 AND step = 'release'";
    run(world, "order", again, &order.order_id).await;
    let database = world.database("order").await;
    eventually("the step was tried and stays open", || async {
        let sql = "SELECT state, attempts FROM journal WHERE order_id = $1 AND step = 'release'";
        let values = [order.order_id.clone().into()];
        let query = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
        let row = database.query_one_raw(query).await.unwrap().expect("the step");
        let state: String = row.try_get("", "state").unwrap();
        let attempts: i32 = row.try_get("", "attempts").unwrap();
        assert_eq!(state, "open", "taken for a refusal");
        (4 <= attempts).then_some(())
    })
    .await;
}

async fn nobody_unverified_orders(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient: Patient = cast.patient_through("jd", RICH).await;
    // a registration that was taken back
    let forget = "UPDATE person SET verified_at_us = NULL WHERE person_id = $1";
    run(world, "identity", forget, patient.person_id()).await;
    let basket = Basket::of(GRANULES, 1, cast.door(RICH));
    refused_as(basket.place(&patient).await, "IDENTITY_NOT_VERIFIED");
    assert!(patient.list_orders(Default::default()).await.unwrap().orders.is_empty());
}
