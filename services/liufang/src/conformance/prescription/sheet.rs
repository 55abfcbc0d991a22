//! One prescription on its way, and all that those who act on it know.

use anyhow::{Context as _, Result};
use liufang_kernel::Timestamp;
use liufang_proto::order::v1::{Order, OrderState, Scan};
use liufang_proto::prescription::v1::{
    GetPrescriptionRequest, GetSigningDocumentRequest, Override, PreVerifyRequest, Prescription,
    PrescriptionState, Repeat, RxLine, Visit,
};

use super::callers::Callers;
use super::calls::Said;
use super::parts::Left;
use super::stage::{DOCTOR, HOSPITAL, HOSPITAL_PHARMACIST, PHARMACY, Stage, lines};
use crate::client::{Answer, Patient};

/// What the right callers hold in their hands. What nobody has yet is a plausible wrong value.
#[derive(Clone)]
pub struct Sheet {
    pub state: String,
    pub hi_rxno: String,
    pub trace_code: String,
    pub doctor_signature: String,
    pub pharmacist_signature: String,
    pub order_id: String,
    pub quote_id: String,
    /// The last circulation token the pharmacy saw.
    pub token: String,
    pub secret: String,
    pub scans: Vec<Scan>,
    pub collection_code: String,
    /// The latest order is, or has been, at another pharmacy.
    pub moved: bool,
    /// The latest sale at a counter, while no order came after it and its goods did not come back.
    pub sale_id: String,
    /// The order that a sale at a counter replaced, until it has ended.
    pub replaced: Option<String>,
    /// What nobody has handed out.
    pub left: Left,
    /// Orders that have handed out goods, in their order.
    pub sold: Vec<String>,
}

impl Sheet {
    /// A fresh draft of the patient's one visit; `number` is the hospital's own and used once.
    pub async fn draft(
        stage: &Stage,
        callers: &Callers,
        visit: &Visit,
        number: &str,
        repeat: Option<Repeat>,
    ) -> Result<Sheet> {
        let his = stage.his(HOSPITAL)?;
        let mut body = PreVerifyRequest {
            visit_id: visit.visit_id.clone(),
            doctor_token: callers.doctor.clone(),
            hosp_rxno: number.to_owned(),
            vali_days: 3,
            long_rx: true,
            lines: lines(),
            repeat,
            ..Default::default()
        };
        let mut answer = his.pre_verify(body.clone()).await;
        // the patient's other prescriptions of this play are in force at the same time
        if let Err(refusal) = &answer
            && refusal.is("OVERRIDE_NEEDED")
        {
            let rules = refusal.meta("rules").split([',', ' ']).filter(|rule| !rule.is_empty());
            body.overrides =
                rules.flat_map(|rule| body.lines.iter().map(|line| reason(rule, line))).collect();
            answer = his.pre_verify(body).await;
        }
        let draft = answer.context("a draft")?.prescription.unwrap_or_default();
        Ok(Sheet::of("draft", draft))
    }

    /// What is known of a prescription that nobody has chosen or signed yet.
    pub fn of(state: &str, rx: Prescription) -> Sheet {
        Sheet {
            state: state.to_owned(),
            hi_rxno: rx.hi_rxno.clone(),
            trace_code: rx.rx_trace_code,
            doctor_signature: "none".to_owned(),
            pharmacist_signature: "none".to_owned(),
            order_id: NO_ORDER.to_owned(),
            quote_id: "none".to_owned(),
            token: "none".to_owned(),
            secret: "none".to_owned(),
            scans: vec![Scan { line_no: 1, trace_codes: vec!["81000110008000020000".to_owned()] }],
            collection_code: "000000".to_owned(),
            moved: false,
            sale_id: NO_SALE.to_owned(),
            replaced: None,
            left: Left::of(&rx.lines),
            sold: Vec::new(),
        }
    }

    /// What a step has told its caller.
    pub fn hear(&mut self, operation: &str, said: Said) {
        self.secret = said.secret.unwrap_or_else(|| std::mem::take(&mut self.secret));
        let ordered = said.order_id.is_some();
        self.order_id = said.order_id.unwrap_or_else(|| std::mem::take(&mut self.order_id));
        if ordered || operation == "ReturnAtCounter" {
            NO_SALE.clone_into(&mut self.sale_id);
        }
        if ordered {
            self.moved = operation == "PlaceOrderElsewhere";
        }
        if let Some(sale_id) = said.sale_id {
            self.sale_id = sale_id;
            self.moved = false;
            let order_id = std::mem::replace(&mut self.order_id, NO_ORDER.to_owned());
            self.replaced = Some(order_id).filter(|id| id != NO_ORDER);
        }
    }

    /// What the patient sees.
    pub async fn view(&self, patient: &Patient) -> Answer<Prescription> {
        let body = GetPrescriptionRequest { hi_rxno: self.hi_rxno.clone() };
        Ok(patient.get_prescription(body).await?.prescription.unwrap_or_default())
    }

    /// As the states of the table describe it at `now`.
    pub async fn look(&self, patient: &Patient, now: Timestamp) -> Answer<String> {
        let view = self.view(patient).await?;
        let word = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_owned();
        let state = word(view.state().as_str_name(), "PRESCRIPTION_STATE_");
        let review = word(view.review_state().as_str_name(), "REVIEW_STATE_");
        let used = word(view.use_state().as_str_name(), "USE_STATE_");
        let closed = view.state() == PrescriptionState::Active && now.0 < view.opens_at_us;
        let holder = match (view.holder_fixmedins_code.as_str(), view.revocation_asked) {
            ("", _) if closed => "closed",
            ("", _) => "free",
            (_, true) => "marked",
            (_, false) => "held",
        };
        let order = match (self.order_id.as_str(), &self.replaced) {
            (NO_ORDER, Some(id)) if waits(&patient.order(id).await?) => {
                "waits for the end of the order that was replaced".to_owned()
            }
            (NO_ORDER, _) => "no order".to_owned(),
            (id, _) => word(patient.order(id).await?.state().as_str_name(), "ORDER_STATE_"),
        };
        Ok(format!("{state} {review} {used} {holder}, {order}"))
    }

    /// What the callers learn once the prescription has moved.
    pub async fn learn(&mut self, stage: &Stage, patient: &Patient) -> Result<()> {
        if self.state == "reviewed" {
            let body = GetSigningDocumentRequest { hi_rxno: self.hi_rxno.clone() };
            let document = stage.his(HOSPITAL)?.get_signing_document(body).await?.document;
            self.doctor_signature = stage.practitioner(DOCTOR)?.sign(&document)?;
            self.pharmacist_signature = stage.practitioner(HOSPITAL_PHARMACIST)?.sign(&document)?;
        }
        self.left = Left::of(&self.view(patient).await?.lines);
        self.replaced = None;
        if self.order_id == NO_ORDER {
            return Ok(());
        }
        let order = patient.order(&self.order_id).await?;
        if let Some(quote) = &order.quote {
            self.quote_id.clone_from(&quote.quote_id);
        }
        match order.state() {
            OrderState::AwaitingPharmacy if order.fixmedins_code == PHARMACY => {
                let item = stage.pos(PHARMACY)?.queued(&self.order_id).await?;
                self.token = item
                    .map(|item| item.epc_token)
                    .filter(|token| !token.is_empty())
                    .unwrap_or(self.token.clone());
            }
            OrderState::Paid => self.scans = stage.scans(&order).await?,
            OrderState::Dispensed => {
                self.collection_code.clone_from(&order.collection_code);
                self.sold.push(order.order_id);
            }
            OrderState::Completed => self.sold.push(order.order_id),
            _ => {}
        }
        Ok(())
    }
}

fn reason(rule: &str, line: &RxLine) -> Override {
    Override {
        rule_id: rule.to_owned(), line: line.line_no, reason: "病情稳定，患者知情同意".to_owned()
    }
}

/// Not ended, and nothing handed out: an order that has sold a part goes on without the rest.
fn waits(order: &Order) -> bool {
    order.cancel_reason.is_empty() && ![OrderState::Dispensed, OrderState::Completed].contains(&order.state())
}

/// Whether a prescription looks as the table says; `any` and `ended` leave a place open.
pub fn fits(look: &str, expected: &str) -> bool {
    let one = |(own, expected): (&str, &str)| {
        own == expected
            || expected == "any"
            || (expected == "ended" && ["CANCELLED", "REFUNDED"].contains(&own))
    };
    look.split(' ').count() == expected.split(' ').count()
        && look.split(' ').zip(expected.split(' ')).all(one)
}

const NO_ORDER: &str = "ord_none";
const NO_SALE: &str = "ctr_none";
