//! Hook messages to commands and back; the channels' own formats are below.

pub mod alipay;
pub mod bill;
pub mod wechat;

use liufang_kernel::combined::{AddType, Combined};
use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Fen, Sensitive, Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1 as common;
use liufang_proto::hooks::v1 as pb;

use crate::app::{Ask, AskBill, AskRefund, Create, RefundTold};
use crate::domain::{Billed, Channel, Form, Order, RefundState, Scene, State, Told};

fn channel(violations: &mut Violations, number: i32) -> Option<Channel> {
    match common::Channel::try_from(number) {
        Ok(common::Channel::Wechat) => Some(Channel::Wechat),
        Ok(common::Channel::Alipay) => Some(Channel::Alipay),
        _ => {
            violations.add("channel", "must be WeChat Pay or Alipay");
            None
        }
    }
}

fn scene(number: i32) -> Option<Scene> {
    match pb::PaymentScene::try_from(number).ok()? {
        pb::PaymentScene::Unspecified | pb::PaymentScene::Qr => Some(Scene::Qr),
        pb::PaymentScene::InApp => Some(Scene::InApp),
        pb::PaymentScene::App => Some(Scene::App),
        pb::PaymentScene::Web => Some(Scene::Web),
        pb::PaymentScene::AuthCode => Some(Scene::AuthCode),
    }
}

/// `CreatePaymentRequest`.
pub fn create(request: pb::CreatePaymentRequest, _: &CallMeta) -> Result<Create, Violations> {
    let mut violations = Violations::new();
    let channel = channel(&mut violations, request.channel);
    let channel_order_no = violations.text("channel_order_no", &request.channel_order_no, 32);
    violations.check(request.amount_fen > 0, "amount_fen", "must be positive");
    let freight = (0..=request.amount_fen).contains(&request.freight_fen);
    violations.check(freight, "freight_fen", "must be between 0 and the amount");
    violations.check(request.expires_at_us > 0, "expires_at_us", "must be given");
    let payer_id = violations.optional_text("payer_id", &request.payer_id, 128);
    let auth_code = violations.optional_text("auth_code", &request.auth_code, 64);
    let scene = scene(request.scene);
    violations.check(scene.is_some(), "scene", "must be a known scene");
    let combined = request.combined.and_then(|order| combined(&mut violations, order));
    let payer = if scene == Some(Scene::AuthCode) { auth_code } else { payer_id };
    let command = channel.zip(scene).map(|(channel, scene)| Create {
        channel,
        channel_order_no,
        scene,
        amount: Fen(request.amount_fen),
        freight: Fen(request.freight_fen),
        payer: Sensitive::new(payer),
        combined,
        expires_at: Timestamp(request.expires_at_us),
    });
    violations.finish(command)
}

fn combined(violations: &mut Violations, order: pb::CombinedOrder) -> Option<Combined> {
    let added = order.cash_add.iter().map(|add| AddType::from_word(&add.r#type).zip(Some(Fen(add.fee_fen))));
    let added: Option<Vec<_>> = added.collect();
    violations.check(added.is_some(), "combined.cash_add.type", "must be a type of cash_add_detail");
    Some(Combined {
        total: Fen(order.total_fee_fen),
        fund: Fen(order.med_ins_gov_fee_fen),
        account: Fen(order.med_ins_self_fee_fen),
        other: Fen(order.med_ins_other_fee_fen),
        cash: Fen(order.med_ins_cash_fee_fen),
        added: added?,
        reduced: order.cash_reduce.iter().map(|off| Fen(off.fee_fen)).collect(),
        taken: Fen(order.wechat_pay_cash_fee_fen),
    })
}

fn ask(number: i32, no: &str) -> Result<Ask, Violations> {
    let mut violations = Violations::new();
    let channel = channel(&mut violations, number);
    let channel_order_no = violations.text("channel_order_no", no, 32);
    violations.finish(channel.map(|channel| Ask { channel, channel_order_no }))
}

pub fn query(request: pb::QueryPaymentRequest, _: &CallMeta) -> Result<Ask, Violations> {
    ask(request.channel, &request.channel_order_no)
}

pub fn close(request: pb::ClosePaymentRequest, _: &CallMeta) -> Result<Ask, Violations> {
    ask(request.channel, &request.channel_order_no)
}

pub fn refund(request: pb::RefundPaymentRequest, _: &CallMeta) -> Result<AskRefund, Violations> {
    let mut violations = Violations::new();
    violations.check(request.amount_fen > 0, "amount_fen", "must be positive");
    ask_refund(violations, request.channel, &request.channel_order_no, &request.refund_no, request.amount_fen)
}

pub fn query_refund(request: pb::QueryRefundRequest, _: &CallMeta) -> Result<AskRefund, Violations> {
    let violations = Violations::new();
    ask_refund(violations, request.channel, &request.channel_order_no, &request.refund_no, 0)
}

fn ask_refund(
    mut violations: Violations,
    number: i32,
    no: &str,
    refund_no: &str,
    amount: i64,
) -> Result<AskRefund, Violations> {
    let channel = channel(&mut violations, number);
    let channel_order_no = violations.text("channel_order_no", no, 32);
    let refund_no = violations.text("refund_no", refund_no, 64);
    let amount = Fen(amount);
    violations.finish(channel.map(|channel| AskRefund { channel, channel_order_no, refund_no, amount }))
}

pub fn state(state: State) -> i32 {
    let state = match state {
        // nobody said that it landed
        State::Intent => pb::ChannelState::NotFound,
        State::Open => pb::ChannelState::Open,
        State::Paid => pb::ChannelState::Paid,
        State::Closed => pb::ChannelState::Closed,
        State::Refused => pb::ChannelState::Refused,
        State::Refunded => pb::ChannelState::Refunded,
    };
    state.into()
}

pub fn created(order: Order) -> pb::CreatePaymentResponse {
    let open = order.state == State::Open;
    pb::CreatePaymentResponse {
        state: state(order.state),
        channel_trade_no: order.channel_trade_no,
        pay_params: if open { order.pay_params.into_inner() } else { String::new() },
    }
}

pub fn queried(told: Option<Told>) -> pb::QueryPaymentResponse {
    match told {
        Some(told) => pb::QueryPaymentResponse {
            state: state(told.state),
            amount_fen: told.amount.0,
            channel_trade_no: told.trade_no,
            refunded_fen: told.refunded.0,
        },
        None => pb::QueryPaymentResponse { state: state(State::Intent), ..Default::default() },
    }
}

pub fn closed(told: Option<State>) -> pb::ClosePaymentResponse {
    pb::ClosePaymentResponse { state: state(told.unwrap_or(State::Intent)) }
}

fn refund_state(state: Option<RefundState>) -> pb::RefundState {
    match state {
        Some(RefundState::Accepted) => pb::RefundState::Accepted,
        Some(RefundState::Processing) => pb::RefundState::Processing,
        Some(RefundState::Refused) => pb::RefundState::Refused,
        Some(RefundState::Intent) | None => pb::RefundState::NotFound,
    }
}

pub fn refunded(told: RefundTold) -> pb::RefundPaymentResponse {
    let state = refund_state(told.state);
    pb::RefundPaymentResponse {
        accepted: state == pb::RefundState::Accepted,
        reason: told.reason,
        state: state.into(),
    }
}

pub fn refund_queried(told: RefundTold) -> pb::QueryRefundResponse {
    pb::QueryRefundResponse { state: refund_state(told.state).into(), amount_fen: told.amount.0 }
}

/// `FetchStatementRequest`; the institution does not matter: one merchant serves all of them.
pub fn bill(request: pb::FetchStatementRequest, _: &CallMeta) -> Result<AskBill, Violations> {
    let mut violations = Violations::new();
    let channel = channel(&mut violations, request.channel);
    let day = parse_date(&request.stmt_date);
    violations.check(day.is_some(), "stmt_date", "must be a date, yyyy-MM-dd");
    violations.finish(channel.zip(day).map(|(channel, day)| AskBill { channel, day }))
}

pub fn billed(billed: Billed) -> pb::FetchStatementResponse {
    let (state, form, text) = match billed {
        Billed::Ready { form: Form::Wechat, text } => {
            (pb::StatementState::Ready, pb::StatementForm::Wechat, text)
        }
        Billed::Ready { form: Form::Alipay, text } => {
            (pb::StatementState::Ready, pb::StatementForm::Alipay, text)
        }
        Billed::Nothing => (pb::StatementState::None, pb::StatementForm::Unspecified, String::new()),
        // the last two are errors by then
        Billed::NotReady | Billed::Unknown | Billed::Broken(_) => {
            (pb::StatementState::NotReady, pb::StatementForm::Unspecified, String::new())
        }
    };
    pb::FetchStatementResponse { state: state.into(), form: form.into(), text, shared: true }
}
