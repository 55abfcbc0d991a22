//! A settlement as the insurer is told of it, and what the insurer calculated (2101, 2102).

use liufang_kernel::region::Fund;
use liufang_kernel::{Fen, Timestamp};
use liufang_proto::hooks::v1 as pb;

use crate::domain::benefit::{Calculation, FundRow, SettledLine, Totals};
use crate::domain::payment::Journal;
use crate::domain::quote::{Charge, Quote};

/// The request of 2102; a trial sends the same.
pub fn request(msgid: &str, quote: &Quote, at: Timestamp) -> pb::SettleRequest {
    let totals = &quote.totals;
    pb::SettleRequest {
        msgid: msgid.to_owned(),
        fixmedins_code: quote.fixmedins_code.clone(),
        psn_no: quote.person_id.clone(),
        insutype: quote.insutype.clone(),
        medfee_sumamt_fen: totals.medical.0,
        fund_pay_sumamt_fen: totals.fund.0,
        acct_pay_fen: totals.account.0,
        acct_mulaid_pay_fen: totals.mutual_aid.0,
        psn_cash_pay_fen: totals.cash.0,
        mdtrtarea_admvs: quote.region.clone(),
        begntime_us: at.0,
        dise_codg: quote.dise_codg.clone(),
        acct_used_flag: quote.acct_used,
        setlinfo: Some(info(totals)),
        setldetail: totals.funds.iter().map(row).collect(),
        drugdetail: details(quote),
        // a drug bought online is picked after it is paid: its codes go with 3505
        drug_trac_info: Vec::new(),
        minpacunt_drug_trac_cnt: 0,
    }
}

/// The request of 6201; the order is our visit.
pub fn upload(journal: &Journal, quote: &Quote, pay_auth_no: &str) -> pb::UploadFeeRequest {
    let totals = &quote.totals;
    pb::UploadFeeRequest {
        org_codg: quote.fixmedins_code.clone(),
        psn_no: quote.person_id.clone(),
        insutype: quote.insutype.clone(),
        med_org_ord: journal.msgid.clone(),
        begntime_us: journal.created_at.0,
        mdtrt_id: journal.order_id.clone(),
        med_type: String::new(),
        dise_codg: quote.dise_codg.clone(),
        medfee_sumamt_fen: totals.medical.0,
        acct_used_flag: quote.acct_used,
        feedetail_list: details(quote),
        mdtrtarea_admvs: quote.region.clone(),
        setlinfo: Some(info(totals)),
        setldetail: totals.funds.iter().map(row).collect(),
        pay_auth_no: pay_auth_no.to_owned(),
    }
}

fn info(totals: &Totals) -> pb::SetlInfo {
    pb::SetlInfo {
        medfee_sumamt_fen: totals.medical.0,
        fulamt_ownpay_amt_fen: totals.full_selfpay.0,
        overlmt_selfpay_fen: totals.over_limit.0,
        preselfpay_amt_fen: totals.first_selfpay.0,
        inscp_scp_amt_fen: totals.in_scope.0,
        act_pay_dedc_fen: totals.deductible.0,
        hifp_pay_fen: totals.basic_fund.0,
        pool_prop_selfpay: totals.fund_ratio.clone(),
        cvlserv_pay_fen: totals.civil_servant_fund.0,
        hifes_pay_fen: totals.enterprise_fund.0,
        hifmi_pay_fen: totals.serious_illness_fund.0,
        hifob_pay_fen: totals.large_amount_fund.0,
        maf_pay_fen: totals.assistance_fund.0,
        hifdm_pay_fen: totals.serviceman_fund.0,
        oth_pay_fen: totals.other_fund.0,
        fund_pay_sumamt_fen: totals.fund.0,
        hosp_part_amt_fen: totals.institution.0,
        psn_part_amt_fen: totals.personal.0,
        acct_pay_fen: totals.account.0,
        acct_mulaid_pay_fen: totals.mutual_aid.0,
        psn_cash_pay_fen: totals.cash.0,
        balc_fen: None,
    }
}

fn row(row: &FundRow) -> pb::SetlDetail {
    pb::SetlDetail {
        fund_pay_type: row.fund.word().to_owned(),
        inscp_scp_amt_fen: row.base.0,
        crt_payb_lmt_amt_fen: row.limit.map(|limit| limit.0),
        fund_payamt_fen: row.paid.0,
    }
}

fn details(quote: &Quote) -> Vec<pb::DrugDetail> {
    let detail = |(line, charge): (&SettledLine, Option<&Charge>)| pb::DrugDetail {
        feedetl_sn: line.line_no,
        med_list_codg: charge.map(|charge| charge.med_list_codg.clone()).unwrap_or_default(),
        cnt: charge.map(|charge| charge.quantity.to_string()).unwrap_or_default(),
        pric: charge.map(|charge| charge.price.to_string()).unwrap_or_default(),
        det_item_fee_sumamt_fen: line.amount.0,
        fulamt_ownpay_amt_fen: line.full_selfpay.0,
        overlmt_amt_fen: line.over_limit.0,
        preselfpay_amt_fen: line.first_selfpay.0,
        inscp_scp_amt_fen: line.in_scope.0,
    };
    quote.lines.iter().enumerate().map(|(n, line)| detail((line, quote.charges.get(n)))).collect()
}

/// What the centre calculated; `None` where it told no totals.
pub fn calculation(
    info: Option<pb::SetlInfo>,
    rows: &[pb::SetlDetail],
    lines: &[pb::DrugDetail],
) -> Option<Calculation> {
    let totals = Totals { funds: rows.iter().filter_map(fund_row).collect(), ..totals(info?) };
    Some(Calculation { totals, lines: lines.iter().map(line).collect() })
}

/// The totals of an answer, without fund rows.
pub fn totals(info: pb::SetlInfo) -> Totals {
    Totals {
        medical: Fen(info.medfee_sumamt_fen),
        full_selfpay: Fen(info.fulamt_ownpay_amt_fen),
        over_limit: Fen(info.overlmt_selfpay_fen),
        first_selfpay: Fen(info.preselfpay_amt_fen),
        in_scope: Fen(info.inscp_scp_amt_fen),
        deductible: Fen(info.act_pay_dedc_fen),
        basic_fund: Fen(info.hifp_pay_fen),
        fund_ratio: info.pool_prop_selfpay,
        large_amount_fund: Fen(info.hifob_pay_fen),
        serious_illness_fund: Fen(info.hifmi_pay_fen),
        civil_servant_fund: Fen(info.cvlserv_pay_fen),
        enterprise_fund: Fen(info.hifes_pay_fen),
        assistance_fund: Fen(info.maf_pay_fen),
        serviceman_fund: Fen(info.hifdm_pay_fen),
        other_fund: Fen(info.oth_pay_fen),
        fund: Fen(info.fund_pay_sumamt_fen),
        personal: Fen(info.psn_part_amt_fen),
        account: Fen(info.acct_pay_fen),
        mutual_aid: Fen(info.acct_mulaid_pay_fen),
        cash: Fen(info.psn_cash_pay_fen),
        outside: Fen::ZERO,
        institution: Fen(info.hosp_part_amt_fen),
        balance: info.balc_fen.map(Fen),
        funds: Vec::new(),
    }
}

/// `None` for an account's row, which belongs to no fund (`domain.md` §3.4, I5).
fn fund_row(row: &pb::SetlDetail) -> Option<FundRow> {
    Some(FundRow {
        fund: Fund::from_word(&row.fund_pay_type)?,
        base: Fen(row.inscp_scp_amt_fen),
        limit: row.crt_payb_lmt_amt_fen.map(Fen),
        paid: Fen(row.fund_payamt_fen),
    })
}

fn line(line: &pb::DrugDetail) -> SettledLine {
    SettledLine {
        line_no: line.feedetl_sn,
        amount: Fen(line.det_item_fee_sumamt_fen),
        full_selfpay: Fen(line.fulamt_ownpay_amt_fen),
        over_limit: Fen(line.overlmt_amt_fen),
        first_selfpay: Fen(line.preselfpay_amt_fen),
        in_scope: Fen(line.inscp_scp_amt_fen),
        explanations: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field has its own number, so that none can stand for another.
    #[test]
    fn what_is_sent_is_what_is_read() {
        let of = Fen;
        let totals = Totals {
            medical: of(1),
            full_selfpay: of(2),
            over_limit: of(3),
            first_selfpay: of(4),
            in_scope: of(5),
            deductible: of(6),
            basic_fund: of(7),
            fund_ratio: "0.8".into(),
            large_amount_fund: of(8),
            serious_illness_fund: of(9),
            civil_servant_fund: of(10),
            enterprise_fund: of(11),
            assistance_fund: of(12),
            serviceman_fund: of(13),
            other_fund: of(14),
            fund: of(15),
            personal: of(16),
            account: of(17),
            mutual_aid: of(18),
            cash: of(19),
            institution: of(20),
            funds: vec![FundRow { fund: Fund::Other, base: of(21), limit: Some(of(22)), paid: of(23) }],
            ..Totals::default()
        };
        let rows: Vec<_> = totals.funds.iter().map(row).collect();
        let account = pb::SetlDetail { fund_pay_type: "acct".into(), fund_payamt_fen: 99, ..rows[0].clone() };
        let read = calculation(Some(info(&totals)), &[rows[0].clone(), account], &[]).unwrap();
        assert_eq!(read.totals, totals);
        assert!(calculation(None, &rows, &[]).is_none());
    }
}
