//! Point 2 of journey Qinhuangdao: hospital, doctor, slot, booking, consultation fee.

use anyhow::{Context as _, Result, ensure};
use liufang_proto::common::v1::Channel;
use liufang_proto::identity::v1::{InstitutionKind, ListInstitutionsRequest, ListPractitionersRequest};
use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::{
    BookVisitRequest, GetVisitRequest, ListSlotsRequest, Slot, Visit, VisitState,
};

use super::clinic::{DISEASE, DOCTOR, HOSPITAL};
use super::quotes;
use super::stage::{Stage, order_in, refused};
use super::story::{Story, yuan};
use crate::client::Patient;

const REGION: &str = "130300";
/// A running slot must last so long still, that it is not over before it is booked.
const MARGIN_SECONDS: i64 = 120;

/// Books and pays a visit; answers its id.
pub async fn book(stage: &mut Stage, story: &mut Story<'_>, patient: &Patient) -> Result<String> {
    story.step("2", "Hospital, doctor, slot; the consultation fee 诊察费")?;
    look_around(stage, story).await?;
    let slot = free_slot(stage, patient).await?;
    let wish = BookVisitRequest {
        slot_id: slot.slot_id.clone(),
        fixmedins_code: HOSPITAL.to_owned(),
        dise_codg: DISEASE.to_owned(),
        first_rx_ref: "MZ20260820-0117".to_owned(),
        condition: "规律服药，近三个月无胸闷".to_owned(),
    };
    refusals(story, patient, &wish).await?;
    let visit = patient.book_visit(wish).await?.visit.context("a visit")?;
    story.say(format!("booked {} at {}, fee {}", slot.doctor_name, slot.slot_id, yuan(visit.fee_fen)));
    pay_fee(stage, story, patient, &visit).await?;
    Ok(visit.visit_id)
}

/// Books and pays the next visit, which renews `first_rx_ref`; answers its id.
pub async fn book_again(
    stage: &mut Stage,
    story: &mut Story<'_>,
    patient: &Patient,
    first_rx_ref: &str,
) -> Result<String> {
    let slot = free_slot(stage, patient).await?;
    let wish = BookVisitRequest {
        slot_id: slot.slot_id.clone(),
        fixmedins_code: HOSPITAL.to_owned(),
        dise_codg: DISEASE.to_owned(),
        first_rx_ref: first_rx_ref.to_owned(),
        condition: "按时服药，想继续原方案".to_owned(),
    };
    let visit = patient.book_visit(wish).await?.visit.context("a visit")?;
    story.say(format!("booked {} again, renewing {first_rx_ref}", slot.doctor_name));
    pay_fee(stage, story, patient, &visit).await?;
    Ok(visit.visit_id)
}

async fn look_around(stage: &Stage, story: &mut Story<'_>) -> Result<()> {
    let query = ListInstitutionsRequest {
        region: REGION.to_owned(),
        kind: InstitutionKind::Hospital.into(),
        capability: "chronic_renewal".to_owned(),
        ..Default::default()
    };
    let hospitals = stage.public.list_institutions(query).await?.institutions;
    ensure!(hospitals.len() == 7, "the scheme has seven hospitals, found {}", hospitals.len());
    let names: Vec<_> =
        hospitals.iter().map(|own| format!("{} ({})", own.fixmedins_name, own.level)).collect();
    story.say(format!("hospitals of the scheme: {}", names.join("、")));
    let query = ListPractitionersRequest { fixmedins_code: HOSPITAL.to_owned(), ..Default::default() };
    let doctors = stage.public.list_practitioners(query).await?.practitioners;
    let names: Vec<_> = doctors.iter().map(|own| format!("{} {}", own.name, own.dept)).collect();
    story.say(format!("insured doctors 医保医师: {}", names.join("、")));
    Ok(())
}

async fn free_slot(stage: &Stage, patient: &Patient) -> Result<Slot> {
    let query = ListSlotsRequest {
        fixmedins_code: HOSPITAL.to_owned(),
        doctor_code: DOCTOR.to_owned(),
        ..Default::default()
    };
    let slots = patient.list_slots(query).await?.slots;
    let soon = stage.gateway.now().plus_seconds(MARGIN_SECONDS).0;
    let free = |slot: &Slot| slot.available > 0 && soon < slot.ends_at_us;
    slots.into_iter().find(free).context("a free slot")
}

async fn refusals(story: &mut Story<'_>, patient: &Patient, wish: &BookVisitRequest) -> Result<()> {
    let disease = |code: &str| BookVisitRequest { dise_codg: code.to_owned(), ..wish.clone() };
    let first = BookVisitRequest { first_rx_ref: String::new(), ..wish.clone() };
    let cases = [
        ("a first visit 首诊 online", first, "FIRST_VISIT_ONLINE"),
        ("a disease outside the scheme (M05300)", disease("M05300"), "DISEASE_NOT_IN_SCHEME"),
        ("a disease not registered for the patient (M01600)", disease("M01600"), "DISEASE_NOT_REGISTERED"),
    ];
    for (what, body, reason) in cases {
        story.refusal(what, &refused(patient.book_visit(body).await, reason)?);
    }
    Ok(())
}

async fn pay_fee(stage: &mut Stage, story: &mut Story<'_>, patient: &Patient, visit: &Visit) -> Result<()> {
    let order = patient.place_fee(&visit.visit_id).await?;
    quotes::tell(story, &order)?;
    patient.pay(&order, Channel::Wechat).await?;
    order_in(patient, &order.order_id, OrderState::Completed).await?;
    stage.bought(patient, &order.order_id).await?;
    let query = GetVisitRequest { visit_id: visit.visit_id.clone() };
    let paid = patient.get_visit(query).await?.visit.unwrap_or_default();
    ensure!(paid.state() == VisitState::Paid, "the fee is paid, the visit is {}", paid.state().as_str_name());
    story.say("paid; the visit is in the doctor's queue");
    Ok(())
}
