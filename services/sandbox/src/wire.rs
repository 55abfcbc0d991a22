//! Hook messages to commands and back. Outside parties check little: what they do not understand they refuse later.

pub mod bill;
mod combined;
pub mod hospital;
pub mod insurer;
pub mod mobile;
pub mod verification;

use liufang_kernel::{Fen, Sensitive, Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::sandbox::v1 as pb;
use prost::Message as _;

use crate::app::{Checked, Close, Pay, Query, Refund, RefundDone, SendMessage, SetDial};
use crate::domain::channel::{Payment, State};
use crate::domain::dial::{Dial, METHODS};
use crate::domain::job;

/// Takes a message as it is: checks that need no parsing.
pub fn plain<T>(request: T, _: &CallMeta) -> Result<T, Violations> {
    Ok(request)
}

pub fn send_message(request: hooks::SendMessageRequest, _: &CallMeta) -> Result<SendMessage, Violations> {
    let mut violations = Violations::new();
    let request_id = violations.text("request_id", &request.request_id, 128);
    violations.check(!request.phone.is_empty(), "phone", "must not be empty");
    violations.check(request.text.chars().count() <= 500, "text", "must be at most 500 characters");
    let (phone, text) = (Sensitive::new(request.phone), Sensitive::new(request.text));
    violations.finish(Some(SendMessage { phone, text, request_id }))
}

pub fn pay(request: hooks::CreatePaymentRequest, _: &CallMeta) -> Result<Pay, Violations> {
    let mut violations = Violations::new();
    let channel_order_no = violations.text("channel_order_no", &request.channel_order_no, 64);
    violations.check(request.amount_fen > 0, "amount_fen", "must be positive");
    let freight = (0..=request.amount_fen).contains(&request.freight_fen);
    violations.check(freight, "freight_fen", "must be between 0 and the amount");
    violations.check(request.channel != 0, "channel", "must be a channel");
    if let Some(order) = &request.combined {
        let sound = combined::read(order)
            .is_some_and(|order| order.check(Fen(request.amount_fen), Fen(request.freight_fen)).is_ok());
        violations.check(sound, "combined", "must add up, and be what the channel is asked for");
    }
    violations.finish(Some(Pay {
        channel: request.channel,
        channel_order_no,
        amount: Fen(request.amount_fen),
        freight: Fen(request.freight_fen),
        payer: request.payer_id,
        expires_at: Timestamp(request.expires_at_us),
        fixmedins_code: request.fixmedins_code,
    }))
}

/// The payment whose rows are asked for; empty for all.
pub fn list_channel_book(request: pb::ListChannelBookRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let channel_order_no = violations.optional_text("channel_order_no", &request.channel_order_no, 64);
    violations.finish(Some(channel_order_no))
}

pub fn query(request: hooks::QueryPaymentRequest, _: &CallMeta) -> Result<Query, Violations> {
    let mut violations = Violations::new();
    let channel_order_no = violations.text("channel_order_no", &request.channel_order_no, 64);
    violations.finish(Some(Query { channel_order_no }))
}

pub fn close(request: hooks::ClosePaymentRequest, _: &CallMeta) -> Result<Close, Violations> {
    let mut violations = Violations::new();
    let channel_order_no = violations.text("channel_order_no", &request.channel_order_no, 64);
    violations.finish(Some(Close { channel_order_no }))
}

pub fn refund(request: hooks::RefundPaymentRequest, _: &CallMeta) -> Result<Refund, Violations> {
    let mut violations = Violations::new();
    let channel_order_no = violations.text("channel_order_no", &request.channel_order_no, 64);
    let refund_no = violations.text("refund_no", &request.refund_no, 64);
    let amount = Fen(request.amount_fen);
    violations.finish(Some(Refund { channel_order_no, refund_no, amount }))
}

pub fn set_dial(request: pb::SetDialRequest, _: &CallMeta) -> Result<SetDial, Violations> {
    let mut violations = Violations::new();
    let known = METHODS.contains(&request.method.as_str());
    violations.check(known, "method", "must be a hook method such as InsurerHook/Settle");
    violations.check(request.calls >= 0, "calls", "must not be negative");
    violations.check(request.r#match.len() <= 128, "match", "must be at most 128 bytes");
    let dial = Dial::from_number(request.dial);
    violations.check(dial.is_some(), "dial", "must be a known dial");
    let (method, pattern) = (request.method, request.r#match);
    let calls = i64::from(request.calls);
    violations.finish(dial.map(|dial| SetDial { method, dial, calls, pattern }))
}

pub fn outcome(checked: Checked) -> i32 {
    let outcome = match checked {
        Checked::Pass => hooks::CheckOutcome::Pass,
        Checked::Fail => hooks::CheckOutcome::Fail,
        Checked::NoAnswer => hooks::CheckOutcome::NoAnswer,
        Checked::Pending => hooks::CheckOutcome::Pending,
    };
    outcome.into()
}

fn channel_state(state: State) -> i32 {
    let state = match state {
        State::Open => hooks::ChannelState::Open,
        State::Paid => hooks::ChannelState::Paid,
        State::Closed => hooks::ChannelState::Closed,
        State::Refused => hooks::ChannelState::Refused,
        State::Refunded => hooks::ChannelState::Refunded,
    };
    state.into()
}

const NOT_FOUND: i32 = hooks::ChannelState::NotFound as i32;

pub fn paid(payment: Payment) -> hooks::CreatePaymentResponse {
    hooks::CreatePaymentResponse {
        state: channel_state(payment.state),
        channel_trade_no: payment.channel_trade_no,
        pay_params: String::new(),
    }
}

pub fn queried(payment: Option<Payment>) -> hooks::QueryPaymentResponse {
    match payment {
        Some(payment) => hooks::QueryPaymentResponse {
            state: channel_state(payment.state),
            amount_fen: payment.amount.0,
            channel_trade_no: payment.channel_trade_no,
            refunded_fen: payment.refunded.0,
        },
        None => hooks::QueryPaymentResponse { state: NOT_FOUND, ..Default::default() },
    }
}

pub fn closed(payment: Option<Payment>) -> hooks::ClosePaymentResponse {
    let state = payment.map_or(NOT_FOUND, |payment| channel_state(payment.state));
    hooks::ClosePaymentResponse { state }
}

pub fn refunded(done: RefundDone) -> hooks::RefundPaymentResponse {
    let reason = done.err().unwrap_or_default().to_owned();
    let state = if done.is_ok() { hooks::RefundState::Accepted } else { hooks::RefundState::Refused };
    hooks::RefundPaymentResponse { accepted: done.is_ok(), reason, state: state.into() }
}

/// The refund that is asked about.
pub fn query_refund(request: hooks::QueryRefundRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let refund_no = violations.text("refund_no", &request.refund_no, 64);
    violations.finish(Some(refund_no))
}

pub fn refund_queried(found: Option<Fen>) -> hooks::QueryRefundResponse {
    let state = if found.is_some() { hooks::RefundState::Accepted } else { hooks::RefundState::NotFound };
    hooks::QueryRefundResponse { state: state.into(), amount_fen: found.unwrap_or_default().0 }
}

pub fn job(job_no: Option<String>) -> hooks::CreateJobResponse {
    hooks::CreateJobResponse { accepted: job_no.is_some(), job_no: job_no.unwrap_or_default() }
}

pub fn job_state(state: Option<job::State>) -> hooks::QueryJobResponse {
    hooks::QueryJobResponse { state: state.map_or("not_found", job::State::word).to_owned() }
}

/// The serialised body of a notice.
pub fn notice(payment: &Payment, amount_fen: i64, notice_id: &str, at: Timestamp) -> Vec<u8> {
    let notice = hooks::ChannelNotice {
        notice_id: notice_id.to_owned(),
        channel_order_no: payment.channel_order_no.clone(),
        state: channel_state(payment.state),
        amount_fen,
        channel_trade_no: payment.channel_trade_no.clone(),
        refund_no: String::new(),
        at_us: at.0,
    };
    notice.encode_to_vec()
}

pub fn channel_book(payments: Vec<Payment>) -> pb::ListChannelBookResponse {
    let row = |payment: Payment| pb::ChannelBookRow {
        channel_order_no: payment.channel_order_no,
        amount_fen: payment.amount.0,
        refunded_fen: payment.refunded.0,
        state: payment.state.word().to_owned(),
    };
    pb::ListChannelBookResponse { rows: payments.into_iter().map(row).collect() }
}
