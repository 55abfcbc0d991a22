//! Stuck payments on the wire. No person is named: an operator mends numbers.

use liufang_kernel::Violations;
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use super::channel::channel_of;
use super::{id, views};
use crate::app::stuck::{Resolve, Stuck, Wish};
use crate::domain::payment::Payment;

/// `ListStuckPaymentsRequest`.
pub fn list(_: pb::ListStuckPaymentsRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn list_reply(stuck: Vec<Stuck>) -> pb::ListStuckPaymentsResponse {
    pb::ListStuckPaymentsResponse { payments: stuck.into_iter().map(view).collect() }
}

fn view(stuck: Stuck) -> pb::StuckPayment {
    let Stuck { journal, raised, centre } = stuck;
    let seen = journal.view();
    pb::StuckPayment {
        state: views::payment_state(seen.state).into(),
        ord_stas: seen.ord_stas,
        step: journal.step.as_str().to_owned(),
        attempts: journal.attempts,
        next_try_at_us: journal.next_at.0,
        channel: channel_of(&journal.channel).unwrap_or_default().into(),
        cash_fen: journal.cash.0,
        payment_id: journal.payment_id,
        order_id: journal.order_id,
        channel_order_no: journal.channel_order_no,
        refund_no: journal.refund_no,
        msgid: journal.msgid,
        raised,
        centre_ord_stas: centre.as_ref().and_then(|centre| centre.ord_stas),
        pay_ord_id: centre.map(|centre| centre.pay_ord_id).unwrap_or_default(),
    }
}

/// `ResolvePaymentRequest`.
pub fn resolve(request: pb::ResolvePaymentRequest, _: &CallMeta) -> Result<Resolve, Violations> {
    let mut violations = Violations::new();
    let payment_id = id(&mut violations, "payment_id", &request.payment_id);
    let evidence = violations.optional_text("evidence", &request.evidence, 200);
    let wish = match request.resolution() {
        pb::PaymentResolution::TryNow => Some(Wish::TryNow),
        pb::PaymentResolution::DoneByHand => Some(Wish::DoneByHand),
        pb::PaymentResolution::Unspecified => None,
    };
    violations.check(wish.is_some(), "resolution", "must be given");
    violations.check(
        wish != Some(Wish::DoneByHand) || !evidence.is_empty(),
        "evidence",
        "must name what shows that it was done by hand",
    );
    violations.finish(wish.map(|wish| Resolve { payment_id, wish, evidence }))
}

pub fn resolve_reply(payment: Payment) -> pb::ResolvePaymentResponse {
    pb::ResolvePaymentResponse { payment: Some(views::payment(payment)) }
}
