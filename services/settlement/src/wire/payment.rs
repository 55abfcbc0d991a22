//! Payments and notices on the wire.

use liufang_kernel::{Fen, Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1::{ChannelNotice, ChannelState, PaymentScene};
use liufang_proto::settlement::v1 as pb;
use prost::Message;

use super::channel::word;
use super::{id, only_id, views};
use crate::app::authorise::Authorise;
use crate::app::capture::Lookup;
use crate::app::less::CaptureLess;
use crate::app::notice::{Notice, NoticeState};
use crate::app::order_notice::OrderNotice;
use crate::app::refund::Part;
use crate::domain::payment::{Payer, Payment};

/// `AuthoriseRequest`.
pub fn authorise(request: pb::AuthoriseRequest, _: &CallMeta) -> Result<Authorise, Violations> {
    let mut violations = Violations::new();
    let quote_id = id(&mut violations, "quote_id", &request.quote_id);
    let order_id = id(&mut violations, "order_id", &request.order_id);
    let channel = known_channel(&mut violations, request.channel);
    let hold_expires_at = Timestamp(request.hold_expires_at_us);
    let payer = payer(&mut violations, request.payer);
    let channel = channel.to_owned();
    violations.finish(Some(Authorise { quote_id, order_id, channel, hold_expires_at, payer }))
}

fn payer(violations: &mut Violations, payer: Option<pb::Payer>) -> Payer {
    let payer = payer.unwrap_or_default();
    let payer_id = violations.optional_text("payer.payer_id", &payer.payer_id, 128);
    let auth_code = violations.optional_text("payer.auth_code", &payer.auth_code, 64);
    violations.check(PaymentScene::try_from(payer.scene).is_ok(), "payer.scene", "is not a known scene");
    let pay_auth_no = violations.optional_text("payer.pay_auth_no", &payer.pay_auth_no, 128);
    Payer { payer_id, auth_code, scene: payer.scene, pay_auth_no }
}

fn known_channel(violations: &mut Violations, number: i32) -> &'static str {
    match Channel::try_from(number) {
        Ok(channel) => word(channel),
        Err(_) => {
            violations.add("channel", "is not a known channel");
            ""
        }
    }
}

pub fn authorise_reply(payment: Payment) -> pb::AuthoriseResponse {
    pb::AuthoriseResponse { payment: Some(views::payment(payment)) }
}

/// `CaptureRequest`.
pub fn capture(request: pb::CaptureRequest, _: &CallMeta) -> Result<CaptureLess, Violations> {
    let mut violations = Violations::new();
    let payment_id = id(&mut violations, "payment_id", &request.payment_id);
    let keep = request.keep.into_iter();
    let keep: Vec<_> =
        keep.map(|line| pb::ReturnedLine { line_no: line.line_no, quantity: line.quantity }).collect();
    let keep = super::refund::lines(&mut violations, "keep", &keep);
    violations.finish(Some(CaptureLess { payment_id, keep }))
}

pub fn capture_reply((payment, pay_params): (Payment, String)) -> pb::CaptureResponse {
    pb::CaptureResponse { payment: Some(pb::Payment { pay_params, ..views::payment(payment) }) }
}

/// `VoidRequest`.
pub fn void(request: pb::VoidRequest, _: &CallMeta) -> Result<String, Violations> {
    only_id("payment_id", &request.payment_id)
}

pub fn void_reply(payment: Payment) -> pb::VoidResponse {
    pb::VoidResponse { payment: Some(views::payment(payment)) }
}

/// `GetPaymentRequest`: one of the two ids.
pub fn get(request: pb::GetPaymentRequest, _: &CallMeta) -> Result<Lookup, Violations> {
    match (request.payment_id.is_empty(), request.order_id.is_empty()) {
        (false, true) => only_id("payment_id", &request.payment_id).map(Lookup::Payment),
        (true, false) => only_id("order_id", &request.order_id).map(Lookup::Order),
        _ => Err(Violations::of("payment_id", "exactly one of payment_id and order_id must be given")),
    }
}

pub fn get_reply(((payment, pay_params), refunds): ((Payment, String), Vec<Part>)) -> pb::GetPaymentResponse {
    pb::GetPaymentResponse {
        payment: Some(pb::Payment { pay_params, ..views::payment(payment) }),
        refunds: refunds.into_iter().map(super::refund::view).collect(),
    }
}

/// `NotifyPaymentRequest` with its body.
pub fn notify(request: pb::NotifyPaymentRequest, _: &CallMeta) -> Result<Notice, Violations> {
    let mut violations = Violations::new();
    let channel = known_channel(&mut violations, request.channel);
    let body = violations.take("body", ChannelNotice::decode(request.body.as_ref())).unwrap_or_default();
    let notice_id = id(&mut violations, "body.notice_id", &body.notice_id);
    let channel_order_no = id(&mut violations, "body.channel_order_no", &body.channel_order_no);
    let says = match body.state() {
        ChannelState::Paid => Some(NoticeState::Paid),
        ChannelState::Refunded => Some(NoticeState::Refunded),
        _ => None,
    };
    violations.check(says.is_some(), "body.state", "must be PAID or REFUNDED");
    let notice = says.map(|says| Notice {
        channel: channel.to_owned(),
        body: request.body.to_vec(),
        signature: request.signature,
        notice_id,
        channel_order_no,
        says,
        amount: Fen(body.amount_fen),
    });
    violations.finish(notice)
}

pub fn notify_reply((): ()) -> pb::NotifyPaymentResponse {
    pb::NotifyPaymentResponse {}
}

/// `NotifyOrderRequest`.
pub fn notify_order(request: pb::NotifyOrderRequest, _: &CallMeta) -> Result<OrderNotice, Violations> {
    let mut violations = Violations::new();
    let med_org_ord = id(&mut violations, "med_org_ord", &request.med_org_ord);
    let pay_ord_id = violations.optional_text("pay_ord_id", &request.pay_ord_id, 64);
    violations.check((0..=17).contains(&request.ord_stas), "ord_stas", "must be 0 to 17");
    violations.finish(Some(OrderNotice { med_org_ord, pay_ord_id, ord_stas: request.ord_stas }))
}

pub fn notify_order_reply((): ()) -> pb::NotifyOrderResponse {
    pb::NotifyOrderResponse {}
}
