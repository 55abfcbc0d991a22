//! Which operation an order's state permits: the table of operation × state. The order of checks is part of the
//! contract: ended → review → payment → state → body.

use super::{Fulfilment, Kind, Order, Refusal, State};

/// What a caller asks of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Requote,
    Pay,
    Cancel,
    Dispense,
    Collect,
    Return,
}

impl Operation {
    #[cfg(test)]
    pub const ALL: [Operation; 6] = [
        Operation::Requote,
        Operation::Pay,
        Operation::Cancel,
        Operation::Dispense,
        Operation::Collect,
        Operation::Return,
    ];
}

/// Whether `operation` may start now.
///
/// # Errors
/// The reason why not; nothing changes then.
pub fn permit(order: &Order, operation: Operation) -> Result<(), Refusal> {
    let state = order.state;
    if state.has_ended() {
        return Err(Refusal::Ended(state));
    }
    if state == State::Paying {
        return Err(Refusal::PaymentPending);
    }
    let waits_for_review = matches!(state, State::AwaitingPharmacy | State::Reserving);
    let permitted = match operation {
        Operation::Requote | Operation::Pay if waits_for_review => return Err(Refusal::ReviewNotPassed),
        Operation::Requote | Operation::Pay => state == State::AwaitingPayment,
        Operation::Cancel => may_cancel(order),
        Operation::Dispense => state == State::Paid && order.kind.has_goods(),
        Operation::Collect => state == State::Dispensed && order.fulfilment == Fulfilment::PickUp,
        Operation::Return => may_return(order),
    };
    if permitted { Ok(()) } else { Err(Refusal::StateForbids(state)) }
}

fn may_cancel(order: &Order) -> bool {
    match order.state {
        State::AwaitingPharmacy | State::Reserving | State::AwaitingPayment => true,
        // once the sale is booked, only the pharmacy can take the goods back
        State::Paid => order.sold.is_empty(),
        // a paid visit, until the doctor takes it; the prescription service has the last word
        State::Completed => order.kind == Kind::Consultation,
        _ => false,
    }
}

fn may_return(order: &Order) -> bool {
    let sold = !order.sold.is_empty();
    order.kind.has_goods() && sold && matches!(order.state, State::Paid | State::Dispensed | State::Completed)
}
