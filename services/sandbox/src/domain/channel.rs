//! The channel's books: one payment per merchant number, refunds never beyond what was paid.

use liufang_kernel::{Fen, Timestamp};

use super::dial::Dial;

/// State of a channel order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Paid,
    Closed,
    Refused,
    Refunded,
}

impl State {
    pub const ALL: [State; 5] = [State::Open, State::Paid, State::Closed, State::Refused, State::Refunded];

    /// The word of the books.
    pub const fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Paid => "paid",
            State::Closed => "closed",
            State::Refused => "refused",
            State::Refunded => "refunded",
        }
    }

    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// One payment in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub channel: i32,
    pub channel_order_no: String,
    pub channel_trade_no: String,
    pub amount: Fen,
    pub refunded: Fen,
    pub state: State,
}

/// The same merchant number with another amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number is already used for another amount")]
pub struct AmountDiffers;

/// Whether a second request with a known number is the same payment.
///
/// # Errors
/// [`AmountDiffers`] when it is not.
pub fn same(payment: &Payment, amount: Fen) -> Result<(), AmountDiffers> {
    if payment.amount == amount { Ok(()) } else { Err(AmountDiffers) }
}

/// What becomes of a new payment: paid at once unless late, refused by dial, or left to the payer by
/// [`Dial::SlowNotice`].
pub fn executed(dial: Dial, expires_at: Timestamp, now: Timestamp) -> State {
    if dial == Dial::Refuse || (expires_at.0 != 0 && expires_at <= now) {
        State::Refused
    } else if dial == Dial::SlowNotice {
        State::Open
    } else {
        State::Paid
    }
}

/// The state after a query: the slow payer pays when the order is first asked for.
pub fn queried(state: State) -> State {
    if state == State::Open { State::Paid } else { state }
}

/// The state after closing. `payer_faster` lets the payer win the race.
pub fn closed(state: State, payer_faster: bool) -> State {
    match state {
        State::Open if payer_faster => State::Paid,
        State::Open => State::Closed,
        other => other,
    }
}

/// Why a refund is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundRefusal {
    NotPaid,
    TooMuch,
    NumberReused,
}

impl RefundRefusal {
    /// Machine-readable.
    pub const fn reason(self) -> &'static str {
        match self {
            RefundRefusal::NotPaid => "NOT_PAID",
            RefundRefusal::TooMuch => "AMOUNT_EXCEEDED",
            RefundRefusal::NumberReused => "REFUND_NO_REUSED",
        }
    }
}

/// The payment after a refund of `amount`.
///
/// # Errors
/// Not paid, or more than is left.
pub fn refund(payment: &Payment, amount: Fen) -> Result<Payment, RefundRefusal> {
    if payment.state != State::Paid {
        return Err(if payment.state == State::Refunded {
            RefundRefusal::TooMuch
        } else {
            RefundRefusal::NotPaid
        });
    }
    let refunded = payment.refunded.checked_add(amount).ok_or(RefundRefusal::TooMuch)?;
    if amount <= Fen::ZERO || refunded > payment.amount {
        return Err(RefundRefusal::TooMuch);
    }
    let state = if refunded == payment.amount { State::Refunded } else { State::Paid };
    Ok(Payment { refunded, state, ..payment.clone() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paid(amount: i64) -> Payment {
        Payment {
            channel: 1,
            channel_order_no: "N1".into(),
            channel_trade_no: "T1".into(),
            amount: Fen(amount),
            refunded: Fen::ZERO,
            state: State::Paid,
        }
    }

    #[test]
    fn late_payments_are_refused() {
        assert_eq!(executed(Dial::Normal, Timestamp(10), Timestamp(9)), State::Paid);
        assert_eq!(executed(Dial::Normal, Timestamp(10), Timestamp(10)), State::Refused);
        assert_eq!(executed(Dial::SlowNotice, Timestamp(10), Timestamp(9)), State::Open);
        assert_eq!(executed(Dial::Refuse, Timestamp(0), Timestamp(9)), State::Refused);
    }

    #[test]
    fn closing_never_undoes_a_payment() {
        assert_eq!(closed(State::Open, false), State::Closed);
        assert_eq!(closed(State::Open, true), State::Paid);
        for state in [State::Paid, State::Closed, State::Refused, State::Refunded] {
            assert_eq!(closed(state, false), state);
        }
    }

    proptest! {
        #[test]
        fn refunds_never_exceed_the_payment(amount in 1_i64..100_000, parts in prop::collection::vec(-5_i64..60_000, 0..12)) {
            let mut payment = paid(amount);
            let mut sum = 0;
            for part in parts {
                if let Ok(next) = refund(&payment, Fen(part)) {
                    sum += part;
                    payment = next;
                }
            }
            prop_assert_eq!(payment.refunded, Fen(sum));
            prop_assert!(sum <= amount);
            prop_assert_eq!(payment.state == State::Refunded, sum == amount);
        }
    }
}
