//! Personal accounts on the wire.

use liufang_kernel::{Fen, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1::RowError;
use liufang_proto::settlement::v1 as pb;

use super::page_size;
use crate::app::account::{
    Balance, Credit, Credited, HoldPage, HoldQuery, StatementPage, StatementQuery, StatementRow,
};
use crate::store::hold::OpenHold;

const MOST_ROWS: usize = 500;
/// One million yuan.
const MOST_FEN: i64 = 100_000_000;

/// `GetAccountRequest`.
pub fn get(_: pb::GetAccountRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn get_reply(balance: Balance) -> pb::GetAccountResponse {
    pb::GetAccountResponse {
        balance_fen: balance.balance.0,
        held_fen: balance.held.0,
        available_fen: (balance.balance - balance.held).0,
    }
}

/// `ListStatementRequest`; the token is the sequence the next page begins before.
pub fn statement(request: pb::ListStatementRequest, _: &CallMeta) -> Result<StatementQuery, Violations> {
    let page = request.page.unwrap_or_default();
    let mut violations = Violations::new();
    violations.check((0..=200).contains(&page.page_size), "page.page_size", "must be between 1 and 200");
    let before = match page.page_token.as_str() {
        "" => Some(i64::MAX),
        token => token.parse().ok().filter(|before: &i64| *before > 0),
    };
    violations.check(before.is_some(), "page.page_token", "is not one of ours");
    let size = if page.page_size == 0 { 50 } else { i64::from(page.page_size) };
    violations.finish(before.map(|before| StatementQuery { before, size }))
}

pub fn statement_reply(page: StatementPage) -> pb::ListStatementResponse {
    let names = page.names;
    let row = |row: StatementRow| pb::StatementRow {
        at_us: row.at.0,
        kind: row.kind,
        amount_fen: row.amount.0,
        balance_fen: row.balance.0,
        order_id: row.order_id,
        for_relative: row.for_relative,
        other_name_masked: names.get(&row.other_person_id).cloned().unwrap_or_default(),
        other_person_id: row.other_person_id,
        aid_fen: row.aid.0,
    };
    pb::ListStatementResponse {
        rows: page.rows.into_iter().map(row).collect(),
        next_page_token: page.next.map(|next| next.to_string()).unwrap_or_default(),
    }
}

/// `ListHoldsRequest`; the token is the last hold.
pub fn holds(request: pb::ListHoldsRequest, _: &CallMeta) -> Result<HoldQuery, Violations> {
    let page = request.page.unwrap_or_default();
    let mut violations = Violations::new();
    let size = page_size(&mut violations, page.page_size);
    let after = violations.optional_text("page.page_token", &page.page_token, 100);
    violations.finish(Some(HoldQuery { after, size }))
}

pub fn holds_reply(page: HoldPage) -> pb::ListHoldsResponse {
    let last = page.holds.last().filter(|_| page.more);
    let next_page_token = last.map(|hold| hold.hold_id.clone()).unwrap_or_default();
    let names = page.names;
    let hold = |hold: OpenHold| pb::AccountHold {
        hold_id: hold.hold_id,
        order_id: hold.order_id,
        amount_fen: hold.amount.0,
        expires_at_us: hold.expires_at.0,
        for_relative: hold.for_relative,
        other_name_masked: names.get(&hold.other_person_id).cloned().unwrap_or_default(),
        other_person_id: hold.other_person_id,
    };
    pb::ListHoldsResponse { holds: page.holds.into_iter().map(hold).collect(), next_page_token }
}

/// `CreditAccountsRequest`; a bad row is refused alone.
pub fn credit(request: pb::CreditAccountsRequest, _: &CallMeta) -> Result<Vec<Credit>, Violations> {
    let mut violations = Violations::new();
    violations.check(!request.rows.is_empty(), "rows", "must not be empty");
    violations.check(request.rows.len() <= MOST_ROWS, "rows", "must be at most 500");
    violations.finish(Some(request.rows.into_iter().map(credit_row).collect()))
}

fn credit_row(row: pb::CreditRow) -> Credit {
    let problem = if row.row_key.is_empty() || row.row_key.len() > 100 {
        Some("row_key must be 1 to 100 characters")
    } else if row.person_id.is_empty() || row.person_id.len() > 100 {
        Some("person_id must be 1 to 100 characters")
    } else if row.kind != "closing" && !(1..=MOST_FEN).contains(&row.amount_fen) {
        Some("amount_fen must be above zero and at most 1000000 yuan")
    } else if row.kind == "closing" && !(-MOST_FEN..=-1).contains(&row.amount_fen) {
        Some("amount_fen of a closing must be below zero and at least -1000000 yuan")
    } else if !matches!(row.kind.as_str(), "opening" | "annual" | "closing") {
        Some("kind must be opening, annual or closing")
    } else {
        None
    };
    Credit {
        row_key: row.row_key,
        person_id: row.person_id,
        amount: Fen(row.amount_fen),
        region: row.region,
        kind: row.kind,
        problem,
    }
}

pub fn credit_reply(credited: Credited) -> pb::CreditAccountsResponse {
    let error = |row: crate::app::account::RefusedRow| RowError {
        row: row.row,
        reason: row.reason,
        message: row.message,
    };
    pb::CreditAccountsResponse {
        errors: credited.refused.into_iter().map(error).collect(),
        taken: credited.taken,
        known: credited.known,
    }
}
