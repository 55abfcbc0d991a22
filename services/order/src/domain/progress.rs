//! How the answers and refusals of its steps move an order on. Every function changes the order in place and says what to
//! write in the story and which steps come next; the caller stores all of it in one transaction.

use liufang_kernel::Timestamp;

use super::ending::{close, take_back, turn_back};
use super::news::{payment_news, refunded};
use super::plan::{frees, last_of_dispensing, refunding};
use super::{Answer, Change, Kind, Next, Order, Payers, Payment, Quote, State, Step};

/// A step was answered. `code` is a fresh collection code, used when the answer completes a payment for pick-up.
pub fn advance(order: &mut Order, step: Step, answer: Answer, now: Timestamp, code: &str) -> Change {
    match (step, answer) {
        (Step::Nominate, _) => {
            if order.state == State::Placing {
                order.state = State::AwaitingPharmacy;
            }
            Change::default().note(order, "nominated", "")
        }
        (Step::Quote, Answer::Quoted { quote, payers }) => quoted(order, quote, payers),
        (Step::Authorise, Answer::Authorised { payment_id }) => {
            order.payment_id = payment_id;
            Change::default().note(order, "authorised", "")
        }
        (Step::Capture, Answer::Payment(Payment::Pending)) => {
            let mut next = vec![Step::AwaitPayment.into()];
            if order.kind.has_goods() {
                // the goods must outlive the question
                next.insert(0, Step::Extend.into());
            }
            Change::default().note(order, "payment_pending", "").then(next)
        }
        (Step::Capture | Step::AwaitPayment, Answer::Payment(news)) => payment_news(order, news, now, code),
        (Step::CreateDelivery, Answer::DeliveryCreated { delivery_id }) => {
            order.delivery_id = delivery_id;
            Change::default().note(order, "delivery_created", "")
        }
        (Step::MarkVisitPaid, _) if order.state == State::Paid => {
            order.state = State::Completed;
            Change::default().note(order, "completed", "")
        }
        (Step::Commit, Answer::Sold(lots)) => {
            order.sold = lots;
            let change = Change::default().note(order, "sold", "");
            finish_dispensing(order, step, change)
        }
        (Step::RecordDispense, _) => {
            order.recorded = true;
            let change = Change::default().note(order, "recorded", "");
            finish_dispensing(order, step, change)
        }
        (Step::MarkReady, Answer::Ready { hand_over_code }) => {
            order.hand_over_code = hand_over_code;
            finish_dispensing(order, step, Change::default())
        }
        (Step::ReturnGoods, Answer::CameBack(goods)) => {
            let change = Change::default().note(order, "goods_returned", "");
            if goods.is_empty() { change } else { change.then(refunding(goods)) }
        }
        (Step::RefundGoods, Answer::PartlyRefunded(amount)) => {
            Change::default().note(order, "partly_refunded", amount.0.to_string())
        }
        (Step::Refund, Answer::Refund { complete: false }) => {
            Change::default().note(order, "refund_pending", "").then(vec![Step::AwaitRefund.into()])
        }
        (Step::Refund | Step::AwaitRefund, Answer::Refund { complete: true }) => refunded(order),
        (step, _) => told(step).map_or_else(Change::default, |word| Change::default().note(order, word, "")),
    }
}

/// Plain steps that the story tells.
fn told(step: Step) -> Option<&'static str> {
    match step {
        Step::TakeOver => Some("sale_taken_over"),
        Step::Reserve => Some("reserved"),
        Step::Void => Some("payment_voided"),
        Step::Release => Some("stock_released"),
        Step::ReleaseNomination => Some("prescription_released"),
        Step::ReleaseVisit => Some("visit_released"),
        Step::CancelDelivery => Some("delivery_cancelled"),
        Step::ReturnSale => Some("sale_returned"),
        Step::ReverseDispense => Some("dispense_reversed"),
        _ => None,
    }
}

fn quoted(order: &mut Order, quote: Quote, payers: Payers) -> Change {
    if matches!(order.state, State::Placing | State::Reserving) {
        order.state = State::AwaitingPayment;
    }
    // an answer that comes after the payment began must not replace what the patient confirmed
    if order.state != State::AwaitingPayment {
        return Change::default();
    }
    let detail = quote.id.clone();
    order.quote = Some(quote);
    order.payers = payers;
    Change::default().note(order, "quoted", detail)
}

fn finish_dispensing(order: &mut Order, step: Step, change: Change) -> Change {
    if order.state != State::Dispensing || step != last_of_dispensing(order) {
        return change;
    }
    // at the counter the patient has it in the hand
    order.state = if order.kind == Kind::Counter { State::Completed } else { State::Dispensed };
    // handed out before it was lost
    order.doomed.clear();
    change.note(order, "dispensed", "")
}

/// A step was refused for good.
pub fn refuse(order: &mut Order, step: Step, reason: &str) -> Change {
    match (order.state, step) {
        (State::Placing, _) => {
            let next = frees(order.kind, State::Placing);
            order.state = State::Refused;
            Change::default().dropping().then(next).refused(reason)
        }
        (State::Reserving, Step::Reserve | Step::Quote) => close(order, reason),
        (State::AwaitingPayment, Step::Quote) => Change::default().refused(reason),
        (State::Paying, Step::Authorise) => {
            order.state = State::AwaitingPayment;
            Change::default().note(order, "payment_refused", reason).dropping().refused(reason)
        }
        (State::Paying, Step::Capture) => {
            order.state = State::AwaitingPayment;
            order.quote = None;
            let change = Change::default().note(order, "payment_refused", reason).dropping().refused(reason);
            change.then(vec![Step::Void.into()])
        }
        (State::Paid, Step::Extend | Step::CreateDelivery | Step::MarkVisitPaid) => take_back(order, reason),
        (State::Dispensing, Step::Commit | Step::RecordDispense | Step::MarkReady) => {
            order.state = State::Paid;
            let change = Change::default().note(order, "dispense_refused", reason).dropping().refused(reason);
            if order.doomed.is_empty() {
                return change;
            }
            // prescription or stock was lost while the pharmacy dispensed
            let lost = order.doomed.clone();
            change.and(take_back(order, &lost))
        }
        (State::Refunding, Step::ReleaseVisit | Step::ReturnSale | Step::CancelDelivery)
            if order.before.is_some() =>
        {
            turn_back(order, reason)
        }
        (_, Step::ReturnGoods) => Change::default().note(order, "return_refused", reason).refused(reason),
        (_, step) if step.is_compensation() => {
            Change::default().note(order, "give_back_refused", step.as_str())
        }
        _ => Change::default(),
    }
}

/// A payment begins. It gives up a quote that is still awaited, and the payment before it: its late news are not of this.
pub fn pay(order: &mut Order, next: Vec<Next>) -> Change {
    order.state = State::Paying;
    order.payment_id.clear();
    Change::default().note(order, "paying", "").dropping().then(next)
}

/// Dispensing begins.
pub fn dispense(order: &mut Order, next: Vec<Next>) -> Change {
    order.state = State::Dispensing;
    Change::default().note(order, "dispensing", "").then(next)
}

/// A new quote is asked for.
pub fn requote(next: Vec<Next>) -> Change {
    Change::default().then(next)
}
