//! The messages of the mobile-payment centre.

use liufang_kernel::{Fen, Violations};
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as pb;

use super::insurer;
use crate::app::{Given, OrderState, RefundOrder, parts};
use crate::domain::insurer::Claim;
use crate::store::mobile::Order;

/// An upload is a claim under the merchant's number.
pub fn upload(request: pb::UploadFeeRequest, meta: &CallMeta) -> Result<(Claim, String), Violations> {
    let info = request.setlinfo.clone().unwrap_or_default();
    let settle = pb::SettleRequest {
        msgid: request.med_org_ord,
        fixmedins_code: request.org_codg,
        psn_no: request.psn_no,
        insutype: request.insutype,
        medfee_sumamt_fen: request.medfee_sumamt_fen,
        fund_pay_sumamt_fen: info.fund_pay_sumamt_fen,
        acct_pay_fen: info.acct_pay_fen,
        acct_mulaid_pay_fen: info.acct_mulaid_pay_fen,
        psn_cash_pay_fen: info.psn_cash_pay_fen,
        mdtrtarea_admvs: request.mdtrtarea_admvs,
        setlinfo: request.setlinfo,
        setldetail: request.setldetail,
        drugdetail: request.feedetail_list,
        ..Default::default()
    };
    insurer::claim(settle, meta)
}

pub fn uploaded(made: Result<Order, String>) -> pb::UploadFeeResponse {
    match made {
        Ok(order) => pb::UploadFeeResponse {
            accepted: true,
            pay_ord_id: order.pay_ord_id,
            pay_token: order.pay_token,
            err_msg: String::new(),
        },
        Err(err_msg) => pb::UploadFeeResponse { err_msg, ..Default::default() },
    }
}

fn stas(order: &Order) -> i32 {
    i32::try_from(order.ord_stas).unwrap_or(14)
}

pub fn paid(pay_ord_id: String, state: Option<OrderState>) -> pb::PayOrderResponse {
    let Some(state) = state else {
        let err_msg = "订单不存在 no such order".to_owned();
        return pb::PayOrderResponse { pay_ord_id, ord_stas: 15, err_msg, ..Default::default() };
    };
    let (cash, accounts, fund) = state.paid.as_ref().map(parts).unwrap_or_default();
    pb::PayOrderResponse {
        pay_ord_id,
        ord_stas: stas(&state.order),
        fee_sumamt_fen: (cash + accounts + fund).0,
        own_pay_amt_fen: cash.0,
        psn_acct_pay_fen: accounts.0,
        fund_pay_fen: fund.0,
        err_msg: String::new(),
    }
}

pub fn queried(pay_ord_id: String, state: Option<OrderState>) -> pb::QueryOrderResponse {
    let Some(state) = state else {
        return pb::QueryOrderResponse { found: false, pay_ord_id, ..Default::default() };
    };
    let parts = state.paid.as_ref().map(parts);
    let told = |pick: fn((Fen, Fen, Fen)) -> Fen| parts.map(|parts| pick(parts).0);
    pb::QueryOrderResponse {
        found: true,
        pay_ord_id,
        ord_stas: stas(&state.order),
        med_org_ord: state.order.claim.msgid,
        fee_sumamt_fen: told(|(cash, accounts, fund)| cash + accounts + fund),
        own_pay_amt_fen: told(|(cash, _, _)| cash),
        psn_acct_pay_fen: told(|(_, accounts, _)| accounts),
        fund_pay_fen: told(|(_, _, fund)| fund),
        setl_type: "HI".to_owned(),
    }
}

pub fn refund(request: pb::RefundOrderRequest, _: &CallMeta) -> Result<RefundOrder, Violations> {
    let mut violations = Violations::new();
    let pay_ord_id = violations.text("pay_ord_id", &request.pay_ord_id, 64);
    let app_refd_sn = violations.text("app_refd_sn", &request.app_refd_sn, 64);
    violations.finish(Some(RefundOrder {
        pay_ord_id,
        pay_token: request.pay_token,
        app_refd_sn,
        total: Fen(request.totl_refd_amt_fen),
        accounts: Fen(request.psn_acct_refd_amt_fen),
        fund: Fen(request.fund_refd_amt_fen),
        cash: Fen(request.cash_refd_amt_fen),
        refd_type: request.refd_type,
    }))
}

pub fn refunded(pay_ord_id: String, given: Given) -> pb::RefundOrderResponse {
    let ref_status = if given == Given::Back { "SUCC" } else { "FAIL" };
    pb::RefundOrderResponse { pay_ord_id, ref_status: ref_status.to_owned() }
}

pub fn revoked(success: bool) -> pb::RevokeOrderResponse {
    let message = if success { "已撤销 revoked" } else { "不可撤销 cannot be revoked" };
    pb::RevokeOrderResponse { success, message: message.to_owned() }
}
