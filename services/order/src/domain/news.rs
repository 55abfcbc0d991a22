//! What other services tell between our calls: payments, reviews, deliveries. Every function changes the order in place;
//! news that fits no more changes nothing.

use liufang_kernel::{Sensitive, Timestamp};

use super::ending::{cancel, close, take_back};
use super::plan::{after_payment, reviewed};
use super::{Change, Fulfilment, Kind, Order, Payment, State, Step};

/// The payment came to an outcome, by answer, by poll or by event; whichever comes first wins.
pub fn payment_news(order: &mut Order, news: Payment, now: Timestamp, code: &str) -> Change {
    match (order.state, news) {
        (State::Paying | State::AwaitingPayment, Payment::Captured { setl_id }) => {
            captured(order, setl_id, code)
        }
        // money for an order that has ended already goes straight back
        (State::Cancelled, Payment::Captured { setl_id }) => {
            order.setl_id = setl_id;
            order.state = State::Refunding;
            let reason = order.cancel_reason.clone();
            Change::default().note(order, "refunding", reason).then(vec![Step::Refund.into()])
        }
        (State::Paying, Payment::Ended { reason }) => payment_ended(order, &reason, now),
        _ => Change::default(),
    }
}

fn captured(order: &mut Order, setl_id: String, code: &str) -> Change {
    order.setl_id = setl_id;
    order.state = State::Paid;
    if order.fulfilment == Fulfilment::PickUp {
        order.collection_code = Sensitive::new(code.to_owned());
    }
    let change = Change::default().note(order, "paid", "").dropping();
    if order.doomed.is_empty() {
        let next = after_payment(order);
        return change.then(next);
    }
    let reason = order.doomed.clone();
    change.and(take_back(order, &reason))
}

fn payment_ended(order: &mut Order, reason: &str, now: Timestamp) -> Change {
    order.payment_id.clear();
    order.quote = None;
    order.state = State::AwaitingPayment;
    let change = Change::default().note(order, "payment_ended", reason).dropping().refused(reason);
    if !order.doomed.is_empty() {
        let reason = order.doomed.clone();
        return change.and(close(order, &reason));
    }
    if order.pay_by <= now { change.and(close(order, "UNPAID")) } else { change }
}

/// The prescription cannot be filled any more. While a payment is pending or the pharmacy dispenses, the outcome of that
/// decides how the order ends; a paid order goes back, whatever is refused on the way.
pub fn withdraw(order: &mut Order, reason: &str) -> Change {
    match order.state {
        State::Paying | State::Dispensing => {
            order.doomed = reason.to_owned();
            Change::default().note(order, "prescription_withdrawn", reason)
        }
        State::Paid => {
            let change = Change::default().note(order, "prescription_withdrawn", reason);
            change.and(take_back(order, reason))
        }
        State::AwaitingPharmacy | State::Reserving | State::AwaitingPayment => cancel(order, reason),
        _ => Change::default(),
    }
}

/// The goods are not held any more: unpaid in time, or not dispensed in time. Then the money goes back, whatever is
/// refused on the way.
pub fn unreserved(order: &mut Order, now: Timestamp) -> Change {
    match order.state {
        State::AwaitingPayment if order.pay_by <= now => cancel(order, "UNPAID"),
        State::Paid if order.sold.is_empty() => take_back(order, "NOT_DISPENSED_IN_TIME"),
        State::Dispensing if order.sold.is_empty() => {
            order.doomed = "NOT_DISPENSED_IN_TIME".to_owned();
            Change::default().note(order, "stock_lost", "")
        }
        _ => Change::default(),
    }
}

/// The pharmacy has claimed the prescription. Only the story hears of it: the order still waits for the verdict, or the
/// news came after it.
pub fn claimed(order: &mut Order, pharmacy: &str) -> Change {
    let awaited = order.kind == Kind::Prescription && !order.state.has_ended();
    if awaited && order.fixmedins_code == pharmacy {
        Change::default().note(order, "claimed", "")
    } else {
        Change::default()
    }
}

/// The pharmacist's verdict.
pub fn review(order: &mut Order, passed: bool, pay_by: Timestamp) -> Change {
    if order.state != State::AwaitingPharmacy || order.kind != Kind::Prescription {
        return Change::default();
    }
    if !passed {
        return close(order, "REFUSED");
    }
    order.state = State::Reserving;
    order.pay_by = pay_by;
    Change::default().note(order, "reviewed", "").then(reviewed())
}

/// The courier's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journey {
    PickedUp,
    Delivered,
    /// Attempts failed and the goods are back at the pharmacy.
    Returned,
}

/// The delivery moved. Scans may come late or out of order: a hand-over without a pick-up still completes the order.
pub fn deliver(order: &mut Order, journey: Journey) -> Change {
    match (order.state, journey) {
        (State::Dispensed, Journey::PickedUp) => {
            order.state = State::Delivering;
            Change::default().note(order, "picked_up", "")
        }
        (State::Dispensed | State::Delivering, Journey::Delivered) => {
            order.state = State::Completed;
            Change::default().note(order, "delivered", "")
        }
        (State::Dispensed | State::Delivering, Journey::Returned) => take_back(order, "DELIVERY_FAILED"),
        _ => Change::default(),
    }
}

/// The patient has the goods.
pub fn collect(order: &mut Order) -> Change {
    order.state = State::Completed;
    order.wrong_codes = 0;
    Change::default().note(order, "collected", "")
}

/// All money is back.
pub fn refunded(order: &mut Order) -> Change {
    if order.state != State::Refunding {
        return Change::default();
    }
    order.state = State::Refunded;
    Change::default().note(order, "refunded", "")
}
