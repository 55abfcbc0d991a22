//! States a reader sees, steps the journal keeps, and the national order status of both.

use serde::{Deserialize, Serialize};

/// State of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Every account leg is held.
    Authorised,
    /// Capture has begun; the journal step says where it stands.
    Pending,
    Captured,
    Voided,
    Expired,
    Failed,
    Refunding,
    Refunded,
}

/// The next thing to do; written before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing: waits for the caller, or is over.
    Idle,
    /// Create the channel payment; safe to repeat under the same number.
    PayChannel,
    /// The channel has not said PAID yet: ask.
    AskChannel,
    /// The deadline passed while the channel order was open: close it, or learn that it was faster.
    CloseChannel,
    /// Settle with the insurer; safe to repeat under the same msgid.
    SettleInsurer,
    /// The insurer's answer was lost: ask.
    AskInsurer,
    /// The insurer cannot be asked either: take the message back (2601).
    RevokeInsurer,
    /// The insurer settled with another calculation: reverse it (2103).
    UndoInsurer,
    /// Book everything in one transaction.
    Book,
    /// The insurer refused: give the cash back.
    ReturnCash,
    /// Give the holds back and end as failed.
    Fail,
    /// Refund the cash leg.
    RefundChannel,
    /// Reverse the settlement at the insurer.
    ReverseInsurer,
    /// Book the mirror.
    BookRefund,
    /// Goods came back: reverse the settlement as it stands.
    ReversePart,
    /// Settle what stays, under a message id of its own.
    SettleRest,
    /// The insurer's answer about the rest was lost: ask.
    AskRest,
    /// Return the difference of the cash.
    RefundPart,
    /// Book the return.
    BookPart,
    /// Channel and books contradict each other: a person is told, and the channel is asked until the deadline.
    Contradiction,
}

macro_rules! words {
    ($kind:ident { $($name:ident = $word:literal,)* }) => {
        impl $kind {
            /// Every one.
            pub const ALL: &[$kind] = &[$($kind::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self { $($kind::$name => $word,)* }
            }

            /// Reads what [`Self::as_str`] wrote.
            pub fn parse(text: &str) -> Option<$kind> {
                match text { $($word => Some($kind::$name),)* _ => None }
            }
        }
    };
}

impl Step {
    /// It ends in a booking, and asks nobody outside.
    pub fn books(self) -> bool {
        matches!(self, Step::Book | Step::Fail | Step::BookRefund | Step::BookPart)
    }
}

words!(PaymentState {
    Authorised = "authorised",
    Pending = "pending",
    Captured = "captured",
    Voided = "voided",
    Expired = "expired",
    Failed = "failed",
    Refunding = "refunding",
    Refunded = "refunded",
});

words!(Step {
    Idle = "idle",
    PayChannel = "pay_channel",
    AskChannel = "ask_channel",
    CloseChannel = "close_channel",
    SettleInsurer = "settle_insurer",
    AskInsurer = "ask_insurer",
    RevokeInsurer = "revoke_insurer",
    UndoInsurer = "undo_insurer",
    Book = "book",
    ReturnCash = "return_cash",
    Fail = "fail",
    RefundChannel = "refund_channel",
    ReverseInsurer = "reverse_insurer",
    BookRefund = "book_refund",
    ReversePart = "reverse_part",
    SettleRest = "settle_rest",
    AskRest = "ask_rest",
    RefundPart = "refund_part",
    BookPart = "book_part",
    Contradiction = "contradiction",
});

/// Failed tries of giving something back after which a person is wanted (ordStas 14). Silence alone takes a minute and a half to
/// get there, so that a short outage calls nobody.
pub const STUCK_AFTER: i64 = 8;

/// The numbers of [`ord_stas`] at which a person must look: an exception, cash without insurance.
pub const WANTS_A_PERSON: [i32; 3] = [13, 14, 16];

/// ORD_STAS of the mobile-payment interface (`domain.md` §2.2). `cash`: there is a cash leg; `attempts`: how often the present
/// step has failed.
pub fn ord_stas(state: PaymentState, step: Step, cash: bool, attempts: i64) -> i32 {
    match (state, step) {
        (PaymentState::Refunding, _) if attempts >= STUCK_AFTER => 14,
        // the insurer is silent, or its order stands where no machine can move it
        (PaymentState::Pending, Step::AskInsurer | Step::RevokeInsurer) if attempts >= STUCK_AFTER => 14,
        (PaymentState::Authorised, _) => 1,
        (PaymentState::Captured, _) => 6,
        (PaymentState::Refunded, _) => 7,
        (PaymentState::Voided | PaymentState::Expired, _) => 12,
        (PaymentState::Failed, _) => 15,
        (_, Step::Contradiction | Step::UndoInsurer) => 14,
        // the insurance part failed while cash is held: an alarm once giving it back has failed too
        (PaymentState::Pending, Step::ReturnCash) => {
            if attempts > 0 {
                16
            } else {
                13
            }
        }
        (PaymentState::Pending, Step::Fail) => 13,
        (PaymentState::Pending, Step::Book) => {
            if cash {
                5
            } else {
                4
            }
        }
        (PaymentState::Pending, Step::SettleInsurer | Step::AskInsurer | Step::RevokeInsurer) => {
            if cash {
                3
            } else {
                2
            }
        }
        (PaymentState::Pending, _) => 2,
        (PaymentState::Refunding, Step::ReverseInsurer) => {
            if cash {
                9
            } else {
                17
            }
        }
        (PaymentState::Refunding, _) => 17,
    }
}
