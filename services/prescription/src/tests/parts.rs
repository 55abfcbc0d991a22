//! A pharmacy that handed out a part and left the rest; a pass that takes two pharmacists.

use liufang_platform::PeerFault;
use liufang_proto::prescription::v1 as pb;

use super::hospital::Told;
use super::peers::*;
use super::world::*;

async fn hand_outs(town: &Town, shop: &'static str, page_token: &str) -> pb::ListHandOutsResponse {
    let page = liufang_proto::common::v1::PageRequest { page_size: 1, page_token: page_token.to_owned() };
    let request = town.ask(Who::Pos(shop), pb::ListHandOutsRequest { page: Some(page) });
    taken(town.circulation().list_hand_outs(request).await).unwrap()
}

/// Hands out one line for `ord_1` and leaves the rest to others.
async fn leave_the_rest(town: &Town, hi_rxno: &str) {
    let secret = town.claimed(hi_rxno, "ord_1").await;
    town.review(hi_rxno, &secret, true).await.unwrap();
    let line = pb::DispensedLine {
        line_no: 1,
        quantity: "4".to_owned(),
        med_list_codg: AMLODIPINE.to_owned(),
        manu_lotnum: "L1".to_owned(),
        bchno: "B7".to_owned(),
    };
    let body = pb::RecordDispenseRequest {
        hi_rxno: hi_rxno.to_owned(),
        order_id: "ord_1".to_owned(),
        secret,
        lines: vec![line],
        last: true,
    };
    taken(town.circulation().record_dispense(town.ask(Who::Order, body)).await).unwrap();
}

#[tokio::test]
async fn what_a_pharmacy_handed_out_it_reads_and_nothing_of_the_rest() {
    let town = town().await;
    let rx = town.active("P-1").await;
    let id = rx.hi_rxno.as_str();
    leave_the_rest(&town, id).await;
    let mine = Who::Pos(PHARMACY);
    let own = town.get(mine, id).await.unwrap();
    let lines: Vec<_> = own.lines.iter().map(|line| (line.line_no, line.dispensed_cnt.as_str())).collect();
    assert_eq!((lines, own.use_state), (vec![(1, "4")], 3));
    assert_eq!(own.hosp_rxno, "P-1");
    town.nominate(id, OTHER_PHARMACY, "ord_2").await.unwrap();
    let token = town.queue(OTHER_PHARMACY).await.pop().unwrap().epc_token;
    let claim = town.claim(OTHER_PHARMACY, &token).await.unwrap();
    let review = pb::ReviewRequest {
        hi_rxno: id.to_owned(),
        secret: claim.secret.clone(),
        pharmacist_token: town.staff("RP0002", OTHER_PHARMACY),
        pass: true,
        opinion: "同意".to_owned(),
        second_pharmacist_token: String::new(),
    };
    taken(town.circulation().review(town.ask(Who::Pos(OTHER_PHARMACY), review)).await).unwrap();
    let own = town.get(mine, id).await.unwrap();
    assert_eq!((own.lines.len(), own.holder_fixmedins_code.as_str()), (1, ""));
    assert_eq!((own.pharmacy_pharmacist_code.as_str(), own.review_opinion.as_str()), ("", ""));
    assert_eq!(own.review_state, 2, "states are seen");
    assert_eq!(town.get(Who::Pos(OTHER_PHARMACY), id).await.unwrap().lines.len(), 2, "the holder sees all");
    let recover = pb::RecoverSecretRequest { hi_rxno: id.to_owned() };
    let recovered = taken(town.circulation().recover_secret(town.ask(mine, recover)).await);
    assert_eq!(reason(recovered), "PRESCRIPTION_NOT_FOUND", "to read is not to act");

    let page = hand_outs(&town, PHARMACY, "").await;
    let [row] = &page.hand_outs[..] else { panic!("one") };
    let line = row.line.as_ref().unwrap();
    assert_eq!((row.hi_rxno.as_str(), row.order_id.as_str(), row.reversed_at_us), (id, "ord_1", 0));
    assert_eq!((line.bchno.as_str(), line.quantity.as_str()), ("B7", "4"));
    assert!(page.next_page_token.is_empty());
    assert!(hand_outs(&town, OTHER_PHARMACY, "").await.hand_outs.is_empty());

    town.reverse(id, "ord_1").await.unwrap();
    assert_eq!(reason(town.get(mine, id).await), "PRESCRIPTION_NOT_FOUND", "it came back");
    assert!(0 < hand_outs(&town, PHARMACY, "").await.hand_outs[0].reversed_at_us);
    town.world.clock.advance_seconds(4 * 86_400);
    town.work().await;
    let second = town.active("P-2").await;
    leave_the_rest(&town, &second.hi_rxno).await;
    let first = hand_outs(&town, PHARMACY, "").await;
    let next = hand_outs(&town, PHARMACY, &first.next_page_token).await;
    assert_eq!([&first, &next].map(|page| page.hand_outs[0].hi_rxno.as_str()), [second.hi_rxno.as_str(), id]);
}

async fn review(
    town: &Town,
    hi_rxno: &str,
    secret: &str,
    second: &str,
) -> Result<pb::Prescription, Box<PeerFault>> {
    let body = pb::ReviewRequest {
        hi_rxno: hi_rxno.to_owned(),
        secret: secret.to_owned(),
        pharmacist_token: town.staff(SHOP_PHARMACIST, PHARMACY),
        pass: true,
        opinion: "同意".to_owned(),
        second_pharmacist_token: second.to_owned(),
    };
    Ok(taken(town.circulation().review(town.ask(Who::Pos(PHARMACY), body)).await)?.prescription.unwrap())
}

#[tokio::test]
async fn a_long_prescription_takes_two_where_the_region_says_so() {
    let pack = include_str!("../../../../deploy/regions/qinhuangdao.toml");
    let two = pack.replacen("first_visit_online", "second_review_long = true\nfirst_visit_online", 1);
    let town = town_under(&two).await;
    let short = town.active("P-3").await;
    let secret = town.claimed(&short.hi_rxno, "ord_1").await;
    let alone = review(&town, &short.hi_rxno, &secret, "").await.unwrap();
    assert!(alone.second_pharmacist_code.is_empty());
    town.reverse(&short.hi_rxno, "ord_1").await.unwrap();
    town.revoke(&short.hi_rxno, false).await.unwrap();

    let long = |sheet: &mut pb::PreVerifyRequest| {
        sheet.long_rx = true;
        sheet.long_rx_consent = "consent-1".to_owned();
    };
    let rx = town.active_with("P-4", long).await;
    let id = rx.hi_rxno.as_str();
    let secret = town.claimed(id, "ord_2").await;
    let refused = review(&town, id, &secret, "").await.inspect_err(|fault| {
        assert_eq!(fault.meta("cause"), Some("LONG"));
    });
    assert_eq!(reason(refused), "SECOND_REVIEW_NEEDED");
    let same = review(&town, id, &secret, &town.staff(SHOP_PHARMACIST, PHARMACY)).await;
    assert_eq!(reason(same), "PRACTITIONER_NOT_ALLOWED", "two are two people");
    let strangers = review(&town, id, &secret, &town.staff("RP0002", OTHER_PHARMACY)).await;
    assert_eq!(reason(strangers), "PRACTITIONER_NOT_ALLOWED");
    let both = review(&town, id, &secret, &town.staff("RP0003", PHARMACY)).await.unwrap();
    assert_eq!(
        (both.pharmacy_pharmacist_code.as_str(), both.second_pharmacist_code.as_str()),
        (SHOP_PHARMACIST, "RP0003")
    );
    town.work().await;
    let told = town.his.told();
    let Some(Told::Review(last)) = told.iter().rfind(|told| matches!(told, Told::Review(_))) else {
        panic!("told")
    };
    assert_eq!((last.phar_code.as_str(), last.rchk_phar_code.as_str()), (SHOP_PHARMACIST, "RP0003"));
    assert_eq!(last.rchk_phar_name, "甲测试");
}
