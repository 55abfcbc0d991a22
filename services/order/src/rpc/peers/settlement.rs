//! Quotes and payments.

use std::fmt::Write as _;

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Fen, Quantity, Timestamp};
use liufang_platform::{PeerFault, outgoing};
use liufang_proto::common::v1::{Channel as PbChannel, Leg};
use liufang_proto::settlement::v1 as pb;
use pb::payment_service_client::PaymentServiceClient;
use pb::quote_service_client::QuoteServiceClient;
use prost::Message;
use tonic::Request;

use super::Peers;
use super::numbers::{line_no, present};
use crate::domain::{
    Argument, Channel, Charge, Kind, Order, Outside, Payers, Payment, Quote, charges, is_outside, total,
};
use crate::error::OrderError;

fn charge(Charge(line): &Charge<'_>) -> pb::ChargeLine {
    pb::ChargeLine {
        line_no: line_no(line.line_no),
        med_list_codg: line.med_list_codg.clone(),
        name: line.name.clone(),
        quantity: line.quantity.to_string(),
        price: line.price.to_string(),
        chrgitm_lv: line.chrgitm_lv.clone(),
        first_selfpay_ratio: line.first_selfpay.to_string(),
        pay_standard: line.pay_standard.map(|price| price.to_string()).unwrap_or_default(),
        restricted: line.restricted,
        hosp_appr_flag: line.hosp_appr_flag.clone(),
        hi_mark: line.hi_mark,
    }
}

fn outside(fee: &Outside) -> pb::OutsideFee {
    pb::OutsideFee { kind: fee.kind.to_owned(), amount_fen: fee.amount.0, name: fee.name.clone() }
}

fn quote_kind(kind: Kind) -> pb::QuoteKind {
    match kind {
        Kind::Otc => pb::QuoteKind::OtcAccount,
        Kind::Prescription | Kind::Counter => pb::QuoteKind::ChronicRenewal,
        Kind::Consultation => pb::QuoteKind::Consultation,
    }
}

fn channel(channel: Option<Channel>) -> PbChannel {
    match channel {
        None => PbChannel::Unspecified,
        Some(Channel::Wechat) => PbChannel::Wechat,
        Some(Channel::Alipay) => PbChannel::Alipay,
        Some(Channel::Unionpay) => PbChannel::Unionpay,
        Some(Channel::BankCard) => PbChannel::BankCard,
        Some(Channel::Till) => PbChannel::Till,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn quoted(quote: &pb::Quote, order: &Order) -> Result<Quote, OrderError> {
    // a quote over another sum would let the patient confirm what was never ordered
    if quote.total_fen != total(order).0 {
        return Err(OrderError::Unreadable("quote total differs from the order's"));
    }
    let has = |wanted: fn(Leg) -> bool| quote.legs.iter().any(|leg| leg.amount_fen > 0 && wanted(leg.leg()));
    Ok(Quote {
        id: quote.quote_id.clone(),
        expires_at: Timestamp(quote.expires_at_us),
        total: Fen(quote.total_fen),
        has_cash: has(|leg| leg == Leg::Channel),
        insured: has(|leg| matches!(leg, Leg::Fund | Leg::Account | Leg::RelativeAccount)),
        account: has(|leg| matches!(leg, Leg::Account | Leg::RelativeAccount)),
        encoded: hex(&quote.encode_to_vec()),
    })
}

/// How a payment stands, in the order's words.
pub fn standing(payment: &pb::Payment) -> Payment {
    use pb::PaymentState;
    let ended = |word: &str| {
        let reason = if payment.failure_reason.is_empty() { word } else { &payment.failure_reason };
        Payment::Ended { reason: reason.to_owned() }
    };
    match payment.state() {
        PaymentState::Captured => Payment::Captured { setl_id: payment.setl_id.clone() },
        PaymentState::Voided => ended("VOIDED"),
        PaymentState::Expired => ended("EXPIRED"),
        PaymentState::Failed => ended("CHANNEL_REFUSED"),
        PaymentState::Refunding | PaymentState::Refunded => ended("REFUNDED"),
        PaymentState::Authorised | PaymentState::Pending | PaymentState::Unspecified => Payment::Pending,
    }
}

impl Peers {
    /// Asks for a quote over the whole order. `dise_codg` is the prescription's chronic disease; empty otherwise.
    pub async fn quote(
        &self,
        order: &Order,
        payers: &Payers,
        dise_codg: String,
        key: String,
    ) -> Result<Quote, OrderError> {
        let (lines, fees) = charges(order);
        let request = pb::CreateQuoteRequest {
            kind: quote_kind(order.kind).into(),
            order_id: order.id.clone(),
            person_id: order.person_id.clone(),
            fixmedins_code: order.fixmedins_code.clone(),
            region: order.region.clone(),
            insutype: String::new(),
            dise_codg,
            lines: lines.iter().map(charge).collect(),
            outside: fees.iter().map(outside).collect(),
            acct_used: payers.use_account,
            holder_person_ids: payers.holders.clone(),
            // the rules of the day of the purchase hold, also when it is quoted again after midnight or after the year
            fee_ocur_date: date_text(order.created_at.china_date()),
        };
        let mut client = QuoteServiceClient::new(self.settlement());
        let answer = client.create_quote(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        quoted(&present(answer.into_inner().quote)?, order)
    }

    /// Holds every leg until the order must be paid; answers the payment's id.
    pub async fn authorise(
        &self,
        order: &Order,
        argument: &Argument,
        key: String,
    ) -> Result<String, OrderError> {
        let quote = present(order.quote.as_ref())?;
        let request = pb::AuthoriseRequest {
            quote_id: quote.id.clone(),
            order_id: order.id.clone(),
            channel: channel(argument.channel).into(),
            hold_expires_at_us: order.pay_by.0,
            payer: argument.buyer.clone().map(|buyer| pb::Payer {
                payer_id: buyer.payer_id,
                auth_code: buyer.auth_code,
                scene: buyer.scene,
                pay_auth_no: buyer.pay_auth_no,
            }),
        };
        let mut client = PaymentServiceClient::new(self.settlement());
        let answer = client.authorise(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(present(answer.into_inner().payment)?.payment_id)
    }

    /// Settles the held legs.
    pub async fn capture(&self, order: &Order, key: String) -> Result<Payment, OrderError> {
        let request = pb::CaptureRequest { payment_id: order.payment_id.clone(), keep: Vec::new() };
        let mut client = PaymentServiceClient::new(self.settlement());
        let answer = client.capture(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(standing(&present(answer.into_inner().payment)?))
    }

    /// Asks how the payment stands.
    pub async fn payment(&self, order: &Order) -> Result<Payment, OrderError> {
        Ok(standing(&self.get_payment(order).await?))
    }

    /// Gives held legs back.
    pub async fn void(&self, payment_id: &str, key: String) -> Result<(), OrderError> {
        let request = pb::VoidRequest { payment_id: payment_id.to_owned() };
        let mut client = PaymentServiceClient::new(self.settlement());
        client.void(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Returns the payment whole; answers whether all money is back already.
    pub async fn refund(&self, order: &Order, key: String) -> Result<bool, OrderError> {
        let request = pb::RefundRequest {
            payment_id: order.payment_id.clone(),
            reason: order.cancel_reason.clone(),
            ..Default::default()
        };
        let mut client = PaymentServiceClient::new(self.settlement());
        let answer = client.refund(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(present(answer.into_inner().payment)?.state() == pb::PaymentState::Refunded)
    }

    /// Returns what some goods cost; answers how much that is. It is on its way from then on.
    pub async fn refund_goods(
        &self,
        order: &Order,
        goods: &[(u32, Quantity)],
        key: String,
    ) -> Result<Fen, OrderError> {
        let mut request = pb::RefundRequest {
            payment_id: order.payment_id.clone(),
            reason: "RETURNED".to_owned(),
            ..Default::default()
        };
        for (number, quantity) in goods {
            let line = order.lines.iter().find(|line| line.line_no == *number);
            let line = line.ok_or(OrderError::Unreadable("a line of the return"))?;
            if is_outside(order, line) {
                let amount = line.price.times(*quantity);
                let fee = Outside { kind: "goods", amount, name: line.name.clone() };
                request.outside.push(outside(&fee));
            } else {
                let quantity = quantity.to_string();
                request.lines.push(pb::ReturnedLine { line_no: line_no(*number), quantity });
            }
        }
        let mut client = PaymentServiceClient::new(self.settlement());
        let answer = client.refund(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(Fen(present(answer.into_inner().refund)?.amount_fen))
    }

    /// Asks whether all money is back.
    pub async fn is_refunded(&self, order: &Order) -> Result<bool, OrderError> {
        Ok(self.get_payment(order).await?.state() == pb::PaymentState::Refunded)
    }

    async fn get_payment(&self, order: &Order) -> Result<pb::Payment, OrderError> {
        let request = pb::GetPaymentRequest { payment_id: order.payment_id.clone(), order_id: String::new() };
        let mut client = PaymentServiceClient::new(self.settlement());
        let answer = client.get_payment(Request::new(request)).await.map_err(PeerFault::from)?;
        present(answer.into_inner().payment)
    }
}
