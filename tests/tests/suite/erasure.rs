//! A person is erased through the gateway: not while anything stands, then everywhere at once, and the books agree.

use liufang::client::{Agency, Refusal};
use liufang_proto::identity::v1::{
    AccessRecord, ErasePersonRequest, ErasureGround, ImportPersonsRequest, Insurance, InsuranceState,
    PersonRow,
};
use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::CancelVisitRequest;
use liufang_proto::settlement::v1::{CreditAccountsRequest, CreditRow};
use liufang_tests::{World, audit, behaviour};

use super::cast::*;

behaviour!(everywhere a_person_is_erased_when_nothing_stands);

const ROW: u32 = 1;

async fn erase(agency: &Agency, person_id: &str) -> Result<i64, Refusal> {
    let body = ErasePersonRequest {
        person_id: person_id.to_owned(),
        ground: ErasureGround::RetentionEnded.into(),
        case_no: "QHD-2026-1".to_owned(),
    };
    Ok(agency.erase_person(body).await?.erased_at_us)
}

fn needed_by(answer: Result<i64, Refusal>) -> String {
    let refusal = refused_as(answer, "PERSON_NEEDED");
    refusal.meta("needed_by").to_owned()
}

/// What is left on an account leaves it.
async fn paid_out(cast: &Cast, person_id: &str, fen: i64) {
    let row = CreditRow {
        row_key: format!("closing-{person_id}"),
        person_id: person_id.to_owned(),
        amount_fen: -fen,
        region: QINHUANGDAO.to_owned(),
        kind: "closing".to_owned(),
    };
    let done = cast.operator().credit_accounts(CreditAccountsRequest { rows: vec![row] }).await.unwrap();
    assert_eq!((done.taken, done.errors.len()), (1, 0));
}

/// The row of the seed with insurance that has ended, or goes on.
async fn import(cast: &Cast, agency: &Agency, ended: bool) -> String {
    let citizen = cast.citizen(ROW);
    let (state, end) = match ended {
        true => (InsuranceState::Ended, "2020-01-31"),
        false => (InsuranceState::Normal, ""),
    };
    let insurance = Insurance {
        insutype: "310".to_owned(),
        psn_type: "11".to_owned(),
        insuplc_admdvs: "130302".to_owned(),
        state: state.into(),
        begin_date: "2015-01-01".to_owned(),
        end_date: end.to_owned(),
    };
    let row = PersonRow {
        psn_name: citizen.name,
        certno: citizen.certno,
        phone: citizen.phone,
        insurances: vec![insurance],
        ..Default::default()
    };
    let mut taken = agency.import_persons(ImportPersonsRequest { rows: vec![row] }).await.unwrap();
    assert!(taken.errors.is_empty());
    taken.person_ids.remove(0)
}

/// Nothing once the gateway has heard, which takes it two seconds at most.
fn until_ended<T>(answer: Result<T, Refusal>) -> Option<T> {
    answer.inspect_err(|refusal| assert_eq!(refusal.reason, "SIGN_IN_ENDED")).ok()
}

/// Everybody who read something has a word for why, the erasure is the newest.
fn all_named(records: &[AccessRecord]) {
    let words: Vec<&str> = records.iter().map(|record| record.purpose.as_str()).collect();
    assert_eq!(words[0], "erasure");
    for word in ["book_visit", "sign_prescription", "claim", "order", "quote"] {
        assert!(words.contains(&word), "{word} is missing in {words:?}");
    }
    let unnamed =
        records.iter().filter(|record| record.purpose_zh.is_empty() || record.purpose_en.is_empty());
    assert_eq!(unnamed.count(), 0);
}

async fn a_person_is_erased_when_nothing_stands(world: &mut World) {
    let cast = Cast::of(world).await;
    let agency = cast.agency(QINHUANGDAO);
    let patient = cast.patient(ROW).await;
    let person = patient.person_id().to_owned();
    let visit = cast.booked(&patient, DOCTOR_2, "M03900").await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    assert_eq!(needed_by(erase(&agency, &person).await), "insurance_not_ended");
    assert_eq!(import(&cast, &agency, true).await, person);
    assert_eq!(needed_by(erase(&agency, &person).await), "visit_open");
    let body = CancelVisitRequest { visit_id: visit.visit_id };
    patient.cancel_visit(body).await.unwrap();
    assert_eq!(needed_by(erase(&agency, &person).await), "prescription_in_force");
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    assert_eq!(needed_by(erase(&agency, &person).await), "order_open");
    let order = cast.collect(&patient, &order.order_id).await;
    assert_eq!(order.state, OrderState::Completed as i32);
    refused_as(erase(&cast.agency(BEIJING), &person).await, "OUTSIDE_REGION");
    assert_eq!(needed_by(erase(&agency, &person).await), "account_balance");
    let left = patient.account().await.unwrap().balance_fen;
    paid_out(&cast, &person, left).await;
    assert_eq!(patient.account().await.unwrap().balance_fen, 0);

    let first = erase(&agency, &person).await.unwrap();
    assert_eq!(erase(&agency, &person).await.unwrap(), first);
    let gone = patient.me().await.err().expect("nobody is there any more").reason;
    assert!(["PERSON_NOT_FOUND", "SIGN_IN_ENDED"].contains(&gone.as_str()), "{gone}");
    // what was sold stays sold, under the opaque id, and until the gateway hears that the sign-in has ended its token still sees it,
    // and who read what
    if let Some(order) = until_ended(patient.order(&order.order_id).await) {
        assert_eq!(order.person_id, person);
    }
    if let Some(found) = until_ended(patient.list_access_records(Default::default()).await) {
        all_named(&found.records);
    }
    cast.books_agree().await;
    let said = audit::agrees(&world.config).await;
    assert!(said.differences.is_empty(), "{}", said.summary);

    let anew = import(&cast, &agency, false).await;
    assert_ne!(anew, person);
    assert_eq!(cast.patient(ROW).await.person_id(), anew);
}
