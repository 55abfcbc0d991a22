//! The payment as a journalled machine: what each answer of channel and insurer means and what comes next.
//!
//! Owns states, steps and the meaning of silence. Deliberately does not call anybody. Invariant: no answer is never
//! taken for yes or no; it leads to a question (`domain.md` §11), and a question is asked until it is answered.

mod insurer;
mod journal;
mod machine;
mod message;
mod mobile;
mod ord_stas;
mod part;
mod payer;
mod states;

#[cfg(test)]
mod walk;

pub use insurer::after_answer;
pub use journal::{Journal, TILL};
pub use machine::{ChannelSays, Failure, InsurerSays, Next, Raised, after_channel, first_step};
pub use message::Message;
pub use mobile::{Parts, goes_mobile};
pub use ord_stas::{OrdStas, refund_says};
pub use part::{Shape, after_cash_back};
pub use payer::{Payer, combined};
pub use states::{PaymentState, STUCK_AFTER, Step, WANTS_A_PERSON, ord_stas};

use liufang_kernel::{Fen, Timestamp};
use serde::{Deserialize, Serialize};

use super::benefit::{Leg, LegKind};

/// A payment over its legs, as its readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub payment_id: String,
    pub quote_id: String,
    pub order_id: String,
    pub person_id: String,
    pub state: PaymentState,
    pub ord_stas: i32,
    pub legs: Vec<Leg>,
    pub hold_expires_at: Timestamp,
    /// Word of the channel; empty without a cash part.
    pub channel: String,
    pub channel_order_no: String,
    pub setl_id: String,
    pub captured_at: Timestamp,
    pub refunded: Fen,
    pub failure_reason: String,
}

/// The cash leg's amount.
pub fn cash_of(legs: &[Leg]) -> Fen {
    legs.iter().filter(|leg| leg.kind == LegKind::Channel).map(|leg| leg.amount).sum()
}

/// Whether the insurer takes part.
pub fn is_insured(legs: &[Leg]) -> bool {
    legs.iter().any(|leg| leg.kind.is_insured())
}

/// How long to wait before the next question: doubling from 250 ms to 30 s.
pub fn backoff_us(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 7)).unwrap_or(7);
    (250_000_i64 << doublings).min(30_000_000)
}

/// How long to wait after a refusal that was raised: as [`backoff_us`], but not below five seconds and on to an hour, at which
/// pace it goes on until the outside says yes or an operator ends it.
pub fn raised_pause_us(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 14)).unwrap_or(14);
    (250_000_i64 << doublings).clamp(5_000_000, 3_600_000_000)
}
