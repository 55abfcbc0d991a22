//! Journey Qinhuangdao: a chronic-disease prescription from the doctor to the door.

use anyhow::{Result, ensure};
use liufang_proto::common::v1::{Channel, Fulfilment};
use liufang_proto::inventory::v1::{FindPharmaciesRequest, GetStockRequest, Offer};
use liufang_proto::order::v1::{DeliveryAddress, Order, OrderKind, OrderState, PlaceOrderRequest};
use liufang_proto::prescription::v1::{ClaimRequest, GetPrescriptionRequest, Prescription, UseState};

use super::clinic::{self, DRUGS};
use super::counter::{self, Crew};
use super::quotes;
use super::stage::{Stage, order_in, refused, until};
use super::story::{Story, yuan};
use super::visit;
use crate::client::{Claimed, Patient, Pos};

/// Row of `persons.tsv`: two registered diseases, money in the account.
const PATIENT: u32 = 1;
/// 示例海晏大药房海港区文化路店.
const PHARMACY: &str = "P13030200001";
const OTHER_PHARMACY: &str = "P13030200002";
const DEAR_PHARMACY: &str = "P13030300001";
const PHARMACIST: &str = "YS130302000001";
const COURIER: &str = "PS130300000001";

/// Plays the journey, point by point of the scheme.
pub async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<()> {
    story.chapter("Journey Qinhuangdao 秦皇岛 · 门诊慢性病线上续方")?;
    let patient = register(stage, story).await?;
    let visit_id = visit::book(stage, story, &patient).await?;
    story.step("3", "The HIS: consultation, rules, review, signatures, upload 复诊与开方")?;
    let prescription = clinic::prescribe(stage, story, &visit_id).await?;
    let order = choose_pharmacy(stage, story, &patient, &prescription).await?;
    let pos = stage.pos(PHARMACY)?;
    let claimed = claim_and_review(stage, story, &patient, &pos, &order).await?;
    pay(stage, story, &patient, &order.order_id).await?;
    story.step("7", "The pharmacy scans trace codes and dispenses 扫码发药")?;
    let courier = stage.courier(COURIER)?;
    let pharmacist = stage.practitioner(PHARMACIST)?;
    let crew = Crew { pos, pharmacist, secret: claimed.secret, courier };
    let order = patient.order(&order.order_id).await?;
    let code = counter::dispense(stage, story, &crew, &order).await?;
    story.step("8", "Courier, tracking, hand-over 配送")?;
    counter::on_shift(stage, &crew.courier, PHARMACY).await?;
    counter::deliver(story, &crew, &patient, &order.order_id, &code).await?;
    stage.bought(&patient, &order.order_id).await?;
    let query = GetPrescriptionRequest { hi_rxno: prescription.hi_rxno.clone() };
    let used = patient.get_prescription(query).await?.prescription.unwrap_or_default().use_state();
    ensure!(used == UseState::Used, "dispensed in full, but {}", used.as_str_name());
    story.say("the prescription is used up 已使用 (7207)");
    story.step("8b", "The next renewal: the doctor reads the first prescription 复诊查看首诊处方")?;
    let visit_id = visit::book_again(stage, story, &patient, &prescription.hosp_rxno).await?;
    clinic::read_first(stage, story, &visit_id, &prescription).await?;
    story.say("point 9, the day's close, comes at the end for both journeys");
    Ok(())
}

async fn register(stage: &Stage, story: &mut Story<'_>) -> Result<Patient> {
    story.step("1", "Real-name verification and sign-in 实名认证")?;
    let citizen = stage.citizen(PATIENT)?;
    let patient = Patient::register(&stage.gateway, &citizen).await?;
    let me = patient.me().await?;
    ensure!(me.verified, "registered, but not verified");
    story.say(format!(
        "{}: ID number → phone code → carrier → face, each through the verification hook",
        citizen.name
    ));
    for row in &me.insurances {
        story.say(format!(
            "insured: insutype {}, psn_type {}, place {}",
            row.insutype, row.psn_type, row.insuplc_admdvs
        ));
    }
    let chronic: Vec<_> =
        me.chronic.iter().map(|row| format!("{} {}", row.dise_codg, row.dise_name)).collect();
    story.say(format!("registered chronic diseases 门慢: {}", chronic.join(", ")));
    story.say(format!("personal account 个人账户: {}", yuan(patient.account().await?.balance_fen)));
    Ok(patient)
}

async fn choose_pharmacy(
    stage: &Stage,
    story: &mut Story<'_>,
    patient: &Patient,
    prescription: &Prescription,
) -> Result<Order> {
    story.step("4", "Which pharmacies can fill every line? 选择药店")?;
    let home = stage.seed.person(PATIENT)?;
    let query = FindPharmaciesRequest {
        hi_rxno: prescription.hi_rxno.clone(),
        near: Some(home.location()),
        include_refused: true,
    };
    let offers = patient.find_pharmacies(query).await?.offers;
    ensure!(
        offers.iter().any(|offer| offer.fills_all && offer.fixmedins_code == PHARMACY),
        "{PHARMACY} should fill it"
    );
    story.table(&offers.iter().map(offer_row).collect::<Vec<_>>());
    let body = PlaceOrderRequest {
        kind: OrderKind::Prescription.into(),
        fixmedins_code: PHARMACY.to_owned(),
        hi_rxno: prescription.hi_rxno.clone(),
        fulfilment: Fulfilment::Delivery.into(),
        delivery: Some(DeliveryAddress {
            recipient_name: home.name.clone(),
            recipient_phone: home.phone.clone(),
            address: home.address.clone(),
            location: Some(home.location()),
        }),
        use_account: true,
        risk_confirmed: true,
        ..Default::default()
    };
    let dear = PlaceOrderRequest { fixmedins_code: DEAR_PHARMACY.to_owned(), ..body.clone() };
    let refusal = refused(patient.place(dear).await, "PRICE_ABOVE_HOSPITAL")?;
    story.refusal("a shop that asks more than the hospital", &refusal);
    let order = patient.place(body).await?;
    ensure!(order.state() == OrderState::AwaitingPharmacy, "placed, but {}", order.state().as_str_name());
    story.say(format!(
        "chosen: {}, delivery; circulated 流转 to that pharmacy alone",
        stage.institution_name(PHARMACY)
    ));
    let mut unquoted = order.clone();
    unquoted.quote =
        Some(liufang_proto::settlement::v1::Quote { quote_id: "none-yet".to_owned(), ..Default::default() });
    let refusal = refused(patient.pay(&unquoted, Channel::Wechat).await, "REVIEW_NOT_PASSED")?;
    story.refusal("paying before the pharmacist's pass", &refusal);
    Ok(order)
}

fn offer_row(offer: &Offer) -> Vec<String> {
    let mut refusals: Vec<_> =
        offer.lines.iter().map(|line| line.refusal.as_str()).filter(|own| !own.is_empty()).collect();
    refusals.dedup();
    let verdict = if offer.fills_all { "fills every line".to_owned() } else { refusals.join(", ") };
    let total = if offer.fills_all { yuan(offer.total_fen) } else { String::new() };
    vec![offer.fixmedins_name.clone(), format!("{} m", offer.distance_m), total, verdict]
}

async fn claim_and_review(
    stage: &Stage,
    story: &mut Story<'_>,
    patient: &Patient,
    pos: &Pos,
    order: &Order,
) -> Result<Claimed> {
    story.step("5", "The POS claims, the pharmacist reviews, stock is reserved 审方与锁库")?;
    let queued = until("the prescription is in the pharmacy's queue", async || {
        Ok(pos.queued(&order.order_id).await?)
    })
    .await?;
    let token = ClaimRequest { epc_token: queued.epc_token };
    let other = stage.pos(OTHER_PHARMACY)?;
    match other.claim(token.clone()).await {
        Err(refusal) => story.refusal("another pharmacy with the same circulation token", &refusal),
        Ok(_) => anyhow::bail!("another pharmacy could claim the prescription"),
    }
    let claim = pos.claim(token).await?;
    let claimed = Claimed { hi_rxno: claim.prescription.unwrap_or_default().hi_rxno, secret: claim.secret };
    story.say("claimed: full content, and a fresh secret that every later step needs");
    let pharmacist = stage.practitioner(PHARMACIST)?;
    pos.judge(&claimed, &pharmacist, true, "处方审核通过，注意监测肝功能").await?;
    story.say(format!("pharmacist {PHARMACIST}, own SM2 credential: 处方审核通过，注意监测肝功能"));
    order_in(patient, &order.order_id, OrderState::AwaitingPayment).await?;
    let codes = DRUGS.iter().map(|(code, _)| (*code).to_owned()).collect();
    let levels = pos.get_stock(GetStockRequest { med_list_codgs: codes }).await?.levels;
    let lots = levels.iter().flat_map(|level| level.lots.iter());
    let rows = lots.map(|lot| {
        vec![
            format!("lot {}", lot.manu_lotnum),
            format!("expires {}", lot.expy_end),
            format!("on hand {}", lot.on_hand),
            format!("reserved {}", lot.reserved),
        ]
    });
    story.table(&rows.collect::<Vec<_>>());
    story.say(
        "reserved first expired, first out 近效期先出, in lots that last for the whole supply, until the payment deadline",
    );
    Ok(claimed)
}

async fn pay(stage: &mut Stage, story: &mut Story<'_>, patient: &Patient, order_id: &str) -> Result<()> {
    story.step("6", "The quote explains itself; the patient pays 费用核算与支付")?;
    let order = patient.order(order_id).await?;
    quotes::tell(story, &order)?;
    patient.pay(&order, Channel::Wechat).await?;
    order_in(patient, order_id, OrderState::Paid).await?;
    stage.bought(patient, order_id).await?;
    let payment = patient.payment(order_id).await?;
    story.say(format!("authorised and captured: settlement {} through WeChat Pay 微信支付", payment.setl_id));
    story.say(format!("personal account afterwards: {}", yuan(patient.account().await?.balance_fen)));
    Ok(())
}
