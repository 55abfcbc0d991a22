//! Ways of a payment, and which of them leads to a boundary.

use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::PaymentState;

use super::super::port::{ACCOUNT, DELIVERY};

const PAY: &str = "PaymentChannel/CreatePayment";
const QUERY: &str = "PaymentChannel/QueryPayment";
const SETTLE: &str = "InsurerHook/Settle";
const ASK: &str = "InsurerHook/QueryMessage";

/// Everything that some way dials.
pub const DIALLED: [&str; 4] = [PAY, QUERY, SETTLE, ASK];

/// Method, what befalls it, and how often; 0: until the way is over.
pub type Fault = (&'static str, Dial, i32);

/// What becomes of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Paid,
    /// Both answers are lost, and asked for.
    Unheard,
    /// Less is captured than was quoted.
    Less,
    Voided,
    /// The request never lands, and the deadline passes.
    NeverPaid,
    /// The channel took another amount, and says so until the deadline.
    Contradicted,
    InsurerRefuses,
    /// The insurer calculates otherwise.
    InsurerDiffers,
    /// The insurer answers neither the settlement nor questions.
    InsurerSilent,
    Refunded,
    /// One of two packs comes back, and the delivery.
    Returned,
    /// The same, and the answer about the rest is lost.
    ReturnedUnheard,
}

impl Way {
    /// The way on which a process comes to a boundary.
    pub fn to(boundary: &str) -> Option<Way> {
        Some(match boundary {
            "quoted" | "authorised" | "started" | "noticed" => Way::Paid,
            "less" => Way::Less,
            "voided" => Way::Voided,
            "refunding" => Way::Refunded,
            "returning" => Way::Returned,
            _ => match boundary.split_once(' ')?.1 {
                "pay_channel" | "settle_insurer" | "book" => Way::Paid,
                "ask_channel" | "ask_insurer" => Way::Unheard,
                "close_channel" => Way::NeverPaid,
                "contradiction" => Way::Contradicted,
                "return_cash" | "fail" => Way::InsurerRefuses,
                "undo_insurer" => Way::InsurerDiffers,
                "revoke_insurer" => Way::InsurerSilent,
                "refund_channel" | "reverse_insurer" | "book_refund" => Way::Refunded,
                "reverse_part" | "settle_rest" | "refund_part" | "book_part" => Way::Returned,
                "ask_rest" => Way::ReturnedUnheard,
                _ => return None,
            },
        })
    }

    pub fn faults(self) -> &'static [Fault] {
        match self {
            Way::Unheard => &[(PAY, Dial::LoseAnswer, 1), (SETTLE, Dial::LoseAnswer, 1)],
            Way::NeverPaid => &[(PAY, Dial::LoseRequest, 0)],
            // asked only once its book is bent
            Way::Contradicted => &[(PAY, Dial::LoseAnswer, 1), (QUERY, Dial::LoseAnswer, 0)],
            Way::InsurerRefuses => &[(SETTLE, Dial::Refuse, 1)],
            Way::InsurerDiffers => &[(SETTLE, Dial::WrongAmount, 1)],
            Way::InsurerSilent => &[(SETTLE, Dial::LoseAnswer, 1), (ASK, Dial::LoseAnswer, 0)],
            _ => &[],
        }
    }

    /// Once it is captured.
    pub fn faults_of_the_return(self) -> &'static [Fault] {
        if self == Way::ReturnedUnheard { &[(SETTLE, Dial::LoseAnswer, 1)] } else { &[] }
    }

    pub fn packs(self) -> i64 {
        if matches!(self, Way::Less | Way::Returned | Way::ReturnedUnheard) { 2 } else { 1 }
    }

    /// How many of them are captured, where it is not all of them.
    pub fn keeps(self) -> Option<i64> {
        (self == Way::Less).then_some(1)
    }

    /// What comes back after the capture: everything, or so many packs.
    pub fn returns(self) -> Option<Option<i64>> {
        match self {
            Way::Refunded => Some(None),
            Way::Returned | Way::ReturnedUnheard => Some(Some(1)),
            _ => None,
        }
    }

    pub fn end(self) -> PaymentState {
        match self {
            Way::Paid | Way::Unheard | Way::Less | Way::Returned | Way::ReturnedUnheard => {
                PaymentState::Captured
            }
            Way::Voided => PaymentState::Voided,
            Way::NeverPaid => PaymentState::Expired,
            Way::Contradicted | Way::InsurerRefuses | Way::InsurerDiffers | Way::InsurerSilent => {
                PaymentState::Failed
            }
            Way::Refunded => PaymentState::Refunded,
        }
    }

    /// `refunded_fen` in the end.
    pub fn given_back(self) -> i64 {
        match self {
            Way::Refunded | Way::Returned | Way::ReturnedUnheard => ACCOUNT + DELIVERY,
            _ => 0,
        }
    }

    /// What the account and the channel have paid in the end.
    pub fn paid(self) -> (i64, i64) {
        match self {
            Way::Paid | Way::Unheard | Way::Less => (ACCOUNT, DELIVERY),
            Way::Returned | Way::ReturnedUnheard => (ACCOUNT, 0),
            _ => (0, 0),
        }
    }

    /// Kinds of the transfers, in order.
    pub fn booked(self) -> &'static str {
        match self {
            Way::Paid | Way::Unheard | Way::Less => "capture",
            Way::Refunded => "capture refund",
            Way::Returned | Way::ReturnedUnheard => "capture refund capture",
            _ => "",
        }
    }
}
