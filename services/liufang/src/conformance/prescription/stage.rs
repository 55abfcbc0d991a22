//! The people and machines of the demo rows that act, and the way to a visit a prescription can be written for.

use anyhow::{Context as _, Result};
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState, Scan};
use liufang_proto::prescription::v1::{
    BookVisitRequest, ListSlotsRequest, RecordConsultationRequest, RxLine, TakeVisitRequest, Visit,
};

use crate::client::{Gateway, His, Patient, Pos, Practitioner, Public};
use crate::demo::stage::order_in;
use crate::seed::{self, Seed, Shelf, cast};

pub const HOSPITAL: &str = "H13030200001";
pub const OTHER_HOSPITAL: &str = "H13030200002";
pub const DOCTOR: &str = "D130302000001";
pub const OTHER_DOCTOR: &str = "D130302000002";
pub const HOSPITAL_PHARMACIST: &str = "HY130302000001";
/// The pharmacy that the patient chooses, and another one.
pub const PHARMACY: &str = "P13030200001";
pub const PHARMACIST: &str = "YS130302000001";
pub const OTHER_PHARMACY: &str = "P13030200002";
pub const OTHER_PHARMACIST: &str = "YS130302000003";
pub const COURIER: &str = "PS130300000001";
pub const REGION: &str = "130300";
pub const PLATFORM: &str = "jd";
/// Rows of `persons.tsv`.
pub const PATIENT: u32 = 1;
pub const OTHER_PATIENT: u32 = 3;
/// 高血压.
const DISEASE: &str = "M03900";
/// 络活喜 5 mg × 7.
pub const DRUG: &str = "XC08CAA456A001010100100";
/// 立普妥 20 mg × 7.
const OTHER_DRUG: &str = "XC10AAA595A001010100100";

/// Where everybody comes from.
pub struct Stage {
    pub gateway: Gateway,
    pub seed: Seed,
    pub operator_token: String,
}

impl Stage {
    pub fn his(&self, hospital: &str) -> Result<His> {
        cast::his(&self.gateway, hospital)
    }

    pub fn pos(&self, pharmacy: &str) -> Result<Pos> {
        cast::pos(&self.gateway, pharmacy)
    }

    pub fn practitioner(&self, code: &str) -> Result<Practitioner> {
        Ok(seed::practitioner(code)?)
    }

    pub async fn patient(&self, row: u32) -> Result<Patient> {
        Ok(Patient::register(&self.gateway, &self.seed.person(row)?.citizen()).await?)
    }

    /// A visit that was booked, paid, taken and recorded.
    pub async fn seen(&self, patient: &Patient) -> Result<Visit> {
        let visit = self.paid_visit(patient).await.context("a paid visit")?;
        let (his, doctor) = (self.his(HOSPITAL)?, self.practitioner(DOCTOR)?);
        let doctor_token = his.token_of(&doctor).await?;
        let visit_id = visit.visit_id;
        his.take_visit(TakeVisitRequest { visit_id: visit_id.clone(), doctor_token: doctor_token.clone() })
            .await?;
        let body = RecordConsultationRequest {
            visit_id,
            doctor_token,
            record: "复诊，血压控制良好，续方。".to_owned(),
            diag_code: "I10".to_owned(),
            follow_up: true,
        };
        Ok(his.record_consultation(body).await?.visit.unwrap_or_default())
    }

    async fn paid_visit(&self, patient: &Patient) -> Result<Visit> {
        let body = ListSlotsRequest {
            fixmedins_code: HOSPITAL.to_owned(),
            doctor_code: DOCTOR.to_owned(),
            ..Default::default()
        };
        let slots = Public::new(&self.gateway).list_slots(body).await?.slots;
        let slot = slots.into_iter().find(|slot| 0 < slot.available);
        let slot = slot.context("the doctor of the demo rows has no vacancy: load them again today")?;
        let body = BookVisitRequest {
            slot_id: slot.slot_id,
            fixmedins_code: HOSPITAL.to_owned(),
            dise_codg: DISEASE.to_owned(),
            first_rx_ref: "MZ-2026-0001".to_owned(),
            condition: "血压平稳，无不适".to_owned(),
        };
        let visit = patient.book_visit(body).await?.visit.unwrap_or_default();
        let order = patient.place_fee(&visit.visit_id).await?;
        let order = patient.pay(&order, Channel::Wechat).await?;
        order_in(patient, &order.order_id, OrderState::Completed).await?;
        Ok(visit)
    }

    /// The packs that the pharmacist takes from the shelf for an order.
    pub async fn scans(&self, order: &Order) -> Result<Vec<Scan>> {
        let shelf = Shelf::of(&self.seed, &order.fixmedins_code)?;
        shelf.scan(&self.pos(&order.fixmedins_code)?, order, self.gateway.now()).await
    }
}

/// Two lines, to be bought one by one; two packs of the first, to be handed out one by one.
pub fn lines() -> Vec<RxLine> {
    vec![line(1, DRUG, "21.30", 2), line(2, OTHER_DRUG, "38.50", 1)]
}

/// One tablet a day, seven in a pack.
fn line(line_no: i32, code: &str, price: &str, packs: u32) -> RxLine {
    RxLine {
        line_no,
        med_list_codg: code.to_owned(),
        medc_way_codg: "1".to_owned(),
        sin_doscnt: "1".to_owned(),
        sin_dosunt: "片".to_owned(),
        used_frqu_codg: "11".to_owned(),
        medc_days: (7 * packs).to_string(),
        drug_cnt: packs.to_string(),
        drug_pric: price.to_owned(),
        hosp_appr_flag: "0".to_owned(),
        ..Default::default()
    }
}
