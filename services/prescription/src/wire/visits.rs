//! Requests of the visit service.

use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Sensitive, Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::prescription::v1 as pb;

use super::{ID, TOKEN, institution, one, personal};
use crate::app::commands::{BookVisit, ListSlots, PublishSlots, RecordConsultation, TakeVisit, VisitOrder};
use crate::domain::slot::Slot;

const ROWS: usize = 500;

pub fn publish_slots(request: pb::PublishSlotsRequest, _: &CallMeta) -> Result<PublishSlots, Violations> {
    let mut violations = Violations::new();
    violations.check((1..=ROWS).contains(&request.rows.len()), "rows", "must hold 1 to 500 rows");
    let rows = request.rows.into_iter().map(slot).collect();
    violations.finish(Some(PublishSlots { rows }))
}

fn slot(row: pb::Slot) -> Result<Slot, String> {
    let mut violations = Violations::new();
    let slot = Slot {
        slot_id: violations.text("slot_id", &row.slot_id, ID),
        hospital: institution(&mut violations, "fixmedins_code", &row.fixmedins_code),
        department: violations.text("dept", &row.dept, 50),
        doctor: violations.text("doctor_code", &row.doctor_code, ID),
        doctor_name: violations.optional_text("doctor_name", &row.doctor_name, 50),
        starts_at: Timestamp(row.starts_at_us),
        ends_at: Timestamp(row.ends_at_us),
        capacity: row.capacity,
        available: row.capacity,
    };
    violations.check(is_plausible(row.starts_at_us), "starts_at_us", "must be microseconds since 1970");
    violations.check(is_plausible(row.ends_at_us), "ends_at_us", "must be microseconds since 1970");
    violations.finish(Some(slot)).map_err(|violations| violations.to_string())
}

/// Up to the year 9999: later times have no calendar.
fn is_plausible(at_us: i64) -> bool {
    (1..253_402_300_800_000_000).contains(&at_us)
}

pub fn list_slots(request: pb::ListSlotsRequest, _: &CallMeta) -> Result<ListSlots, Violations> {
    let mut violations = Violations::new();
    let date = parse_date(&request.date);
    violations.check(request.date.is_empty() || date.is_some(), "date", "must be yyyy-MM-dd");
    let list = ListSlots {
        hospital: institution(&mut violations, "fixmedins_code", &request.fixmedins_code),
        department: violations.optional_text("dept", &request.dept, 50),
        doctor: violations.optional_text("doctor_code", &request.doctor_code, ID),
        date,
    };
    violations.finish(Some(list))
}

pub fn book_visit(request: pb::BookVisitRequest, _: &CallMeta) -> Result<BookVisit, Violations> {
    let mut violations = Violations::new();
    let book = BookVisit {
        slot_id: violations.text("slot_id", &request.slot_id, ID),
        hospital: institution(&mut violations, "fixmedins_code", &request.fixmedins_code),
        disease: violations.text("dise_codg", &request.dise_codg, 30),
        // an empty reference is a first visit: refused by rule, with its own reason
        first_rx_ref: violations.optional_text("first_rx_ref", &request.first_rx_ref, 40),
        condition: Sensitive::new(violations.optional_text("condition", &request.condition, 500)),
    };
    violations.finish(Some(book))
}

pub fn cancel_visit(request: pb::CancelVisitRequest, _: &CallMeta) -> Result<String, Violations> {
    one("visit_id", &request.visit_id)
}

pub fn list_my_visits(_: pb::ListMyVisitsRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn get_visit(request: pb::GetVisitRequest, _: &CallMeta) -> Result<String, Violations> {
    one("visit_id", &request.visit_id)
}

pub fn mark_visit_paid(request: pb::MarkVisitPaidRequest, _: &CallMeta) -> Result<VisitOrder, Violations> {
    visit_order(&request.visit_id, &request.order_id)
}

pub fn release_visit(request: pb::ReleaseVisitRequest, _: &CallMeta) -> Result<VisitOrder, Violations> {
    visit_order(&request.visit_id, &request.order_id)
}

fn visit_order(visit_id: &str, order_id: &str) -> Result<VisitOrder, Violations> {
    let mut violations = Violations::new();
    let both = VisitOrder {
        visit_id: violations.text("visit_id", visit_id, ID),
        order_id: violations.text("order_id", order_id, ID),
    };
    violations.finish(Some(both))
}

pub fn list_queue(request: pb::ListQueueRequest, _: &CallMeta) -> Result<String, Violations> {
    one("doctor_code", &request.doctor_code)
}

pub fn take_visit(request: pb::TakeVisitRequest, _: &CallMeta) -> Result<TakeVisit, Violations> {
    let mut violations = Violations::new();
    let take = TakeVisit {
        visit_id: violations.text("visit_id", &request.visit_id, ID),
        doctor_token: violations.text("doctor_token", &request.doctor_token, TOKEN),
    };
    violations.finish(Some(take))
}

pub fn record_consultation(
    request: pb::RecordConsultationRequest,
    _: &CallMeta,
) -> Result<RecordConsultation, Violations> {
    let mut violations = Violations::new();
    let record = RecordConsultation {
        visit_id: violations.text("visit_id", &request.visit_id, ID),
        doctor_token: violations.text("doctor_token", &request.doctor_token, TOKEN),
        record: personal(&mut violations, "record", &request.record, 4_000),
        diagnosis: violations.text("diag_code", &request.diag_code, 20),
        follow_up: request.follow_up,
    };
    violations.finish(Some(record))
}
