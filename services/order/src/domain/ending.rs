//! How an order ends before its time, and what it gives back.

use super::plan::{frees, giving_back, returning, taking_back};
use super::{Change, Drop, Order, Scan, State};

/// The first step of a taking-back was refused: the order stands as it stood.
pub(super) fn turn_back(order: &mut Order, reason: &str) -> Change {
    if let Some(before) = order.before.take() {
        order.state = before;
    }
    order.cancel_reason.clear();
    let mut change = Change::default().note(order, "return_refused", reason).refused(reason);
    change.drop = Drop::All;
    change
}

/// Ends an unpaid order and frees what it holds.
pub(super) fn close(order: &mut Order, reason: &str) -> Change {
    let next = frees(order.kind, order.state);
    order.state = State::Cancelled;
    order.cancel_reason = reason.to_owned();
    Change::default().note(order, "cancelled", reason).dropping().then(next)
}

/// Takes a paid order back because it cannot go on: whatever is refused on the way, the money goes back.
pub(super) fn take_back(order: &mut Order, reason: &str) -> Change {
    let next = if order.sold.is_empty() { taking_back(order) } else { giving_back(order) };
    order.state = State::Refunding;
    order.cancel_reason = reason.to_owned();
    Change::default().note(order, "refunding", reason).dropping().then(next)
}

/// The order is given up: by its patient, its pharmacy or the clock. Only states that [`super::permit`] lets through
/// reach this, or unpaid ones.
pub fn cancel(order: &mut Order, reason: &str) -> Change {
    match order.state {
        State::Placing => {
            let next = frees(order.kind, State::Placing);
            order.state = State::Refused;
            Change::default().dropping().then(next)
        }
        State::AwaitingPharmacy | State::Reserving | State::AwaitingPayment => close(order, reason),
        State::Paid | State::Dispensed | State::Delivering | State::Completed => {
            let before = order.state;
            let change = take_back(order, reason);
            // asked for by somebody: when the first step is refused, the order stands as it stood
            order.before = Some(before);
            change
        }
        _ => Change::default(),
    }
}

/// Some goods come back; the order stands with the rest.
pub fn give_back_some(order: &Order, scans: Vec<Scan>) -> Change {
    Change::default().note(order, "goods_coming_back", "").then(returning(scans))
}
