//! The insurer's messages.

use liufang_kernel::{Fen, Violations};
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as pb;
use liufang_proto::sandbox::v1 as sandbox;

use crate::app::{Page, Settled, YearBook};
use crate::domain::insurer::{Claim, Settlement, YearSum};
use crate::domain::sheet::{FundRow, Line, Sheet};

/// Rows of a page unless fewer are asked for.
const PAGE: i64 = 1_000;

/// A claim and the person it is for.
pub fn claim(request: pb::SettleRequest, _: &CallMeta) -> Result<(Claim, String), Violations> {
    let mut violations = Violations::new();
    let msgid = violations.text("msgid", &request.msgid, 64);
    let sheet = sheet(&request);
    let claim = Claim {
        msgid,
        fixmedins_code: request.fixmedins_code,
        insutype: request.insutype,
        medfee_sumamt: Fen(request.medfee_sumamt_fen),
        fund_pay_sumamt: Fen(request.fund_pay_sumamt_fen),
        acct_pay: Fen(request.acct_pay_fen),
        acct_mulaid_pay: Fen(request.acct_mulaid_pay_fen),
        psn_cash_pay: Fen(request.psn_cash_pay_fen),
        sheet,
    };
    violations.finish(Some((claim, request.psn_no)))
}

/// A trial asks as a settlement does.
pub fn trial(request: pb::TrialRequest, meta: &CallMeta) -> Result<(Claim, String), Violations> {
    claim(request.settle.unwrap_or_default(), meta)
}

fn sheet(request: &pb::SettleRequest) -> Sheet {
    let info = request.setlinfo.clone().unwrap_or_default();
    Sheet {
        region: request.mdtrtarea_admvs.clone(),
        medfee_sumamt: Fen(info.medfee_sumamt_fen),
        fulamt_ownpay_amt: Fen(info.fulamt_ownpay_amt_fen),
        overlmt_selfpay: Fen(info.overlmt_selfpay_fen),
        preselfpay_amt: Fen(info.preselfpay_amt_fen),
        inscp_scp_amt: Fen(info.inscp_scp_amt_fen),
        act_pay_dedc: Fen(info.act_pay_dedc_fen),
        pool_prop_selfpay: info.pool_prop_selfpay,
        funds: [
            info.hifp_pay_fen,
            info.cvlserv_pay_fen,
            info.hifes_pay_fen,
            info.hifmi_pay_fen,
            info.hifob_pay_fen,
            info.maf_pay_fen,
            info.hifdm_pay_fen,
            info.oth_pay_fen,
        ]
        .map(Fen),
        fund_pay_sumamt: Fen(info.fund_pay_sumamt_fen),
        hosp_part_amt: Fen(info.hosp_part_amt_fen),
        psn_part_amt: Fen(info.psn_part_amt_fen),
        acct_pay: Fen(info.acct_pay_fen),
        acct_mulaid_pay: Fen(info.acct_mulaid_pay_fen),
        psn_cash_pay: Fen(info.psn_cash_pay_fen),
        balc: None,
        rows: request.setldetail.iter().map(row).collect(),
        lines: request.drugdetail.iter().map(line).collect(),
    }
}

fn row(row: &pb::SetlDetail) -> FundRow {
    FundRow {
        fund_pay_type: row.fund_pay_type.clone(),
        inscp_scp_amt: Fen(row.inscp_scp_amt_fen),
        crt_payb_lmt_amt: row.crt_payb_lmt_amt_fen.map(Fen),
        fund_payamt: Fen(row.fund_payamt_fen),
    }
}

fn line(line: &pb::DrugDetail) -> Line {
    Line {
        feedetl_sn: line.feedetl_sn,
        med_list_codg: line.med_list_codg.clone(),
        cnt: line.cnt.clone(),
        pric: line.pric.clone(),
        det_item_fee_sumamt: Fen(line.det_item_fee_sumamt_fen),
        fulamt_ownpay_amt: Fen(line.fulamt_ownpay_amt_fen),
        overlmt_amt: Fen(line.overlmt_amt_fen),
        preselfpay_amt: Fen(line.preselfpay_amt_fen),
        inscp_scp_amt: Fen(line.inscp_scp_amt_fen),
    }
}

/// `None` for what the release before settled: it had no calculation.
fn told(sheet: &Sheet, sign: i64) -> Option<pb::SetlInfo> {
    (!sheet.medfee_sumamt.is_zero()).then(|| info(sheet, sign))
}

/// `sign` -1 on a reversal.
fn info(sheet: &Sheet, sign: i64) -> pb::SetlInfo {
    let fen = |amount: Fen| amount.0 * sign;
    let [hifp, cvlserv, hifes, hifmi, hifob, maf, hifdm, oth] = sheet.funds.map(fen);
    pb::SetlInfo {
        medfee_sumamt_fen: fen(sheet.medfee_sumamt),
        fulamt_ownpay_amt_fen: fen(sheet.fulamt_ownpay_amt),
        overlmt_selfpay_fen: fen(sheet.overlmt_selfpay),
        preselfpay_amt_fen: fen(sheet.preselfpay_amt),
        inscp_scp_amt_fen: fen(sheet.inscp_scp_amt),
        act_pay_dedc_fen: fen(sheet.act_pay_dedc),
        hifp_pay_fen: hifp,
        pool_prop_selfpay: sheet.pool_prop_selfpay.clone(),
        cvlserv_pay_fen: cvlserv,
        hifes_pay_fen: hifes,
        hifmi_pay_fen: hifmi,
        hifob_pay_fen: hifob,
        maf_pay_fen: maf,
        hifdm_pay_fen: hifdm,
        oth_pay_fen: oth,
        fund_pay_sumamt_fen: fen(sheet.fund_pay_sumamt),
        hosp_part_amt_fen: fen(sheet.hosp_part_amt),
        psn_part_amt_fen: fen(sheet.psn_part_amt),
        acct_pay_fen: fen(sheet.acct_pay),
        acct_mulaid_pay_fen: fen(sheet.acct_mulaid_pay),
        psn_cash_pay_fen: fen(sheet.psn_cash_pay),
        balc_fen: sheet.balc.map(|balance| balance.0),
    }
}

fn rows_out(sheet: &Sheet) -> Vec<pb::SetlDetail> {
    let out = |row: &FundRow| pb::SetlDetail {
        fund_pay_type: row.fund_pay_type.clone(),
        inscp_scp_amt_fen: row.inscp_scp_amt.0,
        crt_payb_lmt_amt_fen: row.crt_payb_lmt_amt.map(|limit| limit.0),
        fund_payamt_fen: row.fund_payamt.0,
    };
    sheet.rows.iter().map(out).collect()
}

fn lines_out(sheet: &Sheet) -> Vec<pb::DrugDetail> {
    let out = |line: &Line| pb::DrugDetail {
        feedetl_sn: line.feedetl_sn,
        med_list_codg: line.med_list_codg.clone(),
        cnt: line.cnt.clone(),
        pric: line.pric.clone(),
        det_item_fee_sumamt_fen: line.det_item_fee_sumamt.0,
        fulamt_ownpay_amt_fen: line.fulamt_ownpay_amt.0,
        overlmt_amt_fen: line.overlmt_amt.0,
        preselfpay_amt_fen: line.preselfpay_amt.0,
        inscp_scp_amt_fen: line.inscp_scp_amt.0,
    };
    sheet.lines.iter().map(out).collect()
}

pub fn settled(settled: Settled) -> pb::SettleResponse {
    let outcome = outcome(&settled).into();
    match settled {
        Settled::Success { setl_id, answer, .. } => pb::SettleResponse {
            outcome,
            setl_id,
            err_msg: String::new(),
            setlinfo: told(&answer, 1),
            setldetail: rows_out(&answer),
            detlcutinfo: lines_out(&answer),
        },
        Settled::Rejected { err_msg } => pb::SettleResponse { outcome, err_msg, ..Default::default() },
        Settled::NotFound => pb::SettleResponse { outcome, ..Default::default() },
    }
}

pub fn tried(tried: Settled) -> pb::TrialResponse {
    pb::TrialResponse { settle: Some(settled(tried)) }
}

pub fn reversed(settled: Settled) -> pb::ReverseResponse {
    let outcome = outcome(&settled).into();
    match settled {
        Settled::Success { setl_id, answer, .. } => {
            pb::ReverseResponse { outcome, setl_id: format!("R{setl_id}"), setlinfo: told(&answer, -1) }
        }
        _ => pb::ReverseResponse { outcome, ..Default::default() },
    }
}

pub fn revoked(settled: Settled) -> pb::RevokeResponse {
    pb::RevokeResponse { outcome: outcome(&settled).into() }
}

pub fn message_state(settled: Settled) -> pb::QueryMessageResponse {
    let outcome = outcome(&settled).into();
    match settled {
        Settled::Success { setl_id, reversed, answer } => pb::QueryMessageResponse {
            outcome,
            setl_id,
            reversed,
            setlinfo: told(&answer, 1),
            setldetail: rows_out(&answer),
            detlcutinfo: lines_out(&answer),
        },
        _ => pb::QueryMessageResponse { outcome, ..Default::default() },
    }
}

fn outcome(settled: &Settled) -> pb::InsurerOutcome {
    match settled {
        Settled::Success { .. } => pb::InsurerOutcome::Success,
        Settled::Rejected { .. } => pb::InsurerOutcome::Rejected,
        Settled::NotFound => pb::InsurerOutcome::NotFound,
    }
}

pub fn year(book: YearBook) -> pb::GetYearSumsResponse {
    let row = |sum: YearSum| pb::YearSum {
        insutype: sum.insutype,
        act_pay_dedc_fen: sum.deductible.0,
        inscp_scp_amt_fen: sum.scope.0,
        fund_pay_sumamt_fen: sum.fund.0,
        acct_pay_fen: sum.account.0,
    };
    pb::GetYearSumsResponse { rows: book.rows.into_iter().map(row).collect(), balc_fen: Some(book.balance.0) }
}

/// A page token is time and number of the last row.
pub fn page(request: sandbox::ListInsurerBookRequest, _: &CallMeta) -> Result<Page, Violations> {
    let mut violations = Violations::new();
    let asked = i64::from(request.page_size);
    violations.check((0..=PAGE).contains(&asked), "page_size", "must be between 0 and 1000");
    let size = if asked == 0 { PAGE } else { asked };
    let after = match request.page_token.split_once(':') {
        _ if request.page_token.is_empty() => Some((0, String::new())),
        Some((at, msgid)) => at.parse().ok().map(|at| (at, msgid.to_owned())),
        None => None,
    };
    violations.check(after.is_some(), "page_token", "must be one that was answered");
    violations.finish(after.map(|after| Page { after, size }))
}

pub fn book((settlements, more): (Vec<Settlement>, bool)) -> sandbox::ListInsurerBookResponse {
    let last = settlements.last().filter(|_| more);
    let next_page_token = last.map(|last| format!("{}:{}", last.at.0, last.claim.msgid)).unwrap_or_default();
    let row = |settlement: Settlement| sandbox::InsurerBookRow {
        msgid: settlement.claim.msgid,
        setl_id: settlement.setl_id,
        fixmedins_code: settlement.claim.fixmedins_code,
        fund_pay_sumamt_fen: settlement.claim.fund_pay_sumamt.0,
        acct_pay_fen: settlement.claim.acct_pay.0,
        acct_mulaid_pay_fen: settlement.claim.acct_mulaid_pay.0,
        reversed: settlement.reversed,
        medfee_sumamt_fen: settlement.claim.medfee_sumamt.0,
        psn_cash_pay_fen: settlement.claim.psn_cash_pay.0,
        insutype: settlement.claim.insutype,
        at_us: settlement.at.0,
    };
    sandbox::ListInsurerBookResponse { rows: settlements.into_iter().map(row).collect(), next_page_token }
}
