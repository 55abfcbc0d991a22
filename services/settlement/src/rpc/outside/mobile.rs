//! The mobile-payment centre behind its hook contract (6201, 6202, 6203, 6301, 6401). One call each; what they mean together is
//! `app/mobile.rs`.

use liufang_kernel::Fen;
use liufang_platform::{Mesh, PeerFault, outgoing};
use liufang_proto::hooks::v1 as pb;
use pb::mobile_payment_client::MobilePaymentClient;
use tonic::{Request, Status};

use super::Outside;
use super::insurer::Asked;
use crate::domain::payment::{InsurerSays, Journal, Parts, refund_says};
use crate::wire::insurer as wire;

/// An order at the centre, by the numbers that go with every call about it.
#[derive(Clone)]
pub struct MobileOrder {
    pub pay_ord_id: String,
    pub pay_token: String,
    /// What the person authorised at the centre; empty where they did not.
    pub pay_auth_no: String,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MobileState {
    pub ord_stas: i32,
    /// Fee and parts; `None` while in progress.
    pub told: Option<(Fen, Parts)>,
}

/// A refund of the insured part.
pub struct Giving {
    /// Our number of it.
    pub app_refd_sn: String,
    pub accounts: Fen,
    pub fund: Fen,
    /// When it was asked for, `yyyyMMddHHmmss`.
    pub app_refd_time: String,
}

impl Outside {
    fn mobile(&self) -> MobilePaymentClient<Mesh> {
        MobilePaymentClient::new(self.mesh("hook.insurer"))
    }

    /// Makes the order under our number, or learns of the one that is there (6201): its number and token.
    pub async fn upload_fee(
        &self,
        journal: &Journal,
        asked: Asked<'_>,
        pay_auth_no: &str,
    ) -> Result<(String, String), InsurerSays> {
        let body = wire::upload(journal, asked.quote, pay_auth_no);
        match self.mobile().upload_fee(outgoing::keyed(body, format!("{}:6201", journal.msgid))).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let whole = reply.accepted && !reply.pay_ord_id.is_empty();
                if whole { Ok((reply.pay_ord_id, reply.pay_token)) } else { Err(InsurerSays::Rejected) }
            }
            Err(status) => Err(silence(status)),
        }
    }

    /// Executes it (6202).
    pub async fn pay_order(
        &self,
        journal: &Journal,
        acct_used: bool,
        order: &MobileOrder,
    ) -> Result<MobileState, InsurerSays> {
        let body = pb::PayOrderRequest {
            pay_ord_id: order.pay_ord_id.clone(),
            pay_token: order.pay_token.clone(),
            org_codg: journal.fixmedins_code.clone(),
            org_biz_ser: journal.msgid.clone(),
            acct_used_flag: acct_used,
            pay_auth_no: order.pay_auth_no.clone(),
        };
        match self.mobile().pay_order(outgoing::keyed(body, &journal.msgid)).await {
            // an answer about another order is none
            Ok(reply) if reply.get_ref().pay_ord_id != order.pay_ord_id => Err(InsurerSays::Unknown),
            Ok(reply) => {
                let reply = reply.into_inner();
                let parts = Parts {
                    cash: Fen(reply.own_pay_amt_fen),
                    accounts: Fen(reply.psn_acct_pay_fen),
                    fund: Fen(reply.fund_pay_fen),
                };
                Ok(MobileState { ord_stas: reply.ord_stas, told: Some((Fen(reply.fee_sumamt_fen), parts)) })
            }
            Err(status) => Err(silence(status)),
        }
    }

    /// How it stands (6301); `None`: the centre does not know its own order.
    pub async fn query_order(
        &self,
        journal: &Journal,
        order: &MobileOrder,
    ) -> Result<Option<MobileState>, InsurerSays> {
        let body = pb::QueryOrderRequest {
            pay_ord_id: order.pay_ord_id.clone(),
            pay_token: order.pay_token.clone(),
            org_codg: journal.fixmedins_code.clone(),
        };
        let Ok(reply) = self.mobile().query_order(Request::new(body)).await else {
            return Err(InsurerSays::Unknown);
        };
        let reply = reply.into_inner();
        match reply.found {
            false => Ok(None),
            true if reply.pay_ord_id != order.pay_ord_id => Err(InsurerSays::Unknown),
            true => Ok(Some(MobileState { ord_stas: reply.ord_stas, told: told(&reply) })),
        }
    }

    /// Gives the insured part back (6203, HI).
    pub async fn refund_order(&self, order: &MobileOrder, giving: &Giving) -> InsurerSays {
        let body = pb::RefundOrderRequest {
            pay_ord_id: order.pay_ord_id.clone(),
            app_refd_sn: giving.app_refd_sn.clone(),
            app_refd_time: giving.app_refd_time.clone(),
            totl_refd_amt_fen: (giving.accounts + giving.fund).0,
            psn_acct_refd_amt_fen: giving.accounts.0,
            fund_refd_amt_fen: giving.fund.0,
            cash_refd_amt_fen: 0,
            refd_type: "HI".to_owned(),
            pay_token: order.pay_token.clone(),
            pay_auth_no: order.pay_auth_no.clone(),
        };
        match self.mobile().refund_order(outgoing::keyed(body, &giving.app_refd_sn)).await {
            Ok(reply) if reply.get_ref().pay_ord_id != order.pay_ord_id => InsurerSays::Unknown,
            Ok(reply) => refund_says(&reply.get_ref().ref_status),
            Err(status) => silence(status),
        }
    }

    /// Takes an unpaid order back (6401).
    pub async fn revoke_order(&self, journal: &Journal, order: &MobileOrder) -> InsurerSays {
        let body = pb::RevokeOrderRequest {
            pay_ord_id: order.pay_ord_id.clone(),
            pay_token: order.pay_token.clone(),
            org_codg: journal.fixmedins_code.clone(),
        };
        match self.mobile().revoke_order(outgoing::keyed(body, &journal.reverse_msgid)).await {
            Ok(reply) if reply.get_ref().success => InsurerSays::Done,
            Ok(_) => InsurerSays::Rejected,
            Err(status) => silence(status),
        }
    }
}

fn told(reply: &pb::QueryOrderResponse) -> Option<(Fen, Parts)> {
    let parts = Parts {
        cash: Fen(reply.own_pay_amt_fen?),
        accounts: Fen(reply.psn_acct_pay_fen?),
        fund: Fen(reply.fund_pay_fen?),
    };
    Some((Fen(reply.fee_sumamt_fen?), parts))
}

/// A refusal of the call itself is a no; everything else is no answer.
fn silence(status: Status) -> InsurerSays {
    if PeerFault::from(status).is_refusal() { InsurerSays::Rejected } else { InsurerSays::Unknown }
}
