//! What hospitals are told: once under one id, in order, of nobody's silence held up, given up and asked for again.

use liufang_kernel::Timestamp;
use liufang_platform::Event;
use liufang_proto::prescription::v1 as pb;
use liufang_proto::settlement::v1::PaymentCaptured;
use prost::{Message as _, Name as _};

use super::hospital::{Mood, Told};
use super::peers::*;
use super::world::*;
use crate::domain::notice::{Content, Reviewed, Reviewer};
use crate::domain::state::State;
use crate::store;
use crate::store::notice::Notice;

const FULL: [(i32, &str, &str); 2] = [(1, AMLODIPINE, "4"), (2, VALSARTAN, "4")];

/// Claimed by [`PHARMACY`] and passed; number and secret.
async fn passed(town: &Town, hosp_rxno: &str) -> (String, String) {
    let rx = town.active(hosp_rxno).await;
    let secret = town.claimed(&rx.hi_rxno, "ord_1").await;
    town.review(&rx.hi_rxno, &secret, true).await.unwrap();
    (rx.hi_rxno, secret)
}

async fn listed(town: &Town) -> Vec<pb::Notice> {
    let request = town.ask(Who::His(HOSPITAL), pb::ListNoticesRequest::default());
    taken(town.prescribing().list_notices(request).await).unwrap().notices
}

async fn again(town: &Town, who: &'static str, ids: &[&str]) -> String {
    let notice_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let request = town.ask(Who::His(who), pb::RedeliverNoticesRequest { notice_ids });
    reason(taken(town.prescribing().redeliver_notices(request).await))
}

fn ids(told: &[Told]) -> Vec<&str> {
    told.iter().map(Told::id).collect()
}

#[tokio::test]
async fn a_review_is_told_as_7108_has_it() {
    let town = town().await;
    let (hi_rxno, _) = passed(&town, "N-1").await;
    town.work().await;
    let told = town.his.told();
    let [Told::Review(review)] = &told[..] else { panic!("one review") };
    assert_eq!((review.hi_rxno.as_str(), review.hosp_rxno.as_str()), (hi_rxno.as_str(), "N-1"));
    assert_eq!((review.fixmedins_code.as_str(), review.rx_chk_fixmedins_code.as_str()), (HOSPITAL, PHARMACY));
    assert_eq!((review.phar_code.as_str(), review.phar_name.as_str()), (SHOP_PHARMACIST, "甲测试"));
    assert_eq!((review.rx_chk_stas_codg.as_str(), review.rx_stas_codg.as_str()), ("1", "1"));
    assert_eq!(review.rx_chk_opnn, "四查十对，同意调配");
    assert!(review.rchk_phar_code.is_empty());
    assert!(listed(&town).await.is_empty(), "it was taken");
    town.work().await;
    assert_eq!(town.his.told().len(), 1);
    assert!(town.other_his.told().is_empty(), "the issuing hospital's alone");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_under_the_same_id() {
    let town = town().await;
    passed(&town, "N-2").await;
    town.his.is(Mood::LosesAnswers);
    town.work().await;
    town.his.is(Mood::Takes);
    town.work().await;
    assert_eq!(town.his.told().len(), 1, "not before its pause is over");
    town.world.clock.advance_seconds(11);
    town.work().await;
    let told = town.his.told();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].id(), told[1].id());
    assert!(listed(&town).await.is_empty());
}

#[tokio::test]
async fn a_settlement_waits_for_its_money_and_tells_lots() {
    let town = town().await;
    let (hi_rxno, secret) = passed(&town, "N-3").await;
    town.dispense(&hi_rxno, &secret, &FULL[..1]).await.unwrap();
    town.work().await;
    assert_eq!(town.his.told().len(), 1, "what was paid is not known yet");
    let event = PaymentCaptured {
        order_id: "ord_1".to_owned(),
        setl_id: "S1".to_owned(),
        fund_pay_sumamt_fen: 6_000,
        acct_pay_fen: 2_000,
        acct_mulaid_pay_fen: 0,
        psn_cash_pay_fen: 600,
        ..Default::default()
    };
    let event = Event {
        id: "evt_1".to_owned(),
        topic: PaymentCaptured::full_name(),
        key: "ord_1".to_owned(),
        payload: event.encode_to_vec(),
        traceparent: String::new(),
        at: Timestamp(0),
    };
    town.hear(event).await;
    town.world.clock.advance_seconds(3);
    town.work().await;
    let told = town.his.told();
    let [Told::Review(review), Told::Settlement(settled)] = &told[..] else {
        panic!("a review, then a settlement")
    };
    assert!(review.sequence < settled.sequence);
    assert_eq!((settled.rx_used_stas_codg.as_str(), settled.reversed), ("3", false));
    assert_eq!((settled.sale_id.as_str(), settled.setl_fixmedins_code.as_str()), ("ord_1", PHARMACY));
    assert_eq!(settled.setl_fixmedins_name, "测试医院");
    let paid = settled.payment.as_ref().unwrap();
    assert_eq!((paid.fund_pay_sumamt_fen, paid.acct_pay_fen, paid.psn_cash_pay_fen), (6_000, 2_000, 600));
    let [line] = &settled.seltdelts[..] else { panic!("one line") };
    assert_eq!((line.line_no, line.cnt.as_str(), line.take_drug_flag.as_str()), (1, "4", "1"));
    assert_eq!((line.manu_lotnum.as_str(), line.drug_spec.as_str()), ("L1", "5mg"));
    assert_eq!((line.drug_genname.as_str(), line.prdr_name.as_str()), ("苯磺酸氨氯地平片", "测试制药"));
    assert_eq!(line.aprvno, "国药准字H20000001");

    town.reverse(&hi_rxno, "ord_1").await.unwrap();
    town.reverse(&hi_rxno, "ord_1").await.unwrap();
    town.work().await;
    let told = town.his.told();
    let [_, _, Told::Settlement(back)] = &told[..] else { panic!("one return") };
    assert_eq!((back.reversed, back.rx_used_stas_codg.as_str()), (true, "1"));
    assert_eq!((back.seltdelts.len(), back.seltdelts[0].take_drug_flag.as_str()), (1, "0"));
    assert!(back.payment == settled.payment);
}

#[tokio::test]
async fn order_is_kept_while_the_first_is_not_answered() {
    let town = town().await;
    town.his.is(Mood::Away);
    let (hi_rxno, secret) = passed(&town, "N-4").await;
    town.work().await;
    town.dispense(&hi_rxno, &secret, &FULL).await.unwrap();
    town.world.clock.advance_seconds(3_700);
    town.his.is(Mood::LosesAnswers);
    town.work().await;
    assert!(matches!(town.his.told()[..], [Told::Review(_)]), "the settlement waits behind the review");
    town.his.is(Mood::Takes);
    town.world.clock.advance_seconds(3_700);
    town.work().await;
    let told = town.his.told();
    let [Told::Review(_), Told::Review(_), Told::Settlement(settled)] = &told[..] else {
        panic!("the review again, then the settlement")
    };
    assert!(settled.payment.is_none(), "nobody told of a payment within an hour");
}

#[tokio::test]
async fn a_refusal_is_kept_with_its_words_and_holds_nothing_up() {
    let town = town().await;
    town.his.is(Mood::Refuses);
    let (hi_rxno, secret) = passed(&town, "N-5").await;
    town.work().await;
    let notices = listed(&town).await;
    let [notice] = &notices[..] else { panic!("one notice") };
    assert!(notice.state() == pb::NoticeState::Refused);
    assert_eq!(notice.words, "院内无此处方");
    town.his.is(Mood::Takes);
    town.world.clock.advance_seconds(3_700);
    town.dispense(&hi_rxno, &secret, &FULL).await.unwrap();
    town.world.clock.advance_seconds(3_700);
    town.work().await;
    assert!(
        matches!(town.his.told()[..], [Told::Review(_), Told::Settlement(_)]),
        "not sent by itself again"
    );
    assert_eq!(again(&town, "H13030200002", &[&notice.notice_id]).await, "NOTICE_NOT_FOUND");
    assert_eq!(again(&town, HOSPITAL, &[&notice.notice_id, "ntc_none"]).await, "NOTICE_NOT_FOUND");
    assert!(listed(&town).await[0].state() == pb::NoticeState::Refused, "none is sent");
    assert_eq!(again(&town, HOSPITAL, &[&notice.notice_id]).await, "OK");
    town.work().await;
    assert_eq!(ids(&town.his.told())[2], notice.notice_id);
    assert!(listed(&town).await.is_empty());
    assert_eq!(again(&town, HOSPITAL, &[&notice.notice_id]).await, "NOTICE_NOT_FOUND", "it was taken");
}

#[tokio::test]
async fn given_up_after_days_and_asked_for_again() {
    let town = town().await;
    town.his.is(Mood::Away);
    passed(&town, "N-6").await;
    for _ in 0..7 {
        town.work().await;
        town.world.clock.advance_seconds(86_401);
    }
    town.work().await;
    let notices = listed(&town).await;
    assert_eq!(notices.len(), 1);
    assert!(notices[0].state() == pb::NoticeState::GivenUp);
    assert_eq!(town.gauge("liufang_notices_given_up").await, 1);
    town.his.is(Mood::Takes);
    town.world.clock.advance_seconds(86_400);
    town.work().await;
    assert!(town.his.told().is_empty(), "given up is given up");
    assert_eq!(again(&town, HOSPITAL, &[&notices[0].notice_id]).await, "OK");
    town.work().await;
    assert_eq!(ids(&town.his.told()), [notices[0].notice_id.as_str()]);
    assert_eq!(town.gauge("liufang_notices_oldest_seconds").await, 0);
}

/// A review of another hospital's prescription, written as the use case writes it.
async fn other_hospitals(town: &Town) {
    let deps = &town.world.deps;
    let now = deps.clock.now();
    let review = Reviewed {
        hosp_rxno: "h".to_owned(),
        pharmacy: PHARMACY.to_owned(),
        pharmacist: Reviewer::default(),
        second: Reviewer::default(),
        passed: false,
        opinion: "剂量过大".to_owned(),
        at: now,
        state: State::Active,
    };
    let notice = Notice {
        notice_id: deps.ids.next("ntc"),
        hi_rxno: "rx_other".to_owned(),
        hospital: "H13030200002".to_owned(),
        sequence: 3,
        content: Content::Review(review),
        complete: true,
        attempts: 0,
        created_at: now,
    };
    let work = deps.db.begin_step().await.unwrap();
    store::notice::insert(work.tx(), &deps.cipher, &notice, now.plus_days(1)).await.unwrap();
    work.done().await.unwrap();
}

#[tokio::test]
async fn a_dead_hospital_holds_up_no_other() {
    let town = town().await;
    town.his.is(Mood::Hangs);
    passed(&town, "N-7").await;
    town.work().await;
    assert_eq!(
        (town.his.told().len(), town.other_his.told().len()),
        (1, 0),
        "one is asked and does not answer"
    );
    // its call is still open
    other_hospitals(&town).await;
    town.work().await;
    assert_eq!((town.his.told().len(), town.other_his.told().len()), (1, 1));
}

#[tokio::test]
async fn two_replicas_send_each_notice_once() {
    let town = town().await;
    passed(&town, "N-8").await;
    for _ in 0..20 {
        other_hospitals(&town).await;
    }
    let other = crate::module(town.world.deps.clone());
    let worker = other.workers.iter().find(|worker| worker.name == "send-notices").unwrap();
    let (one, two) = tokio::join!(town.work(), worker.step());
    let ((), _) = (one, two.unwrap());
    town.work().await;
    let told = town.other_his.told();
    let mut unlike: Vec<&str> = ids(&told);
    unlike.sort_unstable();
    unlike.dedup();
    assert_eq!((told.len(), unlike.len(), town.his.told().len()), (20, 20, 1));
}
