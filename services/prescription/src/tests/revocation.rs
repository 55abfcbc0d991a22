//! Revoking what a pharmacy holds, and the races of revocation with claim, expiry and upload.

use std::sync::Arc;

use liufang_proto::prescription::v1 as pb;

use super::peers::*;
use super::world::*;

const FULL: [(i32, &str, &str); 2] = [(1, AMLODIPINE, "4"), (2, VALSARTAN, "4")];
const REVOKED: i32 = pb::PrescriptionState::Revoked as i32;
const EXPIRED: i32 = pb::PrescriptionState::Expired as i32;

#[tokio::test]
async fn what_is_held_is_revoked_when_it_is_given_back() {
    let town = town().await;
    let rx = town.active("R-1").await;
    let id = rx.hi_rxno.as_str();
    let secret = town.claimed(id, "ord_1").await;
    assert_eq!(reason(town.revoke(id, false).await), "PRESCRIPTION_HELD");
    let marked = town.revoke(id, true).await.unwrap();
    assert!(marked.revocation_asked && marked.state == pb::PrescriptionState::Active as i32);
    assert_eq!(marked.holder_fixmedins_code, PHARMACY, "the holder keeps it");
    town.review(id, &secret, true).await.unwrap();
    let given = town.give_back(id, &secret).await.unwrap();
    assert_eq!((given.state, given.holder_fixmedins_code.as_str()), (REVOKED, ""));
    assert_eq!(reason(town.nominate(id, OTHER_PHARMACY, "ord_2").await), "PRESCRIPTION_REVOKED");
    assert_eq!(town.events("PrescriptionReleased").await, 1, "the order hears it once");
}

#[tokio::test]
async fn whatever_frees_it_revokes_it() {
    let town = town().await;
    let rx = town.active("R-2").await;
    let id = rx.hi_rxno.as_str();
    town.claimed(id, "ord_1").await;
    town.revoke(id, true).await.unwrap();
    let body = pb::ReleaseNominationRequest { hi_rxno: id.to_owned(), order_id: "ord_1".to_owned() };
    let freed = taken(town.prescriptions().release_nomination(town.ask(Who::Order, body)).await).unwrap();
    assert_eq!(freed.prescription.unwrap().state, REVOKED);

    let rx = town.active("R-3").await;
    let id = rx.hi_rxno.as_str();
    town.claimed(id, "ord_2").await;
    town.revoke(id, true).await.unwrap();
    town.world.clock.advance_seconds(7_201);
    town.work().await;
    assert_eq!(town.get(Who::Order, id).await.unwrap().state, REVOKED, "an unreviewed claim lapsed");
}

#[tokio::test]
async fn a_marked_one_may_be_dispensed_and_ends_when_the_goods_come_back() {
    let town = town().await;
    let rx = town.active("R-4").await;
    let id = rx.hi_rxno.as_str();
    let secret = town.claimed(id, "ord_1").await;
    town.review(id, &secret, true).await.unwrap();
    town.revoke(id, true).await.unwrap();
    let used = town.dispense(id, &secret, &FULL).await.unwrap();
    assert!(used.revocation_asked && used.use_state == pb::UseState::Used as i32);
    assert_eq!(reason(town.revoke(id, true).await), "PRESCRIPTION_USED", "too late to ask");
    let back = town.reverse(id, "ord_1").await.unwrap();
    assert_eq!((back.state, back.use_state), (REVOKED, pb::UseState::Unused as i32));
}

/// Whatever comes first, the feed tells one story: nothing after the end, and one end.
fn one_end(story: &[(String, i32, i32)], id: &str) -> i32 {
    let states: Vec<i32> = story.iter().filter(|row| row.0 == id).map(|row| row.1).collect();
    let ends: Vec<usize> = (0..states.len()).filter(|at| [REVOKED, EXPIRED].contains(&states[*at])).collect();
    assert_eq!(ends, [states.len() - 1], "{states:?}");
    states[ends[0]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claim_revocation_and_expiry_have_one_winner() {
    let town = Arc::new(town().await);
    for round in 0..6 {
        let rx = town.active(&format!("R-5-{round}")).await;
        town.nominate(&rx.hi_rxno, PHARMACY, "ord_1").await.unwrap();
        let token = town.queue(PHARMACY).await.remove(0).epc_token;
        let claim = {
            let town = town.clone();
            tokio::spawn(async move { reason(town.claim(PHARMACY, &token).await) })
        };
        let revoke = {
            let (town, id) = (town.clone(), rx.hi_rxno.clone());
            tokio::spawn(async move { reason(town.revoke(&id, false).await) })
        };
        town.world.clock.advance_seconds(3 * 86_400);
        town.work().await;
        let (claimed, revoked) = (claim.await.unwrap(), revoke.await.unwrap());
        town.work().await;
        assert!(claimed != "OK" || revoked != "OK", "one of them");
        let end = one_end(&town.story(0).await, &rx.hi_rxno);
        assert_eq!(end == REVOKED, revoked == "OK", "{claimed}, {revoked}");
        assert_eq!(town.get(Who::Order, &rx.hi_rxno).await.unwrap().state, end);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_upload_never_outlives_a_revocation() {
    let town = Arc::new(town().await);
    let visit_id = town.consulted().await;
    for round in 0..6 {
        let mut sheet = town.sheet(&visit_id, &format!("R-6-{round}"));
        sheet.lines.truncate(1);
        let rx = town.pre_verify(sheet).await.unwrap();
        town.review_draft(&rx.hi_rxno, true).await.unwrap();
        let signatures = town.sign(&town.document(&rx.hi_rxno).await);
        let upload = {
            let (town, rx) = (town.clone(), rx.clone());
            tokio::spawn(async move { reason(town.upload(&rx, signatures).await) })
        };
        let revoked = reason(town.revoke(&rx.hi_rxno, false).await);
        let uploaded = upload.await.unwrap();
        assert_eq!(revoked, "OK");
        assert!(["OK", "PRESCRIPTION_REVOKED"].contains(&uploaded.as_str()), "{uploaded}");
        assert_eq!(one_end(&town.story(0).await, &rx.hi_rxno), REVOKED);
    }
}
