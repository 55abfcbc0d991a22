//! The purchase as pure decisions: what an order is, which operation its state permits, which steps follow, and how
//! the answer of a step moves the order on.
//!
//! Owns no clock, id or I/O: they are arguments. Invariant: a refused operation leaves the order as it was.

pub mod agreement;
mod basket;
mod change;
mod collection;
mod ending;
mod machine;
mod news;
mod order;
mod plan;
mod progress;
mod refusal;
mod state;
mod step;
#[cfg(test)]
mod tests;

pub use basket::{Charge, Outside, charges, handed_out, is_outside, total};
pub use change::{Answer, Change, Drop, Note, Payment};
pub use collection::{Guess, guess};
pub use ending::{cancel, give_back_some};
pub use machine::{Operation, permit};
pub use news::{Journey, claimed, collect, deliver, payment_news, refunded, review, unreserved, withdraw};
pub use order::{
    BasketItem, Channel, Door, Fees, Fulfilment, Kind, Line, Order, Payers, Quote, Scan, SoldLot, Visit,
};
pub use plan::{dispensing, paying, placing, requoting};
pub use progress::{advance, dispense, pay, refuse, requote};
pub use refusal::Refusal;
pub use state::State;
pub use step::{Argument, Buyer, Next, Step};
