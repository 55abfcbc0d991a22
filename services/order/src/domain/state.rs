//! States of an order. Four are finer than the contract: they mark a step in flight and are shown as their neighbour.

use serde::{Deserialize, Serialize};

use super::Kind;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being placed; nobody sees it yet.
    Placing,
    /// Placing was refused; nobody ever sees it.
    Refused,
    /// Waits for claim and review (prescription only).
    AwaitingPharmacy,
    /// Reviewed; stock is being held and the quote made. Shown as awaiting the pharmacy.
    Reserving,
    /// Stock held, quote open.
    AwaitingPayment,
    /// The outcome of the payment is not known yet.
    Paying,
    /// Waits for dispensing.
    Paid,
    /// The pharmacy is dispensing. Shown as paid.
    Dispensing,
    /// Packed, waits for courier or collection.
    Dispensed,
    /// With the courier.
    Delivering,
    /// Handed over, or the visit is paid.
    Completed,
    /// Ended before payment.
    Cancelled,
    /// Being taken back.
    Refunding,
    /// All money returned.
    Refunded,
}

impl State {
    /// Every state, for tables and tests.
    pub const ALL: [State; 14] = [
        State::Placing,
        State::Refused,
        State::AwaitingPharmacy,
        State::Reserving,
        State::AwaitingPayment,
        State::Paying,
        State::Paid,
        State::Dispensing,
        State::Dispensed,
        State::Delivering,
        State::Completed,
        State::Cancelled,
        State::Refunding,
        State::Refunded,
    ];

    /// The word kept in the database and shown in refusals.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Placing => "placing",
            State::Refused => "refused",
            State::AwaitingPharmacy => "awaiting_pharmacy",
            State::Reserving => "reserving",
            State::AwaitingPayment => "awaiting_payment",
            State::Paying => "paying",
            State::Paid => "paid",
            State::Dispensing => "dispensing",
            State::Dispensed => "dispensed",
            State::Delivering => "delivering",
            State::Completed => "completed",
            State::Cancelled => "cancelled",
            State::Refunding => "refunding",
            State::Refunded => "refunded",
        }
    }

    /// Reads [`State::as_str`] back.
    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// How a line of the story shows the state: what happened while the order was unseen belongs to its first seen state.
    pub fn told_of(self, kind: Kind) -> State {
        match (self, kind) {
            (State::Placing, Kind::Prescription) => State::AwaitingPharmacy,
            (State::Placing, _) => State::AwaitingPayment,
            (state, _) => state,
        }
    }

    /// Whether callers may know that the order exists.
    pub fn is_visible(self) -> bool {
        !matches!(self, State::Placing | State::Refused)
    }

    /// Whether no purchase is left to go on with.
    pub fn has_ended(self) -> bool {
        matches!(self, State::Refused | State::Cancelled | State::Refunding | State::Refunded)
    }

    /// Whether the story can get no further line in the ordinary course.
    pub fn is_final(self) -> bool {
        matches!(self, State::Refused | State::Completed | State::Cancelled | State::Refunded)
    }
}
