//! One prescription on its way, and all that those who act on it know.

use liufang::client::Patient;
use liufang_proto::order::v1::{OrderState, Scan};
use liufang_proto::prescription::v1::{
    GetPrescriptionRequest, GetSigningDocumentRequest, Override, PreVerifyRequest, Prescription, Visit,
};

use super::super::cast::*;

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
}

impl Sheet {
    /// A fresh draft of the patient's one visit.
    pub async fn draft(cast: &Cast, visit: &Visit, number: usize) -> Sheet {
        let reason = |rule: &str| Override {
            rule_id: rule.to_owned(),
            line: 1,
            reason: "病情稳定，患者知情同意".to_owned(),
        };
        let his = cast.his(HOSPITAL);
        let body = PreVerifyRequest {
            visit_id: visit.visit_id.clone(),
            doctor_token: his.token_of(&cast.practitioner(DOCTOR)).await.unwrap(),
            hosp_rxno: format!("STATES-{number}"),
            vali_days: 3,
            long_rx: true,
            // the others of this test are in force at the same time
            overrides: vec![reason("RX_DUPLICATE_ACTIVE")],
            lines: vec![AMLODIPINE.line(1, 1)],
            ..Default::default()
        };
        let draft = his.pre_verify(body).await.unwrap().prescription.unwrap();
        Sheet {
            state: "draft".to_owned(),
            hi_rxno: draft.hi_rxno,
            trace_code: draft.rx_trace_code,
            doctor_signature: "none".to_owned(),
            pharmacist_signature: "none".to_owned(),
            order_id: NO_ORDER.to_owned(),
            quote_id: "none".to_owned(),
            token: "none".to_owned(),
            secret: "none".to_owned(),
            scans: vec![Scan { line_no: 1, trace_codes: vec!["81000110008000020000".to_owned()] }],
            collection_code: "000000".to_owned(),
            moved: false,
        }
    }

    pub async fn view(&self, patient: &Patient) -> Prescription {
        let body = GetPrescriptionRequest { hi_rxno: self.hi_rxno.clone() };
        patient.get_prescription(body).await.unwrap().prescription.unwrap()
    }

    /// As the states of the table describe it.
    pub async fn look(&self, patient: &Patient) -> String {
        let view = self.view(patient).await;
        let word = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_owned();
        let state = word(view.state().as_str_name(), "PRESCRIPTION_STATE_");
        let review = word(view.review_state().as_str_name(), "REVIEW_STATE_");
        let used = word(view.use_state().as_str_name(), "USE_STATE_");
        let holder = match (view.holder_fixmedins_code.as_str(), view.revocation_asked) {
            ("", _) => "free",
            (_, true) => "marked",
            (_, false) => "held",
        };
        let order = match self.order_id.as_str() {
            NO_ORDER => "no order".to_owned(),
            id => word(patient.order(id).await.unwrap().state().as_str_name(), "ORDER_STATE_"),
        };
        format!("{state} {review} {used} {holder}, {order}")
    }

    /// What the callers learn once the prescription has moved.
    pub async fn learn(&mut self, cast: &Cast, patient: &Patient) {
        if self.state == "reviewed" {
            let body = GetSigningDocumentRequest { hi_rxno: self.hi_rxno.clone() };
            let document = cast.his(HOSPITAL).get_signing_document(body).await.unwrap().document;
            self.doctor_signature = cast.practitioner(DOCTOR).sign(&document).unwrap();
            self.pharmacist_signature = cast.practitioner(HOSPITAL_PHARMACIST).sign(&document).unwrap();
        }
        if self.order_id == NO_ORDER {
            return;
        }
        let order = patient.order(&self.order_id).await.unwrap();
        if let Some(quote) = &order.quote {
            self.quote_id.clone_from(&quote.quote_id);
        }
        match order.state() {
            OrderState::AwaitingPharmacy if order.fixmedins_code == SHOP => {
                let item = cast.pos(SHOP).queued(&self.order_id).await.unwrap();
                self.token = item
                    .map(|item| item.epc_token)
                    .filter(|token| !token.is_empty())
                    .unwrap_or(self.token.clone());
            }
            OrderState::Paid => self.scans = cast.scans(&order).await,
            OrderState::Dispensed => self.collection_code.clone_from(&order.collection_code),
            _ => {}
        }
    }
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
