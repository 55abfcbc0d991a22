//! Requests of two-phase stock.

use liufang_kernel::{Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::inventory::v1 as pb;

use super::{checked, institution_code, offer::asks};
use crate::app::{Commit, Extend, Reserve, ReturnSale};
use crate::domain::dispense::Scan;

const MAX_CODES: usize = 1_000;

fn order_id(violations: &mut Violations, value: &str) -> String {
    violations.text("order_id", value, 64)
}

pub fn reserve(request: pb::ReserveRequest, _: &CallMeta) -> Result<Reserve, Violations> {
    let mut violations = Violations::new();
    let reserve = Reserve {
        order_id: order_id(&mut violations, &request.order_id),
        institution: institution_code(&mut violations, "fixmedins_code", &request.fixmedins_code),
        asks: asks(&mut violations, request.lines),
        expires_at: Timestamp(request.expires_at_us),
    };
    checked(violations, reserve)
}

pub fn release(request: pb::ReleaseRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let order_id = order_id(&mut violations, &request.order_id);
    checked(violations, order_id)
}

pub fn extend(request: pb::ExtendRequest, _: &CallMeta) -> Result<Extend, Violations> {
    let mut violations = Violations::new();
    let order_id = order_id(&mut violations, &request.order_id);
    checked(violations, Extend { order_id, expires_at: Timestamp(request.expires_at_us) })
}

pub fn commit(request: pb::CommitRequest, _: &CallMeta) -> Result<Commit, Violations> {
    let mut violations = Violations::new();
    let setl_id = violations.optional_text("setl_id", &request.setl_id, 64);
    // 3505: setl_id is mandatory for insured sales (domain.md §4.1)
    violations.check(!request.insured || !setl_id.is_empty(), "setl_id", "must be given for an insured sale");
    let commit = Commit {
        order_id: order_id(&mut violations, &request.order_id),
        setl_id,
        hi_rxno: violations.optional_text("hi_rxno", &request.hi_rxno, 64),
        pharmacist_code: violations.text("pharmacist_code", &request.pharmacist_code, 50),
        scans: scans(&mut violations, request.scans),
        insured: request.insured,
    };
    checked(violations, commit)
}

pub fn return_sale(request: pb::ReturnSaleRequest, _: &CallMeta) -> Result<ReturnSale, Violations> {
    let mut violations = Violations::new();
    let order_id = order_id(&mut violations, &request.order_id);
    let scans = scans(&mut violations, request.scans);
    checked(violations, ReturnSale { order_id, scans })
}

/// Scans as they come: whether a code can be one is for the rules to say, with a reason.
fn scans(violations: &mut Violations, scans: Vec<pb::ScannedLine>) -> Vec<Scan> {
    violations.check(scans.len() <= 50, "scans", "must be at most 50");
    let codes: usize = scans.iter().map(|scan| scan.trace_codes.len()).sum();
    violations.check(codes <= MAX_CODES, "scans", "must hold at most 1000 codes");
    let sane = |code: &String| (1..=100).contains(&code.len());
    let all_sane = scans.iter().flat_map(|scan| &scan.trace_codes).all(sane);
    violations.check(all_sane, "scans", "must hold codes of 1 to 100 characters");
    let scan = |scan: pb::ScannedLine| Scan {
        line_no: scan.line_no,
        trace_codes: scan.trace_codes,
        self_paid: scan.self_paid,
    };
    scans.into_iter().map(scan).collect()
}
