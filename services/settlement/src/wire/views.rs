//! Domain values as every answer shows them.

use liufang_kernel::Fen;
use liufang_proto::common::v1::{Channel, Leg as PbLeg};
use liufang_proto::settlement::v1 as pb;

use super::channel::channel_of;
use crate::domain::benefit::{Explanation, FundRow, Leg, LegKind, OutsideFee, SettledLine, Totals};
use crate::domain::payment::{Payment, PaymentState, TILL};
use crate::domain::quote::{Quote, QuoteKind};

fn explanation(explanation: Explanation) -> pb::Explanation {
    pb::Explanation {
        field: explanation.field.into_owned(),
        amount_fen: explanation.amount.0,
        rule: explanation.rule.into_owned(),
        detail: explanation.detail.to_string(),
        row: explanation.row.map(|row| row.to_string()).unwrap_or_default(),
    }
}

fn explanations(explanations: Vec<Explanation>) -> Vec<pb::Explanation> {
    explanations.into_iter().map(explanation).collect()
}

fn line(line: SettledLine) -> pb::SettledLine {
    pb::SettledLine {
        line_no: line.line_no,
        det_item_fee_sumamt_fen: line.amount.0,
        fulamt_ownpay_amt_fen: line.full_selfpay.0,
        overlmt_amt_fen: line.over_limit.0,
        preselfpay_amt_fen: line.first_selfpay.0,
        inscp_scp_amt_fen: line.in_scope.0,
        explanations: explanations(line.explanations),
    }
}

fn fund_row(row: &FundRow) -> pb::FundPayment {
    pb::FundPayment {
        fund_pay_type: row.fund.word().to_owned(),
        inscp_scp_amt_fen: row.base.0,
        crt_payb_lmt_amt_fen: row.limit.map(|limit| limit.0),
        fund_payamt_fen: row.paid.0,
    }
}

/// `own`: what the own account pays.
fn totals(totals: Totals, lines: usize, own: Fen) -> pb::SettlementTotals {
    pb::SettlementTotals {
        hifmi_pay_fen: totals.serious_illness_fund.0,
        cvlserv_pay_fen: totals.civil_servant_fund.0,
        hifes_pay_fen: totals.enterprise_fund.0,
        maf_pay_fen: totals.assistance_fund.0,
        hifdm_pay_fen: totals.serviceman_fund.0,
        oth_pay_fen: totals.other_fund.0,
        hosp_part_amt_fen: totals.institution.0,
        balc_fen: totals.balance.map(|balance| balance.0),
        setldetail: totals.funds.iter().map(fund_row).collect(),
        explanations: explanations(totals.explanations(lines, own)),
        medfee_sumamt_fen: totals.medical.0,
        fulamt_ownpay_amt_fen: totals.full_selfpay.0,
        overlmt_selfpay_fen: totals.over_limit.0,
        preselfpay_amt_fen: totals.first_selfpay.0,
        inscp_scp_amt_fen: totals.in_scope.0,
        act_pay_dedc_fen: totals.deductible.0,
        hifp_pay_fen: totals.basic_fund.0,
        pool_prop_selfpay: totals.fund_ratio,
        hifob_pay_fen: totals.large_amount_fund.0,
        fund_pay_sumamt_fen: totals.fund.0,
        psn_part_amt_fen: totals.personal.0,
        acct_pay_fen: totals.account.0,
        acct_mulaid_pay_fen: totals.mutual_aid.0,
        psn_cash_pay_fen: totals.cash.0,
        outside_fen: totals.outside.0,
    }
}

pub fn leg(leg: Leg) -> pb::LegAmount {
    let kind = match leg.kind {
        LegKind::Fund => PbLeg::Fund,
        LegKind::Account => PbLeg::Account,
        LegKind::RelativeAccount => PbLeg::RelativeAccount,
        LegKind::Channel if leg.debtor == TILL => PbLeg::Till,
        LegKind::Channel => PbLeg::Channel,
    };
    pb::LegAmount {
        leg: kind as i32,
        amount_fen: leg.amount.0,
        payer_person_id: leg.payer_person_id,
        debtor: leg.debtor,
        explanations: explanations(leg.explanations),
    }
}

fn outside(fee: &OutsideFee) -> pb::OutsideFee {
    pb::OutsideFee { kind: fee.kind.as_str().to_owned(), amount_fen: fee.amount.0, name: fee.name.clone() }
}

/// A quote.
pub fn quote(quote: Quote) -> pb::Quote {
    let kind = match quote.kind {
        QuoteKind::OtcAccount => pb::QuoteKind::OtcAccount,
        QuoteKind::ChronicRenewal => pb::QuoteKind::ChronicRenewal,
        QuoteKind::Consultation => pb::QuoteKind::Consultation,
    };
    let own = quote.legs.iter().filter(|leg| leg.kind == LegKind::Account).map(|leg| leg.amount).sum();
    pb::Quote {
        total_fen: quote.total().0,
        quote_id: quote.quote_id,
        kind: kind as i32,
        order_id: quote.order_id,
        person_id: quote.person_id,
        fixmedins_code: quote.fixmedins_code,
        region: quote.region,
        region_version: quote.region_version,
        insutype: quote.insutype,
        totals: Some(totals(quote.totals, quote.lines.len(), own)),
        lines: quote.lines.into_iter().map(line).collect(),
        legs: quote.legs.into_iter().map(leg).collect(),
        outside: quote.outside.iter().map(outside).collect(),
        expires_at_us: quote.expires_at.0,
    }
}

/// Its state.
pub fn payment_state(state: PaymentState) -> pb::PaymentState {
    match state {
        PaymentState::Authorised => pb::PaymentState::Authorised,
        PaymentState::Pending => pb::PaymentState::Pending,
        PaymentState::Captured => pb::PaymentState::Captured,
        PaymentState::Voided => pb::PaymentState::Voided,
        PaymentState::Expired => pb::PaymentState::Expired,
        PaymentState::Failed => pb::PaymentState::Failed,
        PaymentState::Refunding => pb::PaymentState::Refunding,
        PaymentState::Refunded => pb::PaymentState::Refunded,
    }
}

/// A payment.
pub fn payment(payment: Payment) -> pb::Payment {
    pb::Payment {
        payment_id: payment.payment_id,
        quote_id: payment.quote_id,
        order_id: payment.order_id,
        state: payment_state(payment.state).into(),
        ord_stas: payment.ord_stas,
        legs: payment.legs.into_iter().map(leg).collect(),
        hold_expires_at_us: payment.hold_expires_at.0,
        channel: channel_of(&payment.channel).unwrap_or(Channel::Unspecified) as i32,
        channel_order_no: payment.channel_order_no,
        setl_id: payment.setl_id,
        captured_at_us: payment.captured_at.0,
        refunded_fen: payment.refunded.0,
        failure_reason: payment.failure_reason,
        pay_params: String::new(),
    }
}
