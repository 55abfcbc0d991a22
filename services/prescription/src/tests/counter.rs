//! The counter: who may open it, what it shows, one proof once, and a sale in parts and back.

use std::sync::Arc;

use liufang_platform::PeerFault;
use liufang_proto::prescription::v1 as pb;

use super::peers::*;
use super::world::*;

const FULL: [(i32, &str, &str); 2] = [(1, AMLODIPINE, "4"), (2, VALSARTAN, "4")];

type Answer<T> = Result<T, Box<PeerFault>>;

async fn qr(town: &Town, person: &'static str, hi_rxno: &str) -> Answer<String> {
    let body = pb::PresentPrescriptionRequest { hi_rxno: hi_rxno.to_owned() };
    let answer = town.prescriptions().present_prescription(town.ask(Who::Patient(person), body)).await;
    Ok(taken(answer)?.qr_token)
}

async fn open(town: &Town, shop: &'static str, presence: &str, qr: &str) -> Answer<pb::OpenCounterResponse> {
    let body = pb::OpenCounterRequest { presence_token: presence.to_owned(), qr_token: qr.to_owned() };
    taken(town.circulation().open_counter(town.ask(Who::Pos(shop), body)).await)
}

async fn claim(
    town: &Town,
    shop: &'static str,
    counter_token: &str,
    hi_rxno: &str,
) -> Answer<pb::ClaimAtCounterResponse> {
    let (counter_token, hi_rxno) = (counter_token.to_owned(), hi_rxno.to_owned());
    let body = pb::ClaimAtCounterRequest { counter_token, hi_rxno };
    taken(town.circulation().claim_at_counter(town.ask(Who::Pos(shop), body)).await)
}

async fn sell(
    town: &Town,
    hi_rxno: &str,
    secret: &str,
    parts: &[(i32, &str, &str)],
    last: bool,
) -> Answer<pb::Prescription> {
    let lines = parts.iter().map(|(line_no, drug, quantity)| pb::DispensedLine {
        line_no: *line_no,
        quantity: (*quantity).to_owned(),
        med_list_codg: (*drug).to_owned(),
        manu_lotnum: "L1".to_owned(),
        bchno: "B7".to_owned(),
    });
    let body = pb::DispenseAtCounterRequest {
        hi_rxno: hi_rxno.to_owned(),
        secret: secret.to_owned(),
        pharmacist_token: town.staff(SHOP_PHARMACIST, PHARMACY),
        lines: lines.collect(),
        last,
    };
    let answer = town.circulation().dispense_at_counter(town.ask(Who::Pos(PHARMACY), body)).await;
    Ok(taken(answer)?.prescription.unwrap())
}

async fn take_back(
    town: &Town,
    shop: &'static str,
    hi_rxno: &str,
    sale_id: &str,
) -> Answer<pb::Prescription> {
    let body = pb::ReturnAtCounterRequest { hi_rxno: hi_rxno.to_owned(), sale_id: sale_id.to_owned() };
    let answer = town.circulation().return_at_counter(town.ask(Who::Pos(shop), body)).await;
    Ok(taken(answer)?.prescription.unwrap())
}

#[tokio::test]
async fn an_insurance_code_opens_what_its_person_has() {
    let town = town().await;
    let rx = town.active("K-1").await;
    let id = rx.hi_rxno.as_str();
    let opened = open(&town, PHARMACY, "present per_1", "").await.unwrap();
    let [item] = &opened.items[..] else { panic!("one prescription") };
    let rests: Vec<_> = item.lines.iter().map(|line| (line.line_no, line.rest_cnt.as_str())).collect();
    assert_eq!((item.hi_rxno.as_str(), rests), (id, vec![(1, "4"), (2, "4")]));
    assert!(open(&town, PHARMACY, "present per_2", "").await.unwrap().items.is_empty());
    assert_eq!(reason(open(&town, PHARMACY, "forged", "").await), "CALLER_NOT_ALLOWED", "as identity says");
    assert_eq!(reason(open(&town, PHARMACY, "", "").await), "INVALID_REQUEST");
    assert_eq!(reason(open(&town, PHARMACY, "present per_1", "x").await), "INVALID_REQUEST");
    let token = opened.counter_token.as_str();
    assert_eq!(reason(claim(&town, OTHER_PHARMACY, token, id).await), "COUNTER_TOKEN_INVALID");
    assert_eq!(reason(claim(&town, PHARMACY, token, "rx_none").await), "PRESCRIPTION_NOT_FOUND");
    let other = open(&town, PHARMACY, "present per_2", "").await.unwrap().counter_token;
    assert_eq!(reason(claim(&town, PHARMACY, &other, id).await), "PRESCRIPTION_NOT_FOUND", "another's");
    let claimed = claim(&town, PHARMACY, token, id).await.unwrap();
    assert_eq!((claimed.psn_name.as_str(), claimed.prescription.unwrap().lines.len()), ("测试甲", 2));
    assert_eq!(reason(claim(&town, PHARMACY, token, id).await), "PRESCRIPTION_HELD");
    assert_eq!(reason(town.nominate(id, OTHER_PHARMACY, "ord_9").await), "PRESCRIPTION_HELD");
    town.world.clock.advance_seconds(601);
    assert_eq!(reason(claim(&town, PHARMACY, token, id).await), "COUNTER_TOKEN_INVALID");
}

#[tokio::test]
async fn a_qr_is_read_once_and_opens_one_prescription() {
    let town = town().await;
    let rx = town.active("K-2").await;
    let id = rx.hi_rxno.as_str();
    assert_eq!(reason(qr(&town, "per_2", id).await), "PRESCRIPTION_NOT_FOUND");
    let old = qr(&town, PATIENT, id).await.unwrap();
    let new = qr(&town, PATIENT, id).await.unwrap();
    assert_eq!(reason(open(&town, PHARMACY, "", &old).await), "QR_INVALID", "a newer one was shown");
    let opened = open(&town, PHARMACY, "", &new).await.unwrap();
    assert_eq!(opened.items.len(), 1);
    assert_eq!(reason(open(&town, OTHER_PHARMACY, "", &new).await), "QR_INVALID", "read once");
    let late = qr(&town, PATIENT, id).await.unwrap();
    town.world.clock.advance_seconds(301);
    assert_eq!(reason(open(&town, PHARMACY, "", &late).await), "QR_INVALID");
    // an order that waits with it elsewhere hears of it
    town.nominate(id, OTHER_PHARMACY, "ord_1").await.unwrap();
    claim(&town, PHARMACY, &opened.counter_token, id).await.unwrap();
    assert_eq!(town.events("PrescriptionReleased").await, 1);
    assert_eq!(reason(qr(&town, PATIENT, id).await), "PRESCRIPTION_HELD");
    town.world.clock.advance_seconds(2 * 86_400);
    town.work().await;
    assert_eq!(reason(open(&town, PHARMACY, "", &new).await), "QR_INVALID", "forgotten");
}

#[tokio::test]
async fn a_sale_in_parts_leaves_its_rest_and_comes_back() {
    let town = town().await;
    let rx = town.active("K-3").await;
    let id = rx.hi_rxno.as_str();
    let opened = open(&town, PHARMACY, "present per_1", "").await.unwrap();
    let sale = claim(&town, PHARMACY, &opened.counter_token, id).await.unwrap();
    let secret = sale.secret.as_str();
    assert_eq!(reason(sell(&town, id, secret, &FULL, false).await), "REVIEW_NOT_PASSED");
    town.review(id, secret, true).await.unwrap();
    assert_eq!(reason(sell(&town, id, "wrong", &FULL, false).await), "CLAIM_SECRET_INVALID");
    let half = sell(&town, id, secret, &FULL[..1], true).await.unwrap();
    let seen = (half.use_state, half.holder_fixmedins_code.as_str(), half.review_state);
    assert_eq!(seen, (pb::UseState::PartlyUsed as i32, "", pb::ReviewState::Pending as i32));
    // the rest goes to another pharmacy, by an order
    town.nominate(id, OTHER_PHARMACY, "ord_1").await.unwrap();
    let token = town.queue(OTHER_PHARMACY).await.remove(0).epc_token;
    town.claim(OTHER_PHARMACY, &token).await.unwrap();
    let body = pb::ReleaseNominationRequest { hi_rxno: id.to_owned(), order_id: "ord_1".to_owned() };
    let released = town.prescriptions().release_nomination(town.ask(Who::Order, body)).await;
    assert_eq!(reason(taken(released)), "OK", "that order has handed out nothing");
    let opened = open(&town, PHARMACY, "present per_1", "").await.unwrap();
    assert_eq!(opened.items[0].lines.iter().map(|line| line.line_no).collect::<Vec<_>>(), [2]);
    let rest = claim(&town, PHARMACY, &opened.counter_token, id).await.unwrap();
    town.review(id, &rest.secret, true).await.unwrap();
    let full = sell(&town, id, &rest.secret, &FULL[1..], true).await.unwrap();
    assert_eq!(full.use_state, pb::UseState::Used as i32);
    assert_eq!(reason(take_back(&town, OTHER_PHARMACY, id, &sale.sale_id).await), "PRESCRIPTION_NOT_FOUND");
    for _ in 0..2 {
        let back = take_back(&town, PHARMACY, id, &sale.sale_id).await.unwrap();
        assert_eq!(back.use_state, pb::UseState::PartlyUsed as i32, "the other sale stands");
    }
    let back = take_back(&town, PHARMACY, id, &rest.sale_id).await.unwrap();
    assert_eq!((back.use_state, back.holder_fixmedins_code.as_str()), (pb::UseState::Unused as i32, ""));
}

#[tokio::test]
async fn the_counter_gives_a_rest_back_and_an_order_does_not() {
    let town = town().await;
    let rx = town.active("K-4").await;
    let id = rx.hi_rxno.as_str();
    let opened = open(&town, PHARMACY, "present per_1", "").await.unwrap();
    let sale = claim(&town, PHARMACY, &opened.counter_token, id).await.unwrap();
    town.review(id, &sale.secret, true).await.unwrap();
    sell(&town, id, &sale.secret, &FULL[..1], false).await.unwrap();
    assert_eq!(reason(town.revoke(id, true).await), "PRESCRIPTION_USED");
    let given = town.give_back(id, &sale.secret).await.unwrap();
    assert_eq!(given.use_state, pb::UseState::PartlyUsed as i32);
    let secret = town.claimed(id, "ord_1").await;
    assert_eq!(reason(sell(&town, id, &secret, &FULL[1..], false).await), "PRESCRIPTION_OF_OTHER_ORDER");
    town.review(id, &secret, true).await.unwrap();
    town.dispense(id, &secret, &[(2, VALSARTAN, "1")]).await.unwrap();
    assert_eq!(reason(town.give_back(id, &secret).await), "PRESCRIPTION_USED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counter_and_order_race_for_one_claim() {
    let town = Arc::new(town().await);
    let rx = town.active("K-5").await;
    town.nominate(&rx.hi_rxno, OTHER_PHARMACY, "ord_1").await.unwrap();
    let token = town.queue(OTHER_PHARMACY).await.remove(0).epc_token;
    let counter = open(&town, PHARMACY, "present per_1", "").await.unwrap().counter_token;
    let calls: Vec<_> = (0..50)
        .map(|n| {
            let (town, token, counter, id) =
                (town.clone(), token.clone(), counter.clone(), rx.hi_rxno.clone());
            tokio::spawn(async move {
                if n % 2 == 0 {
                    reason(town.claim(OTHER_PHARMACY, &token).await)
                } else {
                    reason(claim(&town, PHARMACY, &counter, &id).await)
                }
            })
        })
        .collect();
    let mut won = 0;
    for call in calls {
        let answer = call.await.unwrap();
        won += usize::from(answer == "OK");
        let lost = ["OK", "PRESCRIPTION_HELD", "CIRCULATION_TOKEN_INVALID"];
        assert!(lost.contains(&answer.as_str()), "{answer}");
    }
    assert_eq!(won, 1);
}
