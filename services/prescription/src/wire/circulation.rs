//! Requests of circulation: the order's and the pharmacy's.

use liufang_kernel::{Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::prescription::v1 as pb;

use super::prescribing::amount;
use super::{ID, OPINION, REASON, TOKEN, institution, one, personal};
use crate::app::commands::{
    CheckDispense, ClaimAtCounter, DispenseAtCounter, GiveBack, Nominate, Proof, RecordDispense,
    ReturnAtCounter, Review, RxOrder, TakeOver, Watch,
};
use crate::domain::dispense::HandOut;

pub fn nominate(request: pb::NominateRequest, _: &CallMeta) -> Result<Nominate, Violations> {
    let mut violations = Violations::new();
    let nominate = Nominate {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        person_id: violations.text("person_id", &request.person_id, ID),
        pharmacy: institution(&mut violations, "fixmedins_code", &request.fixmedins_code),
        order_id: violations.text("order_id", &request.order_id, ID),
    };
    violations.finish(Some(nominate))
}

pub fn release_nomination(
    request: pb::ReleaseNominationRequest,
    _: &CallMeta,
) -> Result<RxOrder, Violations> {
    rx_order(&request.hi_rxno, &request.order_id)
}

pub fn reverse_dispense(request: pb::ReverseDispenseRequest, _: &CallMeta) -> Result<RxOrder, Violations> {
    rx_order(&request.hi_rxno, &request.order_id)
}

fn rx_order(hi_rxno: &str, order_id: &str) -> Result<RxOrder, Violations> {
    let mut violations = Violations::new();
    let both = RxOrder {
        hi_rxno: violations.text("hi_rxno", hi_rxno, ID),
        order_id: violations.text("order_id", order_id, ID),
    };
    violations.finish(Some(both))
}

pub fn list_pharmacy_queue(_: pb::ListPharmacyQueueRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn claim(request: pb::ClaimRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let token = violations.text("epc_token", &request.epc_token, 100);
    violations.finish(Some(token))
}

pub fn recover_secret(request: pb::RecoverSecretRequest, _: &CallMeta) -> Result<String, Violations> {
    one("hi_rxno", &request.hi_rxno)
}

/// A secret that is missing is as wrong as another one: the refusal is the domain's.
fn secret(value: &str) -> Sensitive<String> {
    Sensitive::new(value.to_owned())
}

pub fn give_back(request: pb::GiveBackRequest, _: &CallMeta) -> Result<GiveBack, Violations> {
    let mut violations = Violations::new();
    let back = GiveBack {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        secret: secret(&request.secret),
        reason: personal(&mut violations, "reason", &request.reason, REASON),
    };
    violations.finish(Some(back))
}

pub fn review(request: pb::ReviewRequest, _: &CallMeta) -> Result<Review, Violations> {
    let mut violations = Violations::new();
    let review = Review {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        secret: secret(&request.secret),
        pharmacist_token: violations.text("pharmacist_token", &request.pharmacist_token, TOKEN),
        pass: request.pass,
        opinion: personal(&mut violations, "opinion", &request.opinion, OPINION),
        second_pharmacist_token: match request.second_pharmacist_token.as_str() {
            "" => String::new(),
            token => violations.text("second_pharmacist_token", token, TOKEN),
        },
    };
    violations.finish(Some(review))
}

pub fn check_dispense(request: pb::CheckDispenseRequest, _: &CallMeta) -> Result<CheckDispense, Violations> {
    let mut violations = Violations::new();
    let check = CheckDispense {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        order_id: violations.text("order_id", &request.order_id, ID),
        secret: secret(&request.secret),
    };
    violations.finish(Some(check))
}

pub fn record_dispense(
    request: pb::RecordDispenseRequest,
    _: &CallMeta,
) -> Result<RecordDispense, Violations> {
    let mut violations = Violations::new();
    let parts = parts(&mut violations, &request.lines);
    let dispense = RecordDispense {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        order_id: violations.text("order_id", &request.order_id, ID),
        secret: secret(&request.secret),
        parts,
        last: request.last,
    };
    violations.finish(Some(dispense))
}

fn parts(violations: &mut Violations, lines: &[pb::DispensedLine]) -> Vec<HandOut> {
    violations.check((1..=50).contains(&lines.len()), "lines", "must hold 1 to 50 lines");
    let parts: Vec<Option<HandOut>> = (0_usize..)
        .zip(lines)
        .map(|(index, line)| {
            let path = |field: &str| format!("lines[{index}].{field}");
            let quantity = amount(violations, &path("quantity"), &line.quantity);
            let drug = violations.text(&path("med_list_codg"), &line.med_list_codg, 50);
            let lot = violations.text(&path("manu_lotnum"), &line.manu_lotnum, 200);
            let batch = match line.bchno.as_str() {
                "" => String::new(),
                batch => violations.text(&path("bchno"), batch, 200),
            };
            Some(HandOut { line_no: line.line_no, quantity: quantity?, drug, lot, batch })
        })
        .collect();
    parts.into_iter().flatten().collect()
}

pub fn present_prescription(
    request: pb::PresentPrescriptionRequest,
    _: &CallMeta,
) -> Result<String, Violations> {
    one("hi_rxno", &request.hi_rxno)
}

pub fn open_counter(request: pb::OpenCounterRequest, _: &CallMeta) -> Result<Proof, Violations> {
    let mut violations = Violations::new();
    let (presence, qr) = (request.presence_token.as_str(), request.qr_token.as_str());
    let one = presence.is_empty() != qr.is_empty();
    violations.check(one, "presence_token", "exactly one of presence_token and qr_token");
    violations.check(presence.len().max(qr.len()) <= 200, "qr_token", "must be at most 200 bytes");
    let proof = |token: &str| Sensitive::new(token.to_owned());
    let proof = if qr.is_empty() { Proof::Presence(proof(presence)) } else { Proof::Qr(proof(qr)) };
    violations.finish(Some(proof))
}

pub fn claim_at_counter(
    request: pb::ClaimAtCounterRequest,
    _: &CallMeta,
) -> Result<ClaimAtCounter, Violations> {
    let mut violations = Violations::new();
    let claim = ClaimAtCounter {
        counter_token: Sensitive::new(violations.text("counter_token", &request.counter_token, 200)),
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
    };
    violations.finish(Some(claim))
}

pub fn take_over_sale(request: pb::TakeOverSaleRequest, _: &CallMeta) -> Result<TakeOver, Violations> {
    let mut violations = Violations::new();
    let take = TakeOver {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        sale_id: violations.text("sale_id", &request.sale_id, ID),
        secret: secret(&request.secret),
        pharmacy: violations.text("fixmedins_code", &request.fixmedins_code, ID),
        order_id: violations.text("order_id", &request.order_id, ID),
    };
    violations.finish(Some(take))
}

pub fn dispense_at_counter(
    request: pb::DispenseAtCounterRequest,
    _: &CallMeta,
) -> Result<DispenseAtCounter, Violations> {
    let mut violations = Violations::new();
    let dispense = DispenseAtCounter {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        secret: secret(&request.secret),
        pharmacist_token: violations.text("pharmacist_token", &request.pharmacist_token, TOKEN),
        parts: parts(&mut violations, &request.lines),
        last: request.last,
    };
    violations.finish(Some(dispense))
}

pub fn return_at_counter(
    request: pb::ReturnAtCounterRequest,
    _: &CallMeta,
) -> Result<ReturnAtCounter, Violations> {
    let mut violations = Violations::new();
    let back = ReturnAtCounter {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        sale_id: violations.text("sale_id", &request.sale_id, ID),
    };
    violations.finish(Some(back))
}

pub fn watch(request: pb::WatchPrescriptionsRequest, _: &CallMeta) -> Result<Watch, Violations> {
    let mut violations = Violations::new();
    violations.check(0 <= request.after_sequence, "after_sequence", "must not be negative");
    violations.finish(Some(Watch { after: request.after_sequence, stop_at_end: request.stop_at_end }))
}
