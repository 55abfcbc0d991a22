//! Requests of the stock ledger.

use liufang_kernel::{Date, Quantity, Timestamp, Violations, codes, timestamp};
use liufang_platform::CallMeta;
use liufang_proto::inventory::v1 as pb;

use super::{
    MAX_ROWS, asked_codes, bounded, checked, drug_code, institution_code, optional_price, page_size,
    page_token, positive_quantity,
};
use crate::app::{ListMovements, RecordMovements, SetLotState};
use crate::domain::book::latest_moment;
use crate::domain::movement::Row;
use crate::domain::{LotState, MovementKind};

/// Most trace codes in one row.
const MAX_CODES: usize = 2_000;

pub fn record_movements(
    request: pb::RecordMovementsRequest,
    meta: &CallMeta,
) -> Result<RecordMovements, Violations> {
    let mut violations = Violations::new();
    let rows = bounded(request.rows, "rows", MAX_ROWS, &mut violations);
    let institution = optional_institution(&mut violations, &request.fixmedins_code);
    let rows = rows.into_iter().map(|row| movement_row(row, meta.now)).collect();
    checked(violations, RecordMovements { institution, rows })
}

fn optional_institution(violations: &mut Violations, code: &str) -> String {
    if code.is_empty() { String::new() } else { institution_code(violations, "fixmedins_code", code) }
}

fn movement_row(row: pb::MovementRow, now: Timestamp) -> Result<Row, Violations> {
    let mut v = Violations::new();
    let kind = MovementKind::from_number(row.kind).filter(|kind| kind.is_reported());
    v.check(kind.is_some(), "kind", "must be a kind that institutions report");
    let kind = kind.unwrap_or(MovementKind::Purchase);
    let manu_date = date(&mut v, "manu_date", &row.manu_date, false);
    let expy_end = date(&mut v, "expy_end", &row.expy_end, kind.is_in());
    let in_order = !matches!((manu_date, expy_end), (Some(made), Some(ends)) if ends <= made);
    v.check(in_order, "expy_end", "must be after manu_date");
    v.check(row.trace_codes.len() <= MAX_CODES, "trace_codes", "must be at most 2000");
    let at = Timestamp(row.at_us);
    v.check(0 < row.at_us && at <= latest_moment(now), "at_us", "must be a moment that has passed");
    let bought = kind == MovementKind::Purchase;
    let row = Row {
        fixmedins_bchno: v.text("fixmedins_bchno", &row.fixmedins_bchno, 64),
        kind,
        med_list_codg: drug_code(&mut v, "med_list_codg", &row.med_list_codg),
        manu_lotnum: v.text("manu_lotnum", &row.manu_lotnum, 30),
        manu_date,
        expy_end,
        quantity: positive_quantity(&mut v, "quantity", &row.quantity).unwrap_or(Quantity::ZERO),
        purchase_price: optional_price(&mut v, "purchase_price", &row.purchase_price).filter(|_| bought),
        supplier: v.optional_text("supplier", &row.supplier, 200),
        trace_codes: row.trace_codes,
        at,
    };
    checked(v, row)
}

fn date(violations: &mut Violations, field: &str, text: &str, mandatory: bool) -> Option<Date> {
    if text.is_empty() && !mandatory {
        return None;
    }
    let date = timestamp::parse_date(text);
    violations.check(date.is_some(), field, "must be a date yyyy-MM-dd");
    date
}

pub fn get_stock(request: pb::GetStockRequest, _: &CallMeta) -> Result<Vec<String>, Violations> {
    let mut violations = Violations::new();
    violations.check(request.med_list_codgs.len() <= MAX_ROWS, "med_list_codgs", "must be at most 500");
    let codes = asked_codes(&mut violations, "med_list_codgs", &request.med_list_codgs);
    checked(violations, codes)
}

pub fn list_movements(request: pb::ListMovementsRequest, _: &CallMeta) -> Result<ListMovements, Violations> {
    let mut violations = Violations::new();
    let page = request.page.as_ref();
    let before = page_token::<2>(page, &mut violations).and_then(|[at, id]| match at.parse() {
        Ok(at) => Some((at, id)),
        Err(_) => {
            violations.add("page.page_token", "is not a token of a previous page");
            None
        }
    });
    let list = ListMovements {
        institution: optional_institution(&mut violations, &request.fixmedins_code),
        order_id: violations.optional_text("order_id", &request.order_id, 64),
        med_list_codg: violations.optional_text("med_list_codg", &request.med_list_codg, 50),
        before,
        page_size: page_size(page, &mut violations),
    };
    checked(violations, list)
}

pub fn set_lot_state(request: pb::SetLotStateRequest, _: &CallMeta) -> Result<SetLotState, Violations> {
    let mut violations = Violations::new();
    let state = LotState::from_code(&request.state);
    violations.check(state.is_some(), "state", "must be ok, held or recalled");
    let change = SetLotState {
        lot_id: violations.text("lot_id", &request.lot_id, 64),
        state: state.unwrap_or(LotState::Held),
        reason: violations.text("reason", &request.reason, 200),
    };
    checked(violations, change)
}

pub fn get_trace_code(request: pb::GetTraceCodeRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let fits = codes::trace_family(&request.drug_trac_codg).is_some();
    violations.check(fits, "drug_trac_codg", "must be a trace code");
    checked(violations, request.drug_trac_codg)
}
