//! The payment channel behind its hook contract. Every call carries our own number; no answer is an answer of its own.

use liufang_kernel::Fen;
use liufang_kernel::combined::Combined;
use liufang_platform::{Mesh, PeerFault, outgoing};
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1 as pb;
use pb::payment_channel_client::PaymentChannelClient;
use tonic::{Request, Status};

use super::Outside;
use crate::domain::payment::{ChannelSays, Journal, Payer};
use crate::wire::channel::channel_of;

impl Outside {
    /// Each channel has a hook of its own.
    fn channel(&self, journal: &Journal) -> PaymentChannelClient<Mesh> {
        PaymentChannelClient::new(self.mesh(&format!("hook.{}", journal.channel)))
    }

    /// Creates and executes the payment; the same number twice is one payment. Also answers what the payer's app hands over.
    pub async fn create_payment(
        &self,
        journal: &Journal,
        payer: Payer,
        combined: Option<Combined>,
    ) -> (ChannelSays, String) {
        let body = pb::CreatePaymentRequest {
            channel: channel(journal),
            channel_order_no: journal.channel_order_no.clone(),
            amount_fen: journal.cash.0,
            freight_fen: journal.freight.0,
            payer_ref: String::new(),
            expires_at_us: journal.hold_expires_at.0,
            payer_id: payer.payer_id,
            auth_code: payer.auth_code,
            scene: payer.scene,
            combined: combined.map(combined_order),
            fixmedins_code: journal.fixmedins_code.clone(),
        };
        match self.channel(journal).create_payment(outgoing::keyed(body, &journal.channel_order_no)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                (state(reply.state(), None), reply.pay_params)
            }
            Err(status) => (refused_or_unknown(status, ChannelSays::Refused), String::new()),
        }
    }

    pub async fn query_payment(&self, journal: &Journal) -> ChannelSays {
        let body = pb::QueryPaymentRequest {
            channel: channel(journal),
            channel_order_no: journal.channel_order_no.clone(),
        };
        match self.channel(journal).query_payment(Request::new(body)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                state(reply.state(), Some(Fen(reply.amount_fen)))
            }
            // a question that is refused has no answer
            Err(_) => ChannelSays::Unknown,
        }
    }

    pub async fn close_payment(&self, journal: &Journal) -> ChannelSays {
        let body = pb::ClosePaymentRequest {
            channel: channel(journal),
            channel_order_no: journal.channel_order_no.clone(),
        };
        let key = format!("{}:close", journal.channel_order_no);
        match self.channel(journal).close_payment(outgoing::keyed(body, key)).await {
            Ok(reply) => state(reply.into_inner().state(), None),
            Err(_) => ChannelSays::Unknown,
        }
    }

    /// Refunds the cash leg, or all that the channel says it took where that is another amount; the same refund number
    /// twice is one refund.
    pub async fn refund_payment(&self, journal: &Journal) -> ChannelSays {
        if !journal.took_another_amount() {
            return self.refund(journal, journal.cash).await;
        }
        match self.query_payment(journal).await {
            ChannelSays::Paid(Some(taken)) => self.refund(journal, taken).await,
            ChannelSays::Refunded => ChannelSays::RefundAccepted,
            _ => ChannelSays::Unknown,
        }
    }

    /// Refunds `amount` under the refund number of the payment.
    pub async fn refund(&self, journal: &Journal, amount: Fen) -> ChannelSays {
        // one that is in hand there is asked about, not sent again
        if journal.attempts > 0
            && let Some(says) = self.query_refund(journal).await
        {
            return says;
        }
        let body = pb::RefundPaymentRequest {
            channel: channel(journal),
            channel_order_no: journal.channel_order_no.clone(),
            refund_no: journal.refund_no.clone(),
            amount_fen: amount.0,
        };
        match self.channel(journal).refund_payment(outgoing::keyed(body, &journal.refund_no)).await {
            Ok(reply) if reply.get_ref().accepted => ChannelSays::RefundAccepted,
            Ok(reply) if reply.get_ref().state() == pb::RefundState::Processing => ChannelSays::Unknown,
            Ok(_) => ChannelSays::RefundRefused,
            Err(status) => refused_or_unknown(status, ChannelSays::RefundRefused),
        }
    }

    /// None when it has to be sent again: never seen there, refused, or no word of it.
    async fn query_refund(&self, journal: &Journal) -> Option<ChannelSays> {
        let body = pb::QueryRefundRequest {
            channel: channel(journal),
            channel_order_no: journal.channel_order_no.clone(),
            refund_no: journal.refund_no.clone(),
        };
        let reply = self.channel(journal).query_refund(Request::new(body)).await.ok()?;
        match reply.get_ref().state() {
            pb::RefundState::Accepted => Some(ChannelSays::RefundAccepted),
            pb::RefundState::Processing => Some(ChannelSays::Unknown),
            _ => None,
        }
    }
}

fn combined_order(order: Combined) -> pb::CombinedOrder {
    let added = order.added.iter().map(|(kind, fee)| (kind.word().to_owned(), *fee));
    let reduced = order.reduced.iter().map(|fee| ("REDUCED".to_owned(), *fee));
    let change = |(r#type, fee): (String, Fen)| pb::CashChange { r#type, fee_fen: fee.0 };
    pb::CombinedOrder {
        total_fee_fen: order.total.0,
        med_ins_gov_fee_fen: order.fund.0,
        med_ins_self_fee_fen: order.account.0,
        med_ins_other_fee_fen: order.other.0,
        med_ins_cash_fee_fen: order.cash.0,
        wechat_pay_cash_fee_fen: order.taken.0,
        cash_add: added.map(change).collect(),
        cash_reduce: reduced.map(change).collect(),
    }
}

fn channel(journal: &Journal) -> i32 {
    channel_of(&journal.channel).unwrap_or(Channel::Unspecified) as i32
}

fn state(state: pb::ChannelState, amount: Option<Fen>) -> ChannelSays {
    match state {
        pb::ChannelState::NotFound => ChannelSays::NotFound,
        pb::ChannelState::Open => ChannelSays::Open,
        pb::ChannelState::Paid => ChannelSays::Paid(amount),
        pb::ChannelState::Closed => ChannelSays::Closed,
        pb::ChannelState::Refused => ChannelSays::Refused,
        pb::ChannelState::Refunded => ChannelSays::Refunded,
        pb::ChannelState::Unspecified => ChannelSays::Unknown,
    }
}

/// A refusal says that nothing happened; everything else says nothing.
fn refused_or_unknown(status: Status, refused: ChannelSays) -> ChannelSays {
    if PeerFault::from(status).is_refusal() { refused } else { ChannelSays::Unknown }
}
