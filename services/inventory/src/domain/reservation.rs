//! Stock held for one order until the payment deadline.

use liufang_kernel::{Date, Quantity, Timestamp, UnitPrice};
use serde::{Deserialize, Serialize};

/// States. The numbers are those of the contract and of the `state` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationState {
    Held = 1,
    Committed = 2,
    Released = 3,
    Expired = 4,
    Returned = 5,
}

impl ReservationState {
    pub fn from_number(number: i32) -> Option<ReservationState> {
        use ReservationState::*;
        [Held, Committed, Released, Expired, Returned].into_iter().find(|state| state.number() == number)
    }

    pub fn number(self) -> i32 {
        self as i32
    }

    /// The word used in refusals.
    pub fn word(self) -> &'static str {
        match self {
            ReservationState::Held => "HELD",
            ReservationState::Committed => "COMMITTED",
            ReservationState::Released => "RELEASED",
            ReservationState::Expired => "EXPIRED",
            ReservationState::Returned => "RETURNED",
        }
    }
}

/// What one order line holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub line_no: i32,
    pub med_list_codg: String,
    pub quantity: Quantity,
    /// The listed price when the stock was reserved.
    pub price: UnitPrice,
    /// When the supply is used up: no pack may expire before. `None`: no demand.
    #[serde(default)]
    pub used_up: Option<Date>,
}

/// A part of a line from one lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    pub line_no: i32,
    pub lot_id: String,
    pub med_list_codg: String,
    pub manu_lotnum: String,
    pub quantity: Quantity,
}

/// One reservation; an order has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    pub reservation_id: String,
    pub order_id: String,
    pub fixmedins_code: String,
    pub state: ReservationState,
    pub expires_at: Timestamp,
    pub lines: Vec<Line>,
    pub picks: Vec<Pick>,
}

impl Reservation {
    /// Whether the same things are asked again.
    pub fn asks_the_same(&self, institution: &str, asked: &[(i32, &str, Quantity)]) -> bool {
        let mut own: Vec<_> = self
            .lines
            .iter()
            .map(|line| (line.line_no, line.med_list_codg.as_str(), line.quantity))
            .collect();
        let mut asked = asked.to_vec();
        own.sort();
        asked.sort();
        self.fixmedins_code == institution && own == asked
    }
}
