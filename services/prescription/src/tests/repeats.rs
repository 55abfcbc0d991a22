//! A series signed once: number of uses, windows, the interval between two dispensings.

use liufang_proto::prescription::v1 as pb;
use sea_orm::{ConnectionTrait, Statement};

use super::peers::*;
use super::world::*;

const DAY: i64 = 86_400;
const REVOKED: i32 = pb::PrescriptionState::Revoked as i32;

/// Three uses of four weeks, each open for a week, four weeks between two dispensings.
fn three_uses(sheet: &mut pb::PreVerifyRequest) {
    sheet.long_rx = true;
    sheet.repeat = Some(pb::Repeat { uses: 3, interval_days: 28, window_days: 7, min_interval_days: 28 });
}

async fn mine(town: &Town) -> Vec<pb::Prescription> {
    let body = pb::ListMyPrescriptionsRequest::default();
    let answer = town.prescriptions().list_my_prescriptions(town.ask(Who::Patient(PATIENT), body)).await;
    let mut all = taken(answer).unwrap().prescriptions;
    all.sort_by_key(|rx| rx.use_no);
    all
}

async fn filled(town: &Town, rx: &pb::Prescription) -> String {
    let id = rx.hi_rxno.as_str();
    let secret = town.claimed(id, "ord_1").await;
    town.review(id, &secret, true).await.unwrap();
    let today = town.get(Who::Pos(PHARMACY), id).await.unwrap();
    assert!(today.findings == rx.findings, "the other uses of a series are no duplicates of this one");
    let lines: Vec<_> =
        rx.lines.iter().map(|line| (line.line_no, line.med_list_codg.as_str(), "4")).collect();
    town.dispense(id, &secret, &lines).await.unwrap();
    secret
}

#[tokio::test]
async fn every_use_is_a_prescription_with_a_window_of_its_own() {
    let town = town().await;
    let first = town.active_with("S-1", three_uses).await;
    assert_eq!((first.use_no, first.uses, first.series_rxno == first.hi_rxno), (1, 3, true));
    let uses = mine(&town).await;
    assert_eq!(uses.len(), 3);
    let began = uses[0].opens_at_us / 1_000_000;
    let kept =
        "SELECT keep_until_us - opens_at_us AS n FROM prescription GROUP BY keep_until_us - opens_at_us";
    let db = &town.world.deps.db;
    let kept = db.read().query_all_raw(Statement::from_string(db.backend(), kept)).await.unwrap();
    let kept: Vec<i64> = kept.iter().map(|row| row.try_get("", "n").unwrap()).collect();
    assert!(matches!(kept[..], [us] if 365 * DAY * 1_000_000 < us), "every use is kept as long: {kept:?}");
    let document = |id: &str| pb::GetSignedDocumentRequest { hi_rxno: id.to_owned() };
    let signed = taken(
        town.prescribing().get_signed_document(town.ask(Who::His(HOSPITAL), document(&first.hi_rxno))).await,
    );
    let signed = signed.unwrap();
    let text = String::from_utf8(signed.document.clone()).unwrap();
    for (rx, opens) in uses.iter().zip([0, 28, 56]) {
        let window = (rx.opens_at_us / 1_000_000, rx.vali_end_time_us / 1_000_000);
        let open = if rx.use_no == 1 { 3 } else { 7 };
        assert_eq!(window, (began + opens * DAY, began + (opens + open) * DAY));
        assert!(text.contains(&rx.hi_rxno) && text.contains(&rx.rx_trace_code), "signed with the others");
        let own = town.ask(Who::His(HOSPITAL), document(&rx.hi_rxno));
        assert!(taken(town.prescribing().get_signed_document(own).await).unwrap() == signed);
    }
    assert_eq!(town.events("PrescriptionActivated").await, 3);
    assert_eq!(reason(town.nominate(&uses[1].hi_rxno, PHARMACY, "ord_2").await), "PRESCRIPTION_NOT_OPEN");
    // missed, the first takes no other with it
    town.world.clock.advance_seconds(28 * DAY);
    town.work().await;
    assert_eq!(reason(town.nominate(&first.hi_rxno, PHARMACY, "ord_1").await), "PRESCRIPTION_EXPIRED");
    filled(&town, &uses[1]).await;
    town.world.clock.advance_seconds(28 * DAY);
    filled(&town, &uses[2]).await;
}

#[tokio::test]
async fn the_interval_counts_from_the_dispensing() {
    let town = town().await;
    town.active_with("S-2", three_uses).await;
    let uses = mine(&town).await;
    town.world.clock.advance_seconds(2 * DAY);
    filled(&town, &uses[0]).await;
    town.world.clock.advance_seconds(26 * DAY);
    let next = uses[1].hi_rxno.as_str();
    assert_eq!(
        reason(town.nominate(next, PHARMACY, "ord_2").await),
        "PRESCRIPTION_NOT_OPEN",
        "two days early"
    );
    let seen = town.get(Who::Patient(PATIENT), next).await.unwrap();
    // the clock itself went on between signing and dispensing
    let later = (seen.opens_at_us - uses[1].opens_at_us) / 1_000_000;
    assert!((2 * DAY..2 * DAY + 600).contains(&later), "{later} seconds later");
    assert_eq!(seen.vali_end_time_us, uses[1].vali_end_time_us, "its end stays where it was signed");
    // goods that came back count no more
    town.reverse(&uses[0].hi_rxno, "ord_1").await.unwrap();
    assert_eq!(reason(town.nominate(next, PHARMACY, "ord_2").await), "OK");
}

#[tokio::test]
async fn the_rest_of_a_series_is_revoked_in_one_go() {
    let town = town().await;
    town.active_with("S-3", three_uses).await;
    let uses = mine(&town).await;
    filled(&town, &uses[0]).await;
    let body = |id: &str, later_uses: bool| pb::RevokeRequest {
        hi_rxno: id.to_owned(),
        doctor_token: town.doctor_token(),
        reason: "换药".to_owned(),
        when_given_back: false,
        later_uses,
    };
    let ask = |body| town.ask(Who::His(HOSPITAL), body);
    let used = town.prescribing().revoke(ask(body(&uses[0].hi_rxno, true))).await;
    assert_eq!(reason(taken(used)), "PRESCRIPTION_USED");
    taken(town.prescribing().revoke(ask(body(&uses[1].hi_rxno, true))).await).unwrap();
    let states: Vec<i32> = mine(&town).await.iter().map(|rx| rx.state).collect();
    assert_eq!(states, [pb::PrescriptionState::Active as i32, REVOKED, REVOKED]);
}

#[tokio::test]
async fn a_series_is_a_long_prescription_in_parts() {
    let town = town().await;
    let visit_id = town.consulted().await;
    let cause = async |edit: fn(&mut pb::PreVerifyRequest)| {
        let mut sheet = town.sheet(&visit_id, "S-4");
        three_uses(&mut sheet);
        edit(&mut sheet);
        reason(town.pre_verify(sheet).await)
    };
    assert_eq!(cause(|sheet| sheet.long_rx = false).await, "REPEAT_NOT_ALLOWED");
    assert_eq!(
        cause(|sheet| sheet.repeat.as_mut().unwrap().uses = 4).await,
        "REPEAT_NOT_ALLOWED",
        "16 weeks"
    );
    assert_eq!(cause(|sheet| sheet.repeat.as_mut().unwrap().uses = 1).await, "INVALID_REQUEST");
    assert_eq!(cause(|sheet| sheet.repeat.as_mut().unwrap().window_days = 29).await, "INVALID_REQUEST");
    assert_eq!(cause(|sheet| sheet.repeat.as_mut().unwrap().min_interval_days = 29).await, "INVALID_REQUEST");
    assert_eq!(cause(|_| {}).await, "OK");
}
