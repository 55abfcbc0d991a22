//! Notices of hospitals' systems.

use liufang_kernel::Violations;
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::sandbox::v1 as pb;

use crate::store::notified::Notified;

/// Why a sandbox hospital refuses.
const WORDS: &str = "院内无此处方";

/// The prescription whose notices are asked for; empty for all.
pub fn list_book(request: pb::ListHospitalBookRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let hi_rxno = violations.optional_text("hi_rxno", &request.hi_rxno, 64);
    violations.finish(Some(hi_rxno))
}

pub fn review(request: hooks::NotifyReviewRequest, _: &CallMeta) -> Result<Notified, Violations> {
    let place = [&request.notice_id, &request.fixmedins_code, &request.hi_rxno];
    notified("review", place, request.sequence)
}

pub fn settlement(request: hooks::NotifySettlementRequest, _: &CallMeta) -> Result<Notified, Violations> {
    let place = [&request.notice_id, &request.fixmedins_code, &request.hi_rxno];
    let notified = notified("settlement", place, request.sequence)?;
    let paid = request.payment.unwrap_or_default();
    let accounts = paid.acct_pay_fen.saturating_add(paid.acct_mulaid_pay_fen);
    let paid_fen = [paid.fund_pay_sumamt_fen, accounts, paid.psn_cash_pay_fen];
    Ok(Notified {
        reversed: request.reversed,
        lots: i32::try_from(request.seltdelts.len()).unwrap_or(i32::MAX),
        paid_fen: paid_fen.into_iter().fold(0, i64::saturating_add),
        ..notified
    })
}

fn notified(
    kind: &str,
    [notice_id, fixmedins_code, hi_rxno]: [&String; 3],
    sequence: i64,
) -> Result<Notified, Violations> {
    let mut violations = Violations::new();
    let notified = Notified {
        notice_id: violations.text("notice_id", notice_id, 64),
        kind: kind.to_owned(),
        fixmedins_code: violations.text("fixmedins_code", fixmedins_code, 64),
        hi_rxno: violations.text("hi_rxno", hi_rxno, 64),
        sequence,
        reversed: false,
        lots: 0,
        paid_fen: 0,
        taken: false,
        times: 0,
    };
    violations.finish(Some(notified))
}

fn outcome(taken: bool) -> (i32, String) {
    match taken {
        true => (hooks::NoticeOutcome::Taken.into(), String::new()),
        false => (hooks::NoticeOutcome::Refused.into(), WORDS.to_owned()),
    }
}

pub fn reviewed(taken: bool) -> hooks::NotifyReviewResponse {
    let (outcome, words) = outcome(taken);
    hooks::NotifyReviewResponse { outcome, words }
}

pub fn settled(taken: bool) -> hooks::NotifySettlementResponse {
    let (outcome, words) = outcome(taken);
    hooks::NotifySettlementResponse { outcome, words }
}

pub fn book(notices: Vec<Notified>) -> pb::ListHospitalBookResponse {
    let rows = notices.into_iter().map(|notice| pb::HospitalBookRow {
        notice_id: notice.notice_id,
        kind: notice.kind,
        fixmedins_code: notice.fixmedins_code,
        hi_rxno: notice.hi_rxno,
        sequence: notice.sequence,
        reversed: notice.reversed,
        lots: notice.lots,
        paid_fen: notice.paid_fen,
        taken: notice.taken,
        times: notice.times,
    });
    pb::ListHospitalBookResponse { rows: rows.collect() }
}
