use std::sync::Arc;

use liufang_proto::prescription::v1 as pb;
use sea_orm::ConnectionTrait as _;
use tokio_stream::StreamExt as _;

use super::peers::*;
use super::world::*;

const FULL: [(i32, &str, &str); 2] = [(1, AMLODIPINE, "4"), (2, VALSARTAN, "4")];

async fn claimed(town: &Town, rx: &pb::Prescription) -> String {
    town.nominate(&rx.hi_rxno, PHARMACY, "ord_1").await.unwrap();
    let token = town.queue(PHARMACY).await.remove(0).epc_token;
    let claim = town.claim(PHARMACY, &token).await.unwrap();
    assert_eq!((claim.psn_name.as_str(), claim.prescription.unwrap().lines.len()), ("测试甲", 2));
    claim.secret
}

#[tokio::test]
async fn from_nomination_to_the_last_line_and_back() {
    let town = town().await;
    let rx = town.active("C-1").await;
    let secret = claimed(&town, &rx).await;
    let id = rx.hi_rxno.as_str();
    assert_eq!(reason(town.dispense(id, &secret, &FULL).await), "REVIEW_NOT_PASSED");
    assert_eq!(reason(town.review(id, "wrong", true).await), "CLAIM_SECRET_INVALID");
    let passed = town.review(id, &secret, true).await.unwrap();
    assert_eq!(passed.review_state, pb::ReviewState::Passed as i32);
    assert_eq!(reason(town.dispense(id, "wrong", &FULL).await), "CLAIM_SECRET_INVALID");
    let half = town.dispense(id, &secret, &FULL[..1]).await.unwrap();
    assert_eq!(half.use_state, pb::UseState::PartlyUsed as i32);
    assert_eq!(reason(town.dispense(id, &secret, &FULL[..1]).await), "LINE_NOT_DISPENSABLE");
    let full = town.dispense(id, &secret, &FULL[1..]).await.unwrap();
    assert!(full.use_state == pb::UseState::Used as i32 && full.lines.iter().all(|line| line.taken));
    assert!(town.queue(PHARMACY).await.is_empty());
    assert_eq!(reason(town.revoke(id, false).await), "PRESCRIPTION_USED");
    for _ in 0..2 {
        let body = pb::ReverseDispenseRequest { hi_rxno: id.to_owned(), order_id: "ord_1".to_owned() };
        let back = taken(town.circulation().reverse_dispense(town.ask(Who::Order, body)).await).unwrap();
        let back = back.prescription.unwrap();
        assert_eq!((back.use_state, back.holder_fixmedins_code.as_str()), (pb::UseState::Unused as i32, ""));
    }
    assert_eq!(town.events("PrescriptionDispensed").await, 2);
    assert_eq!(reason(town.nominate(id, OTHER_PHARMACY, "ord_2").await), "OK");
}

#[tokio::test]
async fn before_the_sale_the_order_hears_what_dispensing_would() {
    let town = town().await;
    let rx = town.active("C-11").await;
    let id = rx.hi_rxno.as_str();
    assert_eq!(town.check_dispense("rx_none", "ord_1", "any").await, "PRESCRIPTION_NOT_FOUND");
    assert_eq!(town.check_dispense(id, "ord_1", "any").await, "PRESCRIPTION_NOT_HELD");
    let secret = claimed(&town, &rx).await;
    assert_eq!(town.check_dispense(id, "ord_1", &secret).await, "REVIEW_NOT_PASSED");
    let passed = town.review(id, &secret, true).await.unwrap();
    assert_eq!(town.check_dispense(id, "ord_1", "wrong").await, "CLAIM_SECRET_INVALID");
    assert_eq!(town.check_dispense(id, "ord_1", "").await, "CLAIM_SECRET_INVALID");
    assert_eq!(town.check_dispense(id, "ord_2", &secret).await, "PRESCRIPTION_OF_OTHER_ORDER");
    assert_eq!(town.check_dispense(id, "ord_1", &secret).await, "OK");
    assert!(town.get(Who::Order, id).await.unwrap() == passed, "asking changes nothing");
    town.dispense(id, &secret, &FULL).await.unwrap();
    assert_eq!(town.check_dispense(id, "ord_1", &secret).await, "PRESCRIPTION_USED");
    town.world.clock.advance_seconds(3 * 86_400 + 1);
    assert_eq!(town.check_dispense(id, "ord_1", &secret).await, "PRESCRIPTION_EXPIRED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_claims_have_one_holder() {
    let town = Arc::new(town().await);
    let rx = town.active("C-2").await;
    town.nominate(&rx.hi_rxno, PHARMACY, "ord_1").await.unwrap();
    let token = town.queue(PHARMACY).await.remove(0).epc_token;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (town, token) = (town.clone(), token.clone());
            tokio::spawn(async move { reason(town.claim(PHARMACY, &token).await) })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers.sort();
    answers.dedup_by(|a, b| a == b && a != "OK");
    assert_eq!(answers, ["OK", "PRESCRIPTION_HELD"]);
    assert_eq!(town.events("PrescriptionClaimed").await, 1, "told once, by the one who holds it");
}

#[tokio::test]
async fn the_token_is_good_for_its_pharmacy_and_its_nomination() {
    let town = town().await;
    let rx = town.active("C-3").await;
    let id = rx.hi_rxno.as_str();
    town.nominate(id, PHARMACY, "ord_1").await.unwrap();
    let old = town.queue(PHARMACY).await.remove(0).epc_token;
    let outline = town.get(Who::Pos(PHARMACY), id).await.unwrap();
    assert!(outline.person_id.is_empty() && outline.lines.is_empty());
    assert_eq!(reason(town.get(Who::Pos(OTHER_PHARMACY), id).await), "PRESCRIPTION_NOT_FOUND");
    assert_eq!(reason(town.get(Who::Patient("per_2"), id).await), "PRESCRIPTION_NOT_FOUND");
    assert_eq!(reason(town.claim(OTHER_PHARMACY, &old).await), "CIRCULATION_TOKEN_INVALID");
    town.nominate(id, OTHER_PHARMACY, "ord_2").await.unwrap();
    assert_eq!(reason(town.claim(PHARMACY, &old).await), "CIRCULATION_TOKEN_INVALID");
    let new = town.queue(OTHER_PHARMACY).await.remove(0).epc_token;
    assert_eq!(reason(town.claim(OTHER_PHARMACY, &new).await), "OK");
    assert_eq!(reason(town.claim(OTHER_PHARMACY, &new).await), "PRESCRIPTION_HELD");
    assert_eq!(reason(town.nominate(id, PHARMACY, "ord_3").await), "PRESCRIPTION_HELD");
    assert_eq!(reason(town.revoke(id, false).await), "PRESCRIPTION_HELD");
}

#[tokio::test]
async fn secrets_are_recovered_and_die_with_the_claim() {
    let town = town().await;
    let rx = town.active("C-4").await;
    let id = rx.hi_rxno.clone();
    let old = claimed(&town, &rx).await;
    let recover = || town.ask(Who::Pos(PHARMACY), pb::RecoverSecretRequest { hi_rxno: id.clone() });
    let secret = taken(town.circulation().recover_secret(recover()).await).unwrap().secret;
    assert_eq!(reason(town.review(&id, &old, true).await), "CLAIM_SECRET_INVALID");
    let back =
        pb::GiveBackRequest { hi_rxno: id.clone(), secret: secret.clone(), reason: "缺货".to_owned() };
    let given = town.circulation().give_back(town.ask(Who::Pos(PHARMACY), back)).await;
    assert_eq!(taken(given).unwrap().prescription.unwrap().holder_fixmedins_code, "");
    assert_eq!(town.events("PrescriptionReleased").await, 1);
    assert_eq!(reason(town.review(&id, &secret, true).await), "PRESCRIPTION_NOT_FOUND");
    let lost = town.circulation().recover_secret(recover()).await;
    assert_eq!(reason(taken(lost)), "PRESCRIPTION_NOT_FOUND");
}

#[tokio::test]
async fn a_prescription_of_others_does_not_exist_for_a_pharmacy() {
    let town = town().await;
    let rx = town.active("C-12").await;
    let id = rx.hi_rxno.clone();
    let answers = async |pharmacy: &'static str| {
        let pos = Who::Pos(pharmacy);
        let body = pb::RecoverSecretRequest { hi_rxno: id.clone() };
        let recovered = reason(taken(town.circulation().recover_secret(town.ask(pos, body)).await));
        let secret = "any".to_owned();
        let body =
            pb::GiveBackRequest { hi_rxno: id.clone(), secret: secret.clone(), reason: "缺货".to_owned() };
        let given = reason(taken(town.circulation().give_back(town.ask(pos, body)).await));
        let body = pb::ReviewRequest {
            hi_rxno: id.clone(),
            secret,
            pharmacist_token: town.staff("RP0002", OTHER_PHARMACY),
            pass: true,
            opinion: "同意".to_owned(),
            second_pharmacist_token: String::new(),
        };
        let reviewed = reason(taken(town.circulation().review(town.ask(pos, body)).await));
        [recovered, given, reviewed]
    };
    let none = ["PRESCRIPTION_NOT_FOUND"; 3];
    assert_eq!(answers(PHARMACY).await, none);
    town.nominate(&id, PHARMACY, "ord_1").await.unwrap();
    assert_eq!(answers(PHARMACY).await, ["PRESCRIPTION_NOT_HELD"; 3], "chosen, it knows of it");
    assert_eq!(answers(OTHER_PHARMACY).await, none);
    town.world.clock.advance_seconds(3 * 86_400 + 1);
    assert_eq!(answers(PHARMACY).await, ["PRESCRIPTION_EXPIRED"; 3]);
    assert_eq!(answers(OTHER_PHARMACY).await, none, "nor does it hear how it ended");
    town.work().await;
    assert_eq!(answers(PHARMACY).await, none, "released");
}

#[tokio::test]
async fn reviewers_are_of_the_pharmacy_and_a_refusal_releases() {
    let town = town().await;
    let rx = town.active("C-5").await;
    let id = rx.hi_rxno.clone();
    let secret = claimed(&town, &rx).await;
    let body = |token: String, opinion: &str| pb::ReviewRequest {
        hi_rxno: id.clone(),
        secret: secret.clone(),
        pharmacist_token: token,
        pass: false,
        opinion: opinion.to_owned(),
        second_pharmacist_token: String::new(),
    };
    let pos = Who::Pos(PHARMACY);
    for (code, institution) in
        [("RP0002", OTHER_PHARMACY), (HOSPITAL_PHARMACIST, HOSPITAL), (DOCTOR, HOSPITAL)]
    {
        let wrong =
            town.circulation().review(town.ask(pos, body(town.staff(code, institution), "不符"))).await;
        assert_eq!(reason(taken(wrong)), "PRACTITIONER_NOT_ALLOWED", "{code}");
    }
    let own = || town.staff(SHOP_PHARMACIST, PHARMACY);
    let silent = town.circulation().review(town.ask(pos, body(own(), " "))).await;
    assert_eq!(reason(taken(silent)), "INVALID_REQUEST");
    let refused = town.circulation().review(town.ask(pos, body(own(), "剂量存疑"))).await;
    let refused = taken(refused).unwrap().prescription.unwrap();
    assert_eq!(refused.review_state, pb::ReviewState::Refused as i32);
    let told = (town.events("PrescriptionReviewed").await, town.events("PrescriptionReleased").await);
    assert_eq!(told, (1, 1));
}

#[tokio::test]
async fn time_ends_a_claim() {
    let town = town().await;
    let rx = town.active("C-6").await;
    let secret = claimed(&town, &rx).await;
    town.world.clock.advance_seconds(3 * 86_400 + 1);
    assert_eq!(reason(town.review(&rx.hi_rxno, &secret, true).await), "PRESCRIPTION_EXPIRED");
    town.work().await;
    let ended = town.get(Who::Order, &rx.hi_rxno).await.unwrap();
    assert_eq!(ended.state, pb::PrescriptionState::Expired as i32);
    assert_eq!(ended.holder_fixmedins_code, "");
    assert_eq!(town.events("PrescriptionReleased").await, 1);
    for _ in 0..2 {
        let body = pb::ReleaseNominationRequest { hi_rxno: rx.hi_rxno.clone(), order_id: "ord_1".to_owned() };
        let released = town.prescriptions().release_nomination(town.ask(Who::Order, body)).await;
        assert_eq!(reason(taken(released)), "OK");
    }
}

#[tokio::test]
async fn a_claim_that_is_not_reviewed_lapses() {
    let town = town().await;
    let rx = town.active("C-8").await;
    let secret = claimed(&town, &rx).await;
    town.world.clock.advance_seconds(7_201);
    town.work().await;
    assert_eq!(reason(town.review(&rx.hi_rxno, &secret, true).await), "PRESCRIPTION_NOT_FOUND");
    assert_eq!(town.events("PrescriptionReleased").await, 1);
    let secret = claimed(&town, &rx).await;
    town.review(&rx.hi_rxno, &secret, true).await.unwrap();
    town.world.clock.advance_seconds(7_201);
    town.work().await;
    assert_eq!(reason(town.dispense(&rx.hi_rxno, &secret, &FULL).await), "OK");
}

#[tokio::test]
async fn rules_are_asked_again_at_the_claim() {
    let town = town().await;
    let rx = town.active("C-9").await;
    let later = town.active_with("C-10", |sheet| {
        for line in 1..=2 {
            let rule_id = "RX_DUPLICATE_ACTIVE".to_owned();
            sheet.overrides.push(pb::Override { rule_id, line, reason: "换药".to_owned() });
        }
    });
    later.await;
    town.nominate(&rx.hi_rxno, PHARMACY, "ord_1").await.unwrap();
    let token = town.queue(PHARMACY).await.remove(0).epc_token;
    let claimed = town.claim(PHARMACY, &token).await.unwrap().prescription.unwrap();
    let new = claimed.findings.iter().filter(|finding| finding.rule_id == "RX_DUPLICATE_ACTIVE");
    assert!(new.clone().all(|finding| finding.override_reason.is_empty()));
    assert_eq!((rx.findings.len(), new.count()), (1, 2));
}

async fn watched(town: &Town, who: Who, after: i64) -> Vec<(i64, i32, i32)> {
    let body = pb::WatchPrescriptionsRequest { after_sequence: after, stop_at_end: true };
    let stream = taken(town.circulation().watch_prescriptions(town.ask(who, body)).await).unwrap();
    let items: Vec<_> = stream.collect().await;
    let items = items.into_iter().map(|item| taken(item.map(tonic::Response::new)).unwrap());
    items.map(|item| (item.sequence, item.state, item.review_state)).collect()
}

#[tokio::test]
async fn changes_are_seen_in_order_by_those_concerned() {
    let town = town().await;
    let rx = town.active("C-7").await;
    let secret = claimed(&town, &rx).await;
    town.review(&rx.hi_rxno, &secret, true).await.unwrap();
    let hospital = watched(&town, Who::His(HOSPITAL), 0).await;
    assert_eq!(hospital.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let shop = watched(&town, Who::Pos(PHARMACY), 0).await;
    let states = |rows: &[(i64, i32, i32)]| rows.iter().map(|row| (row.1, row.2)).collect::<Vec<_>>();
    assert_eq!(states(&shop), states(&hospital[3..]));
    assert_eq!(
        shop.iter().map(|row| row.0).collect::<Vec<_>>(),
        [1, 2, 3],
        "each institution counts by itself"
    );
    assert_eq!(watched(&town, Who::Pos(PHARMACY), 2).await, shop[2..]);
    assert!(watched(&town, Who::Pos(OTHER_PHARMACY), 0).await.is_empty());
    let body = pb::ListMyPrescriptionsRequest::default();
    let mine = town.prescriptions().list_my_prescriptions(town.ask(Who::Patient(PATIENT), body)).await;
    assert_eq!(taken(mine).unwrap().prescriptions.len(), 1);
}

#[tokio::test]
async fn a_feed_of_before_goes_on_where_it_was() {
    let town = town().await;
    let sql = |sql: &'static str| {
        let db = town.world.deps.db.clone();
        async move {
            let work = db.begin_step().await.unwrap();
            work.tx().execute_unprepared(sql).await.unwrap();
            work.done().await.unwrap();
        }
    };
    // numbered together, as by the version before
    sql("UPDATE counter SET name = 'change' WHERE name = 'change-closed'").await;
    let rx = town.active("C-11").await;
    let secret = claimed(&town, &rx).await;
    let hospital = watched(&town, Who::His(HOSPITAL), 0).await;
    let shop = watched(&town, Who::Pos(PHARMACY), 0).await;
    assert_eq!(shop, hospital[3..], "one number for both");
    sql(include_str!("../../../../deploy/upgrade/prescription.sql")).await;
    town.review(&rx.hi_rxno, &secret, true).await.unwrap();
    town.dispense(&rx.hi_rxno, &secret, &FULL[..1]).await.unwrap();
    for (who, before) in [(Who::His(HOSPITAL), &hospital), (Who::Pos(PHARMACY), &shop)] {
        let last = before.last().unwrap().0;
        let after = watched(&town, who, last).await;
        assert_eq!(after.iter().map(|row| row.0).collect::<Vec<_>>(), [last + 1, last + 2]);
        let whole = watched(&town, who, 0).await;
        assert_eq!(whole, [before.clone(), after].concat(), "no gap, nothing twice");
        assert_eq!(watched(&town, who, before[0].0).await, whole[1..], "a token of before is still good");
    }
    assert!(watched(&town, Who::Pos(OTHER_PHARMACY), 0).await.is_empty());
}

#[tokio::test]
async fn a_prescription_that_cannot_be_read_holds_up_no_other() {
    use sea_orm::{ConnectionTrait, Statement};
    let town = town().await;
    let broken = town.active("C-12").await;
    let sound = town.active_with("C-13", |sheet| {
        for line in 1..=2 {
            let rule_id = "RX_DUPLICATE_ACTIVE".to_owned();
            sheet.overrides.push(pb::Override { rule_id, line, reason: "换药".to_owned() });
        }
    });
    let sound = sound.await;
    let db = &town.world.deps.db;
    let sql = "UPDATE prescription SET findings_sealed = 'x', valid_until_us = valid_until_us - 1 WHERE hi_rxno = $1";
    let spoil = Statement::from_sql_and_values(db.backend(), sql, [broken.hi_rxno.clone().into()]);
    db.read().execute_raw(spoil).await.unwrap();
    town.world.clock.advance_seconds(30 * 86_400);
    town.work().await;
    let seen = town.get(Who::Order, &sound.hi_rxno).await.unwrap();
    assert_eq!(seen.state, pb::PrescriptionState::Expired as i32);
}
