//! Claims and reconciliation on the wire.

use std::collections::BTreeSet;

use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Fen, Violations, codes};
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use super::reconcile::period;
use super::{id, page_size};
use crate::app::claim::{
    CloseDay, DayClosing, InstitutionDay, PayClaim, Receivable, ReceivablePage, ReceivableQuery, Review,
    TotalsQuery,
};
use crate::app::claim_line::{Appeal, Deduction, LinePage, LineQuery, Objection};
use crate::domain::claim::{Amounts, Claim, ClaimState, DayTotals, TotalKey};
use crate::store::claim_line::ClaimLine;

/// Lines of a claim that are cut, or objected to, at once.
const MOST_LINES: usize = 500;

fn date(violations: &mut Violations, text: &str) -> String {
    violations.check(parse_date(text).is_some(), "stmt_date", "must be a date, yyyy-MM-dd");
    text.to_owned()
}

/// `GetDailyTotalsRequest`.
pub fn totals(request: pb::GetDailyTotalsRequest, _: &CallMeta) -> Result<TotalsQuery, Violations> {
    let mut violations = Violations::new();
    let stmt_date = date(&mut violations, &request.stmt_date);
    let code = request.fixmedins_code;
    let known = code.is_empty() || codes::is_institution_code(&code);
    violations.check(known, "fixmedins_code", "must be H or P and 11 digits");
    let stmt_enddate = match request.stmt_enddate.as_str() {
        "" => String::new(),
        end => period(&mut violations, ("stmt_date", &stmt_date), ("stmt_enddate", end)).1,
    };
    violations.finish(Some(TotalsQuery { stmt_date, stmt_enddate, fixmedins_code: code }))
}

pub fn totals_reply(days: Vec<InstitutionDay>) -> pb::GetDailyTotalsResponse {
    pb::GetDailyTotalsResponse { totals: days.into_iter().flat_map(day).collect() }
}

fn day(day: InstitutionDay) -> impl Iterator<Item = pb::DailyTotal> {
    let InstitutionDay { fixmedins_code, stmt_date, stmt_enddate, totals } = day;
    totals.into_iter().map(move |(key, amounts)| pb::DailyTotal {
        stmt_date: stmt_date.clone(),
        stmt_enddate: stmt_enddate.clone(),
        fixmedins_code: fixmedins_code.clone(),
        insutype: key.insutype,
        clr_type: key.clr_type,
        setl_optins: key.agency,
        refd_setl_flag: key.refund,
        medfee_sumamt_fen: amounts.medical.0,
        fund_pay_sumamt_fen: amounts.fund.0,
        acct_pay_fen: amounts.account.0,
        cash_payamt_fen: amounts.cash.0,
        fixmedins_setl_cnt: i32::try_from(amounts.count).unwrap_or(i32::MAX),
    })
}

/// `CloseDayRequest`. Rows may leave date and institution out; when given they must be the request's own.
pub fn close_day(request: pb::CloseDayRequest, meta: &CallMeta) -> Result<CloseDay, Violations> {
    let mut violations = Violations::new();
    let stmt_date = date(&mut violations, &request.stmt_date);
    let days = [stmt_date.as_str()];
    let totals = own_totals(&mut violations, request.totals, &days, meta);
    violations.finish(Some(CloseDay { stmt_date, totals }))
}

/// The institution's own rows by key. Their dates may be left out, or are those of the request.
pub(super) fn own_totals(
    violations: &mut Violations,
    rows: Vec<pb::DailyTotal>,
    days: &[&str],
    meta: &CallMeta,
) -> DayTotals {
    violations.check(rows.len() <= 200, "totals", "must be at most 200");
    let mut totals = DayTotals::new();
    for (n, row) in rows.into_iter().enumerate() {
        let path = |field: &str| format!("totals[{n}].{field}");
        let same_day = row.stmt_date.is_empty() || days.contains(&row.stmt_date.as_str());
        violations.check(same_day, &path("stmt_date"), "must be the request's date");
        let own = row.fixmedins_code.is_empty() || row.fixmedins_code == meta.principal.subject;
        violations.check(own, &path("fixmedins_code"), "must be the caller's own");
        let key = TotalKey {
            insutype: row.insutype,
            clr_type: row.clr_type,
            agency: row.setl_optins,
            refund: row.refd_setl_flag,
        };
        let amounts = Amounts {
            medical: Fen(row.medfee_sumamt_fen),
            fund: Fen(row.fund_pay_sumamt_fen),
            account: Fen(row.acct_pay_fen),
            cash: Fen(row.cash_payamt_fen),
            count: i64::from(row.fixmedins_setl_cnt),
        };
        let twice = totals.insert(key, amounts).is_some();
        violations.check(
            !twice,
            &path("insutype"),
            "insutype, clr_type, setl_optins and refd_setl_flag repeat a row",
        );
    }
    totals
}

pub fn close_day_reply(closing: DayClosing) -> pb::CloseDayResponse {
    pb::CloseDayResponse {
        flat: closing.flat,
        differences: closing.differences,
        claims: closing.claims.into_iter().map(claim).collect(),
    }
}

fn state(state: ClaimState) -> pb::ClaimState {
    match state {
        ClaimState::Applied => pb::ClaimState::Applied,
        ClaimState::Approved => pb::ClaimState::Approved,
        ClaimState::Appealed => pb::ClaimState::Appealed,
        ClaimState::Paid => pb::ClaimState::Paid,
    }
}

fn claim(claim: Claim) -> pb::Claim {
    pb::Claim {
        state: state(claim.state) as i32,
        claim_id: claim.claim_id,
        fixmedins_code: claim.fixmedins_code,
        setl_optins: claim.agency,
        stmt_date: claim.stmt_date,
        claimed_fen: claim.claimed.0,
        deducted_fen: claim.deducted.0,
        paid_fen: claim.paid.0,
        deduction_reason: claim.deduction_reason,
    }
}

/// `ReviewClaimRequest`: every cut needs its reason.
pub fn review(request: pb::ReviewClaimRequest, _: &CallMeta) -> Result<Review, Violations> {
    let mut violations = Violations::new();
    let claim_id = id(&mut violations, "claim_id", &request.claim_id);
    let reason = violations.optional_text("deduction_reason", &request.deduction_reason, 500);
    violations.check(request.deducted_fen >= 0, "deducted_fen", "must not be negative");
    let lines = deductions(&mut violations, request.lines);
    let sum: i128 = lines.iter().map(|line| i128::from(line.deducted.0)).sum();
    let deducted =
        if lines.is_empty() { request.deducted_fen } else { i64::try_from(sum).unwrap_or(i64::MAX) };
    let same = request.deducted_fen == 0 || request.deducted_fen == deducted;
    violations.check(same, "deducted_fen", "must be the sum of the lines");
    let explained = deducted == 0 || !reason.is_empty() || !lines.is_empty();
    violations.check(explained, "deduction_reason", "must be given when something is cut");
    violations.finish(Some(Review { claim_id, deducted: Fen(deducted), reason, lines }))
}

fn deductions(violations: &mut Violations, rows: Vec<pb::ClaimDeduction>) -> Vec<Deduction> {
    violations.check(rows.len() <= MOST_LINES, "lines", "must be at most 500");
    let mut known = BTreeSet::new();
    let mut lines = Vec::new();
    for (n, row) in rows.into_iter().take(MOST_LINES).enumerate() {
        let payment_id = id(violations, &format!("lines[{n}].payment_id"), &row.payment_id);
        let twice = !known.insert((payment_id.clone(), row.refd_setl_flag));
        violations.check(!twice, &format!("lines[{n}].payment_id"), "repeats a line");
        violations.check(row.deducted_fen > 0, &format!("lines[{n}].deducted_fen"), "must be above zero");
        let reason = violations.text(&format!("lines[{n}].deduction_reason"), &row.deduction_reason, 500);
        lines.push(Deduction {
            payment_id,
            refund: row.refd_setl_flag,
            deducted: Fen(row.deducted_fen),
            reason,
        });
    }
    lines
}

/// `AppealClaimRequest`.
pub fn appeal(request: pb::AppealClaimRequest, _: &CallMeta) -> Result<Appeal, Violations> {
    let mut violations = Violations::new();
    let claim_id = id(&mut violations, "claim_id", &request.claim_id);
    let count = request.lines.len();
    violations.check((1..=MOST_LINES).contains(&count), "lines", "must be 1 to 500");
    let mut lines = Vec::new();
    for (n, row) in request.lines.into_iter().take(MOST_LINES).enumerate() {
        let path = format!("lines[{n}].payment_id");
        let payment_id = violations.optional_text(&path, &row.payment_id, 100);
        let text = violations.text(&format!("lines[{n}].appeal"), &row.appeal, 500);
        lines.push(Objection { payment_id, refund: row.refd_setl_flag, text });
    }
    violations.finish(Some(Appeal { claim_id, lines }))
}

pub fn appeal_reply(appealed: Claim) -> pb::AppealClaimResponse {
    pb::AppealClaimResponse { claim: Some(claim(appealed)) }
}

/// `ListClaimLinesRequest`; the token is payment and refund flag of the last line.
pub fn lines(request: pb::ListClaimLinesRequest, _: &CallMeta) -> Result<LineQuery, Violations> {
    let page = request.page.unwrap_or_default();
    let mut violations = Violations::new();
    let claim_id = id(&mut violations, "claim_id", &request.claim_id);
    let size = page_size(&mut violations, page.page_size);
    let after = match page.page_token.split_once('/') {
        Some((payment_id, flag @ ("0" | "1"))) => Some((payment_id.to_owned(), flag == "1")),
        _ => page.page_token.is_empty().then(|| (String::new(), false)),
    };
    violations.check(after.is_some(), "page.page_token", "is not one of ours");
    violations.finish(after.map(|after| LineQuery { claim_id, after, size }))
}

pub fn lines_reply(page: LinePage) -> pb::ListClaimLinesResponse {
    let last = page.lines.last().filter(|_| page.more);
    let token = |line: &ClaimLine| format!("{}/{}", line.payment_id, u8::from(line.refund));
    let next_page_token = last.map(token).unwrap_or_default();
    let line = |line: ClaimLine| pb::ClaimLine {
        payment_id: line.payment_id,
        refd_setl_flag: line.refund,
        amount_fen: line.amount.0,
        deducted_fen: line.deducted.0,
        deduction_reason: line.reason,
        appeal: line.appeal,
    };
    pb::ListClaimLinesResponse { lines: page.lines.into_iter().map(line).collect(), next_page_token }
}

pub fn review_reply(reviewed: Claim) -> pb::ReviewClaimResponse {
    pb::ReviewClaimResponse { claim: Some(claim(reviewed)) }
}

/// `PayClaimRequest`.
pub fn pay(request: pb::PayClaimRequest, _: &CallMeta) -> Result<PayClaim, Violations> {
    let mut violations = Violations::new();
    let claim_id = id(&mut violations, "claim_id", &request.claim_id);
    let bank_reference = violations.text("bank_reference", &request.bank_reference, 100);
    violations.check(request.amount_fen >= 0, "amount_fen", "must not be negative");
    let amount = (request.amount_fen != 0).then_some(Fen(request.amount_fen));
    violations.finish(Some(PayClaim { claim_id, bank_reference, amount }))
}

pub fn pay_reply(paid: Claim) -> pb::PayClaimResponse {
    pb::PayClaimResponse { claim: Some(claim(paid)) }
}

/// `ListClaimsRequest`.
pub fn list(request: pb::ListClaimsRequest, _: &CallMeta) -> Result<Option<ClaimState>, Violations> {
    match pb::ClaimState::try_from(request.state) {
        Ok(pb::ClaimState::Unspecified) => Ok(None),
        Ok(pb::ClaimState::Applied) => Ok(Some(ClaimState::Applied)),
        Ok(pb::ClaimState::Approved) => Ok(Some(ClaimState::Approved)),
        Ok(pb::ClaimState::Appealed) => Ok(Some(ClaimState::Appealed)),
        Ok(pb::ClaimState::Paid) => Ok(Some(ClaimState::Paid)),
        Err(_) => Err(Violations::of("state", "is not a known state")),
    }
}

pub fn list_reply(claims: Vec<Claim>) -> pb::ListClaimsResponse {
    pb::ListClaimsResponse { claims: claims.into_iter().map(claim).collect() }
}

/// `ListReceivablesRequest`; the token is institution and debtor of the last row.
pub fn receivables(request: pb::ListReceivablesRequest, _: &CallMeta) -> Result<ReceivableQuery, Violations> {
    let page = request.page.unwrap_or_default();
    let mut violations = Violations::new();
    let size = page_size(&mut violations, page.page_size);
    let after = match page.page_token.as_str() {
        "" => Some(("", "")),
        token => token.split_once('/'),
    };
    violations.check(after.is_some(), "page.page_token", "is not one of ours");
    violations.finish(after.map(|(code, debtor)| ReceivableQuery {
        fixmedins_code: code.to_owned(),
        debtor: debtor.to_owned(),
        size,
    }))
}

pub fn receivables_reply(page: ReceivablePage) -> pb::ListReceivablesResponse {
    let last = page.rows.last().filter(|_| page.more);
    let next_page_token =
        last.map(|row| format!("{}/{}", row.fixmedins_code, row.debtor)).unwrap_or_default();
    let row = |row: Receivable| {
        let [days_30, days_60, days_90, days_more] = row.ages;
        pb::Receivable {
            fixmedins_code: row.fixmedins_code,
            debtor: row.debtor,
            open_fen: row.open.0,
            oldest_at_us: row.oldest_at.0,
            days_30_fen: days_30.0,
            days_60_fen: days_60.0,
            days_90_fen: days_90.0,
            days_more_fen: days_more.0,
            on_account_fen: row.on_account.0,
        }
    };
    pb::ListReceivablesResponse { receivables: page.rows.into_iter().map(row).collect(), next_page_token }
}
