//! Reconciliation on the wire.

use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Fen, Violations};
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use super::{claim, only_id};
use crate::app::reconcile::{CompareTotals, Comparison, TotalResult, Upload, Uploaded};
use crate::domain::reconcile::{Difference, Line};
use crate::store::reconcile::{DetailAmounts, DetailKey, DetailRow};

/// Longest period that is compared at once: a quarter.
const MOST_DAYS: i64 = 92;
const MOST_ROWS: usize = 2_000;

/// First and last day, of a period that is not too long.
pub(super) fn period(
    violations: &mut Violations,
    (first, begin): (&str, &str),
    (last, end): (&str, &str),
) -> (String, String) {
    let (begins, ends) = (parse_date(begin), parse_date(end));
    violations.check(begins.is_some(), first, "must be a date, yyyy-MM-dd");
    violations.check(ends.is_some(), last, "must be a date, yyyy-MM-dd");
    if let (Some(begins), Some(ends)) = (begins, ends) {
        let days = (ends - begins).whole_days() + 1;
        violations.check((1..=MOST_DAYS).contains(&days), last, "must be 0 to 91 days after the first day");
    }
    (begin.to_owned(), end.to_owned())
}

/// `CompareTotalsRequest`.
pub fn totals(request: pb::CompareTotalsRequest, meta: &CallMeta) -> Result<CompareTotals, Violations> {
    let mut violations = Violations::new();
    let begin = ("stmt_begndate", request.stmt_begndate.as_str());
    let days = period(&mut violations, begin, ("stmt_enddate", &request.stmt_enddate));
    let named = [days.0.as_str(), days.1.as_str()];
    let totals = claim::own_totals(&mut violations, request.totals, &named, meta);
    violations.finish(Some(CompareTotals { days, totals }))
}

pub fn totals_reply(results: Vec<TotalResult>) -> pb::CompareTotalsResponse {
    let flat = results.iter().all(|result| result.differences.is_empty());
    let result = |result: TotalResult| pb::TotalResult {
        insutype: result.key.insutype,
        clr_type: result.key.clr_type,
        setl_optins: result.key.agency,
        refd_setl_flag: result.key.refund,
        stmt_rslt: if result.differences.is_empty() { "0" } else { "1" }.to_owned(),
        stmt_rslt_dscr: result.differences,
    };
    pb::CompareTotalsResponse { flat, results: results.into_iter().map(result).collect() }
}

/// `UploadDetailsRequest`: the first part says the period, the others name the file.
pub fn upload(request: pb::UploadDetailsRequest, _: &CallMeta) -> Result<Upload, Violations> {
    let mut violations = Violations::new();
    let file = violations.optional_text("file_qury_no", &request.file_qury_no, 100);
    let begin = ("stmt_begndate", request.stmt_begndate.as_str());
    let days = match file.is_empty() {
        true => period(&mut violations, begin, ("stmt_enddate", &request.stmt_enddate)),
        false => (String::new(), String::new()),
    };
    let count = request.rows.len();
    violations.check((1..=MOST_ROWS).contains(&count), "rows", "must be 1 to 2000");
    let mut rows = Vec::with_capacity(count.min(MOST_ROWS));
    for (n, row) in request.rows.into_iter().take(MOST_ROWS).enumerate() {
        let msgid = violations.text(&format!("rows[{n}].msgid"), &row.msgid, 50);
        let setl_id = violations.optional_text(&format!("rows[{n}].setl_id"), &row.setl_id, 50);
        let amounts = DetailAmounts {
            medical: Fen(row.medfee_sumamt_fen),
            fund: Fen(row.fund_pay_sumamt_fen),
            account: Fen(row.acct_pay_fen),
        };
        let key = DetailKey { msgid, refund: row.refd_setl_flag };
        rows.push(DetailRow { setl_id, line: Line { key, says: amounts } });
    }
    violations.finish(Some(Upload { file, days, rows }))
}

pub fn upload_reply(uploaded: Uploaded) -> pb::UploadDetailsResponse {
    pb::UploadDetailsResponse { file_qury_no: uploaded.file, rows: uploaded.rows }
}

/// `CompareDetailsRequest`.
pub fn compare(request: pb::CompareDetailsRequest, _: &CallMeta) -> Result<String, Violations> {
    only_id("file_qury_no", &request.file_qury_no)
}

pub fn compare_reply(found: Comparison) -> pb::CompareDetailsResponse {
    pb::CompareDetailsResponse {
        agreed: found.agreed,
        centre_more: found.centre_more,
        institution_more: found.institution_more,
        amounts_differ: found.amounts_differ,
        dld_endtime_us: found.expires_at.0,
    }
}

/// `DownloadDetailsRequest`.
pub fn download(request: pb::DownloadDetailsRequest, _: &CallMeta) -> Result<String, Violations> {
    only_id("file_qury_no", &request.file_qury_no)
}

pub fn downloaded(
    (setl_id, row): (String, Difference<DetailKey, DetailAmounts>),
) -> pb::DownloadDetailsResponse {
    let amounts = |amounts: DetailAmounts| pb::DetailAmounts {
        medfee_sumamt_fen: amounts.medical.0,
        fund_pay_sumamt_fen: amounts.fund.0,
        acct_pay_fen: amounts.account.0,
    };
    pb::DownloadDetailsResponse {
        stmt_rslt: row.kind().stmt_rslt().to_owned(),
        msgid: row.key.msgid,
        setl_id,
        refd_setl_flag: row.key.refund,
        centre: row.ours.map(amounts),
        institution: row.theirs.map(amounts),
    }
}
