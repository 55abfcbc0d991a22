//! Protobuf to commands and back.

use liufang_kernel::Violations;
use liufang_kernel::timestamp::parse_date;
use liufang_platform::CallMeta;
use liufang_proto::supervision::v1 as pb;

use crate::app::{FundView, ListCases, Page};
use crate::domain::case::{Kind, State};
use crate::domain::fund::{LONGEST_DAYS, Row};
use crate::store::cases::Case;

/// Page size when none is asked for, and the largest.
const PAGE: (i64, i64) = (50, 200);

pub fn list_cases(request: pb::ListCasesRequest, _: &CallMeta) -> Result<ListCases, Violations> {
    let mut violations = Violations::new();
    let state = match pb::CaseState::try_from(request.state) {
        Ok(pb::CaseState::Unspecified) => None,
        Ok(pb::CaseState::Open) => Some(State::Open),
        Ok(pb::CaseState::Inspecting) => Some(State::Inspecting),
        Ok(pb::CaseState::Closed) => Some(State::Closed),
        Err(_) => {
            violations.add("state", "must be a case state");
            None
        }
    };
    let page = request.page.unwrap_or_default();
    let page_size = if page.page_size == 0 { PAGE.0 } else { i64::from(page.page_size) };
    violations.check((1..=PAGE.1).contains(&page_size), "page.page_size", "must be between 1 and 200");
    let before = page_start(&mut violations, &page.page_token);
    let fixmedins_code = violations.optional_text("fixmedins_code", &request.fixmedins_code, 12);
    violations.finish(Some(ListCases { state, fixmedins_code, before, page_size }))
}

/// A token is `<opened_at_us>:<case_id>`.
fn page_start(violations: &mut Violations, token: &str) -> Option<(i64, String)> {
    if token.is_empty() {
        return None;
    }
    let start = token
        .split_once(':')
        .and_then(|(opened, case_id)| Some((opened.parse().ok()?, case_id.to_owned())))
        .filter(|(_, case_id): &(i64, String)| case_id.len() <= 64);
    violations.check(start.is_some(), "page.page_token", "must come from the previous answer");
    start
}

/// A case's id.
pub fn case_id(text: &str) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let case_id = violations.text("case_id", text, 64);
    violations.finish(Some(case_id))
}

pub fn close_case(request: pb::CloseCaseRequest, _: &CallMeta) -> Result<(String, String), Violations> {
    let mut violations = Violations::new();
    let case_id = violations.text("case_id", &request.case_id, 64);
    let outcome = violations.text("outcome", &request.outcome, 500);
    violations.finish(Some((case_id, outcome)))
}

pub fn fund_view(request: pb::GetFundViewRequest, _: &CallMeta) -> Result<FundView, Violations> {
    let mut violations = Violations::new();
    let (from, to) = (parse_date(&request.from_date), parse_date(&request.to_date));
    violations.check(from.is_some(), "from_date", "must be a date yyyy-MM-dd");
    violations.check(to.is_some(), "to_date", "must be a date yyyy-MM-dd");
    if let Some((from, to)) = from.zip(to) {
        let days = i64::from(to.to_julian_day()) - i64::from(from.to_julian_day()) + 1;
        violations.check(
            (1..=LONGEST_DAYS).contains(&days),
            "to_date",
            "must be 0 to 365 days after from_date",
        );
    }
    let fixmedins_code = violations.optional_text("fixmedins_code", &request.fixmedins_code, 12);
    violations.finish(Some(FundView { from: request.from_date, to: request.to_date, fixmedins_code }))
}

impl From<Case> for pb::Case {
    fn from(case: Case) -> pb::Case {
        let kind = match case.kind {
            Kind::TraceCodeResold => pb::CaseKind::TraceCodeResold,
            Kind::SaleWithoutStock => pb::CaseKind::SaleWithoutStock,
            Kind::PriceOutOfRange => pb::CaseKind::PriceOutOfRange,
            Kind::SupplyBeyondNeed => pb::CaseKind::SupplyBeyondNeed,
            Kind::AgreementBreach => pb::CaseKind::AgreementBreach,
        };
        let state = match case.state {
            State::Open => pb::CaseState::Open,
            State::Inspecting => pb::CaseState::Inspecting,
            State::Closed => pb::CaseState::Closed,
        };
        pb::Case {
            case_id: case.case_id,
            kind: kind.into(),
            sev_deg: case.sev_deg,
            fixmedins_code: case.fixmedins_code,
            subject: case.subject,
            evidence: case.evidence,
            state: state.into(),
            outcome: case.outcome,
            opened_at_us: case.opened_at.0,
            occurrences: case.occurrences,
        }
    }
}

impl From<Page> for pb::ListCasesResponse {
    fn from(page: Page) -> pb::ListCasesResponse {
        let next = page.next.map(|(opened, case_id)| format!("{opened}:{case_id}"));
        pb::ListCasesResponse {
            cases: page.cases.into_iter().map(pb::Case::from).collect(),
            next_page_token: next.unwrap_or_default(),
        }
    }
}

/// Rows of the fund view.
pub fn fund_rows(rows: Vec<Row>) -> pb::GetFundViewResponse {
    let row = |row: Row| pb::FundRow {
        date: row.day,
        fixmedins_code: row.fixmedins_code,
        fund_fen: row.amounts.fund.0,
        account_fen: row.amounts.account.0,
        relative_fen: row.amounts.relative.0,
        cash_fen: row.amounts.cash.0,
        settlements: i32::try_from(row.settlements).unwrap_or(i32::MAX),
    };
    pb::GetFundViewResponse { rows: rows.into_iter().map(row).collect() }
}
