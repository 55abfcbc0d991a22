//! Statements of channels on the wire.

use std::collections::BTreeMap;

use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Fen, Violations, codes};
use liufang_platform::{CallMeta, hash};
use liufang_proto::common::v1::Channel;
use liufang_proto::settlement::v1 as pb;

use super::channel::word;
use super::only_id;
use crate::app::fetch::{FetchStatement, Fetched};
use crate::app::statement::{ImportStatement, StatementResult};
use crate::domain::payout::{LineKey, NamedDifference, Sum};
use crate::domain::statement::{self, StatementFormat};

const MOST_BYTES: usize = 3_000_000;
const MOST_OWN: usize = 20_000;

/// `ImportStatementRequest`. A text that cannot be read is a bad field, with its line.
pub fn import(request: pb::ImportStatementRequest, meta: &CallMeta) -> Result<ImportStatement, Violations> {
    let mut violations = Violations::new();
    let channel = channel(&mut violations, request.channel);
    let own = meta.principal.institution().ok().filter(|_| request.fixmedins_code.is_empty());
    let code = own.map_or(request.fixmedins_code, str::to_owned);
    violations.check(codes::is_institution_code(&code), "fixmedins_code", "must be H or P and 11 digits");
    violations.check(parse_date(&request.stmt_date).is_some(), "stmt_date", "must be a date, yyyy-MM-dd");
    let format = match pb::StatementFormat::try_from(request.format) {
        Ok(pb::StatementFormat::Wechat) => Some(StatementFormat::Wechat),
        Ok(pb::StatementFormat::Alipay) => Some(StatementFormat::Alipay),
        Ok(pb::StatementFormat::Generic) => Some(StatementFormat::Generic),
        Ok(pb::StatementFormat::Unspecified) | Err(_) => None,
    };
    violations.check(format.is_some(), "format", "must be one of the formats");
    violations.check(request.text.len() <= MOST_BYTES, "text", "must be at most 3000000 bytes");
    let lines = match format.map(|format| statement::read(format, &request.text)) {
        Some(Ok(lines)) => lines,
        Some(Err(unreadable)) => {
            violations.add("text", unreadable.to_string());
            Vec::new()
        }
        None => Vec::new(),
    };
    let institution =
        (request.with_own || !request.own.is_empty()).then(|| own_book(&mut violations, request.own));
    violations.finish(Some(ImportStatement {
        channel: channel.to_owned(),
        fixmedins_code: code,
        stmt_date: request.stmt_date,
        digest: hash::sha256_hex(request.text.as_bytes()),
        lines,
        institution,
        shared: request.shared,
    }))
}

fn own_book(violations: &mut Violations, rows: Vec<pb::InstitutionPayment>) -> BTreeMap<LineKey, Fen> {
    violations.check(rows.len() <= MOST_OWN, "own", "must be at most 20000");
    let mut book = BTreeMap::new();
    for (n, row) in rows.into_iter().take(MOST_OWN).enumerate() {
        let twice = book.insert((row.channel_order_no, row.refund_no), Fen(row.amount_fen)).is_some();
        violations.check(!twice, &format!("own[{n}].channel_order_no"), "repeats a row");
    }
    book
}

pub fn import_reply(found: StatementResult) -> pb::ImportStatementResponse {
    pb::ImportStatementResponse { result: Some(result(found)) }
}

/// `FetchStatementRequest`.
pub fn fetch(request: pb::FetchStatementRequest, _: &CallMeta) -> Result<FetchStatement, Violations> {
    let mut violations = Violations::new();
    let channel = channel(&mut violations, request.channel);
    let code = request.fixmedins_code;
    violations.check(codes::is_institution_code(&code), "fixmedins_code", "must be H or P and 11 digits");
    violations.check(parse_date(&request.stmt_date).is_some(), "stmt_date", "must be a date, yyyy-MM-dd");
    violations.finish(Some(FetchStatement {
        channel: channel.to_owned(),
        fixmedins_code: code,
        stmt_date: request.stmt_date,
    }))
}

pub fn fetch_reply(fetched: Fetched) -> pb::FetchStatementResponse {
    let (state, found) = match fetched {
        Fetched::Taken(found) => (pb::StatementFetch::Taken, Some(result(found))),
        Fetched::NotReady => (pb::StatementFetch::NotReady, None),
        Fetched::Nothing => (pb::StatementFetch::None, None),
        Fetched::Unsupported => (pb::StatementFetch::Unsupported, None),
    };
    pb::FetchStatementResponse { state: state.into(), result: found }
}

/// A channel that pays out.
fn channel(violations: &mut Violations, number: i32) -> &'static str {
    match Channel::try_from(number) {
        Ok(Channel::Unspecified | Channel::Till) | Err(_) => {
            violations.add("channel", "must be a channel that pays out");
            ""
        }
        Ok(channel) => word(channel),
    }
}

/// `GetStatementRequest`.
pub fn get(request: pb::GetStatementRequest, _: &CallMeta) -> Result<String, Violations> {
    only_id("statement_id", &request.statement_id)
}

pub fn get_reply(found: StatementResult) -> pb::GetStatementResponse {
    pb::GetStatementResponse { result: Some(result(found)) }
}

fn result(found: StatementResult) -> pb::StatementResult {
    let sum =
        |sum: Sum| Some(pb::StatementSum { lines: sum.count, amount_fen: sum.amount.0, fee_fen: sum.fee.0 });
    let difference = |row: NamedDifference| pb::StatementDifference {
        with: row.with,
        stmt_rslt: row.result,
        channel_order_no: row.number,
        refund_no: row.refund_no,
        ours_fen: row.ours.map(|fen| fen.0),
        theirs_fen: row.theirs.map(|fen| fen.0),
    };
    pb::StatementResult {
        statement_id: found.statement_id,
        booked: sum(found.booked),
        suspended: sum(found.suspended),
        fees: sum(found.fees),
        returned: sum(found.returned),
        cleared: found.cleared,
        cleared_fen: found.cleared_fen.0,
        differences: found.differences.into_iter().map(difference).collect(),
        all_differences: found.all_differences,
    }
}
