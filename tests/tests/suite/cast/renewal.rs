//! The ways of Qinhuangdao: a paid visit, an active prescription, a claim, an order to pay, a paid one.

use liufang::client::{Answer, Claimed, Patient};
use liufang_proto::common::v1::{Channel, Fulfilment};
use liufang_proto::order::v1::{DeliveryAddress, Order, OrderKind, OrderState, PlaceOrderRequest};
use liufang_proto::prescription::v1::{
    BookVisitRequest, ClaimRequest, ListSlotsRequest, Override, PreVerifyRequest, Prescription,
    RecordConsultationRequest, ReviewDraftRequest, RxLine, Slot, TakeVisitRequest, TakeVisitResponse, Visit,
};
use liufang_tests::eventually;

use super::{AMLODIPINE, ATORVASTATIN, Cast, DOCTOR, HOSPITAL, HOSPITAL_PHARMACIST};

/// A drug as the hospital prescribes it: one tablet a day, seven in a pack.
#[derive(Clone, Copy)]
pub struct Drug {
    pub code: &'static str,
    /// The hospital's price, yuan.
    pub price: &'static str,
}

impl Drug {
    /// A line for `weeks` of treatment.
    pub fn line(self, line_no: i32, weeks: u32) -> RxLine {
        RxLine {
            line_no,
            med_list_codg: self.code.to_owned(),
            medc_way_codg: "1".to_owned(),
            sin_doscnt: "1".to_owned(),
            sin_dosunt: "片".to_owned(),
            used_frqu_codg: "11".to_owned(),
            medc_days: (7 * weeks).to_string(),
            drug_cnt: weeks.to_string(),
            drug_pric: self.price.to_owned(),
            hosp_appr_flag: "0".to_owned(),
            ..Default::default()
        }
    }
}

/// The stories' prescription: both drugs for `weeks`.
pub fn two_drugs(weeks: u32) -> Vec<RxLine> {
    vec![AMLODIPINE.line(1, weeks), ATORVASTATIN.line(2, weeks)]
}

impl Cast {
    /// A vacancy of the stories' first doctor.
    pub async fn slot(&self, doctor: &str) -> Slot {
        let body = ListSlotsRequest {
            fixmedins_code: HOSPITAL.to_owned(),
            doctor_code: doctor.to_owned(),
            ..Default::default()
        };
        let slots = self.public().list_slots(body).await.unwrap().slots;
        slots.into_iter().find(|slot| 0 < slot.available).expect("a vacancy")
    }

    /// One slot as it stands now.
    pub async fn slot_of(&self, slot_id: &str) -> Slot {
        let body = ListSlotsRequest { fixmedins_code: HOSPITAL.to_owned(), ..Default::default() };
        let slots = self.public().list_slots(body).await.unwrap().slots;
        slots.into_iter().find(|slot| slot.slot_id == slot_id).expect("the slot")
    }

    /// What a patient sends to book a follow-up visit.
    pub fn booking(&self, slot: &Slot, disease: &str) -> BookVisitRequest {
        BookVisitRequest {
            slot_id: slot.slot_id.clone(),
            fixmedins_code: HOSPITAL.to_owned(),
            dise_codg: disease.to_owned(),
            first_rx_ref: "MZ-2026-0001".to_owned(),
            condition: "血压平稳，无不适".to_owned(),
        }
    }

    pub async fn booked(&self, patient: &Patient, doctor: &str, disease: &str) -> Visit {
        let slot = self.slot(doctor).await;
        patient.book_visit(self.booking(&slot, disease)).await.unwrap().visit.unwrap()
    }

    pub async fn paid_visit(&self, patient: &Patient, doctor: &str, disease: &str) -> Visit {
        let visit = self.booked(patient, doctor, disease).await;
        let order = patient.place_fee(&visit.visit_id).await.unwrap();
        let order = patient.pay(&order, Channel::Wechat).await.unwrap();
        self.order_in(patient, &order.order_id, OrderState::Completed).await;
        visit
    }

    /// The doctor takes a paid visit.
    pub async fn take(&self, visit: &Visit, doctor: &str) -> Answer<TakeVisitResponse> {
        let his = self.his(HOSPITAL);
        let doctor_token = his.token_of(&self.practitioner(doctor)).await.unwrap();
        his.take_visit(TakeVisitRequest { visit_id: visit.visit_id.clone(), doctor_token }).await
    }

    /// The doctor writes the record of a visit taken before.
    pub async fn record(&self, visit: &Visit, doctor: &str, follow_up: bool) -> Answer<Visit> {
        let his = self.his(HOSPITAL);
        let body = RecordConsultationRequest {
            visit_id: visit.visit_id.clone(),
            doctor_token: his.token_of(&self.practitioner(doctor)).await.unwrap(),
            record: "复诊，血压控制良好，续方。".to_owned(),
            diag_code: "I10".to_owned(),
            follow_up,
        };
        Ok(his.record_consultation(body).await?.visit.unwrap_or_default())
    }

    /// A visit whose consultation is recorded.
    pub async fn seen(&self, patient: &Patient, doctor: &str, disease: &str) -> Visit {
        let visit = self.paid_visit(patient, doctor, disease).await;
        self.take(&visit, doctor).await.unwrap();
        self.record(&visit, doctor, true).await.unwrap()
    }

    /// Pre-verifies; a supply of more than four weeks carries the doctor's reason.
    pub async fn pre_verify(&self, visit: &Visit, lines: Vec<RxLine>) -> Answer<Prescription> {
        let his = self.his(HOSPITAL);
        let long = lines.iter().any(|line| line.medc_days.parse::<u32>().unwrap_or_default() > 28);
        let reason = |line: &RxLine| Override {
            rule_id: "RX_DAYS_OF_SUPPLY".to_owned(),
            line: line.line_no,
            reason: "病情稳定，患者知情同意".to_owned(),
        };
        let body = PreVerifyRequest {
            visit_id: visit.visit_id.clone(),
            doctor_token: his.token_of(&self.practitioner(&visit.doctor_code)).await?,
            hosp_rxno: format!("MZ-{}", &visit.visit_id[visit.visit_id.len() - 12..]),
            vali_days: 3,
            long_rx: true,
            overrides: if long { lines.iter().map(reason).collect() } else { Vec::new() },
            long_rx_consent: if long { format!("CONSENT-{}", visit.visit_id) } else { String::new() },
            lines,
            ..Default::default()
        };
        Ok(his.pre_verify(body).await?.prescription.unwrap_or_default())
    }

    /// The hospital pharmacist's verdict on a draft.
    pub async fn review_draft(&self, draft: &Prescription, pass: bool) -> Answer<Prescription> {
        let his = self.his(HOSPITAL);
        let body = ReviewDraftRequest {
            hi_rxno: draft.hi_rxno.clone(),
            pharmacist_token: his.token_of(&self.practitioner(HOSPITAL_PHARMACIST)).await?,
            pass,
            opinion: "用法用量适宜".to_owned(),
        };
        Ok(his.review_draft(body).await?.prescription.unwrap_or_default())
    }

    /// Reviewed, signed by both, uploaded.
    pub async fn activate(&self, draft: &Prescription) -> Prescription {
        let draft = self.review_draft(draft, true).await.unwrap();
        let (doctor, pharmacist) =
            (self.practitioner(&draft.doctor_code), self.practitioner(HOSPITAL_PHARMACIST));
        self.his(HOSPITAL).sign_and_upload(&draft, &doctor, &pharmacist).await.unwrap()
    }

    /// An active prescription of `lines` for hypertension.
    pub async fn prescribed(&self, patient: &Patient, lines: Vec<RxLine>) -> Prescription {
        let visit = self.seen(patient, DOCTOR, "M03900").await;
        let draft = self.pre_verify(&visit, lines).await.unwrap();
        self.activate(&draft).await
    }

    /// What a patient sends to fill a prescription; picked up without a door, delivered to one.
    pub fn filling(&self, rx: &Prescription, shop: &str, door: Option<DeliveryAddress>) -> PlaceOrderRequest {
        let fulfilment = if door.is_some() { Fulfilment::Delivery } else { Fulfilment::PickUp };
        PlaceOrderRequest {
            kind: OrderKind::Prescription.into(),
            fixmedins_code: shop.to_owned(),
            hi_rxno: rx.hi_rxno.clone(),
            fulfilment: fulfilment.into(),
            delivery: door,
            use_account: true,
            risk_confirmed: true,
            ..Default::default()
        }
    }

    /// The shop claims the prescription of an order.
    pub async fn claim(&self, order: &Order) -> Claimed {
        let pos = self.pos(&order.fixmedins_code);
        let item = eventually("the prescription is in the pharmacy's queue", || async {
            pos.queued(&order.order_id).await.unwrap()
        })
        .await;
        let reply = pos.claim(ClaimRequest { epc_token: item.epc_token }).await.unwrap();
        Claimed { hi_rxno: reply.prescription.unwrap().hi_rxno, secret: reply.secret }
    }

    /// Claimed and passed; answers the order with its quote, and the claim.
    pub async fn passed(&self, patient: &Patient, order: &Order, pharmacist: &str) -> (Order, Claimed) {
        let claim = self.claim(order).await;
        let pos = self.pos(&order.fixmedins_code);
        pos.judge(&claim, &self.practitioner(pharmacist), true, "处方适宜，可以调配").await.unwrap();
        (self.order_in(patient, &order.order_id, OrderState::AwaitingPayment).await, claim)
    }

    /// An order that waits for payment at `shop`.
    pub async fn to_pay(&self, patient: &Patient, shop: &str, pharmacist: &str) -> (Order, Claimed) {
        let rx = self.prescribed(patient, two_drugs(4)).await;
        let order = patient.place(self.filling(&rx, shop, None)).await.unwrap();
        self.passed(patient, &order, pharmacist).await
    }

    /// A paid order at `shop`, to be picked up.
    pub async fn paid_rx(&self, patient: &Patient, shop: &str, pharmacist: &str) -> (Order, Claimed) {
        let (order, claim) = self.to_pay(patient, shop, pharmacist).await;
        (self.pay(patient, &order).await, claim)
    }
}
