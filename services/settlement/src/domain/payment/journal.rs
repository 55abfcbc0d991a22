//! The journal row of a payment: everything a crash must not forget.

use liufang_kernel::{Fen, Timestamp};

use super::insurer::after_answer;
use super::machine::{ChannelSays, Failure, InsurerSays, Next, after_channel};
use super::ord_stas::after_return;
use super::part::{Shape, after_cash_back};
use super::states::{PaymentState, Step, WANTS_A_PERSON, ord_stas};
use super::{Payment, backoff_us, is_insured, raised_pause_us};
use crate::domain::benefit::{Leg, LegKind};

/// A payment with what only the machine needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    pub payment_id: String,
    pub quote_id: String,
    pub order_id: String,
    pub person_id: String,
    pub fixmedins_code: String,
    pub region: String,
    pub insutype: String,
    pub agency: String,
    pub state: PaymentState,
    /// The next thing to do.
    pub step: Step,
    /// Failed tries of the step.
    pub attempts: i64,
    /// Nobody touches the payment before; also the lease of whoever is at work.
    pub next_at: Timestamp,
    pub version: i64,
    pub legs: Vec<Leg>,
    /// Amount of the channel leg, whoever takes it.
    pub cash: Fen,
    /// Delivery and packing within it.
    pub freight: Fen,
    pub channel: String,
    /// Our number at the channel, fixed before the first call.
    pub channel_order_no: String,
    pub refund_no: String,
    /// Our message id at the insurer, fixed before the first call (`domain.md` §11).
    pub msgid: String,
    pub reverse_msgid: String,
    pub setl_id: String,
    pub hold_expires_at: Timestamp,
    pub captured_at: Timestamp,
    pub refunded: Fen,
    pub failure_reason: String,
    pub refund_reason: String,
    pub created_at: Timestamp,
    /// The insured part goes through the mobile-payment centre (6201 to 6401).
    pub mobile: bool,
    /// ORD_STAS of the first order after partial returns; 0: nothing came back.
    pub returned_stas: i32,
}

/// The pharmacy's own till, in cash or at its card terminal: its word where a channel's would stand. It is the pharmacy's own
/// money: nobody is asked for it, nobody owes it, and it goes back over the counter.
pub const TILL: &str = "till";

/// Least pause after something was raised: a person is slower than a machine.
const RAISED_PAUSE_S: i64 = 5;

impl Journal {
    pub fn insured(&self) -> bool {
        is_insured(&self.legs)
    }

    /// What a channel is asked for: nothing where the pharmacy's own till takes the cash.
    pub fn channel_cash(&self) -> Fen {
        if self.channel == TILL { Fen::ZERO } else { self.cash }
    }

    /// Whether the payment may still draw on the fund: a running one that only gives back never books again.
    pub fn may_use_fund(&self) -> bool {
        let gives_back = matches!(self.step, Step::UndoInsurer | Step::ReturnCash | Step::Fail);
        self.is_running() && !gives_back && self.legs.iter().any(|leg| leg.kind == LegKind::Fund)
    }

    /// The channel took another amount than [`Journal::cash`].
    pub fn took_another_amount(&self) -> bool {
        self.failure_reason == Failure::WrongAmount.as_str()
    }

    /// Whether a partial return is under way.
    pub fn returns_a_part(&self) -> bool {
        use Step::{AskRest, BookPart, RefundPart, ReversePart, SettleRest};
        matches!(self.step, ReversePart | SettleRest | AskRest | RefundPart | BookPart)
    }

    /// Whether the machine has something left to do.
    pub fn is_running(&self) -> bool {
        matches!(self.state, PaymentState::Pending | PaymentState::Refunding)
    }

    /// Moves to what comes next; true when it may be done at once.
    pub fn advance(&mut self, next: Next, now: Timestamp) -> bool {
        let (step, at_once) = match next {
            Next::Go(step) => (step, true),
            Next::Failing(failure, step) => {
                self.failure_reason = failure.as_str().to_owned();
                (step, true)
            }
            Next::Later(step) | Next::Raise(_, step) => (step, false),
        };
        // questions without an answer go on counting when the message is taken back: who never hears is told of in the end
        let counts_on = step == Step::RevokeInsurer;
        self.attempts = match at_once {
            true if counts_on => self.attempts,
            true => 0,
            false => self.attempts + 1,
        };
        self.step = step;
        self.next_at = if at_once { now } else { Timestamp(now.0 + backoff_us(self.attempts)) };
        if matches!(next, Next::Raise(..)) {
            self.next_at = self.after_raising(now);
        }
        at_once
    }

    /// When what was raised is tried again: ever later, as a person is slower than a machine and a refusal repeats itself. A
    /// contradiction ends with the deadline, so that it is asked about at the same pace all the time.
    fn after_raising(&self, now: Timestamp) -> Timestamp {
        if self.step == Step::Contradiction {
            return self.next_at.max(now.plus_seconds(RAISED_PAUSE_S));
        }
        Timestamp(now.0 + raised_pause_us(self.attempts))
    }

    /// The status that is shown: of the first order, also when a part of it has come back.
    fn ord_stas(&self) -> i32 {
        match (self.state, self.returned_stas) {
            (PaymentState::Captured, returned) if returned != 0 => returned,
            _ => ord_stas(self.state, self.step, !self.channel_cash().is_zero(), self.attempts),
        }
    }

    /// A part has come back; the arguments are those of [`after_return`].
    pub fn part_came_back(&mut self, insured: bool, cash: bool, left: bool) {
        let before = if self.returned_stas == 0 { 6 } else { self.returned_stas };
        self.returned_stas = after_return(before, insured, cash, left);
    }

    /// A person is wanted: [`ord_stas`] says so.
    pub fn wants_a_person(&self) -> bool {
        self.is_running() && WANTS_A_PERSON.contains(&self.view().ord_stas)
    }

    /// Tries the present step at once, as an operator wishes.
    pub fn try_now(&mut self, now: Timestamp) {
        self.next_at = now;
    }

    /// What the present step was to do has been done by hand: goes on as after the outside's yes. `part`: what a partial return needs
    /// of the outside, and the message id of its rest. A rest that was settled by hand is known by the number that shows it. `None`:
    /// a person cannot do the step.
    pub fn done_by_hand(
        &mut self,
        part: Option<(Shape, &str)>,
        evidence: &str,
        now: Timestamp,
    ) -> Option<Next> {
        let next = match self.step {
            Step::SettleRest | Step::AskRest => {
                let (shape, _) = part?;
                self.setl_id = evidence.to_owned();
                Next::Go(shape.after_insurer())
            }
            Step::ReversePart => {
                let (shape, rest_msgid) = part?;
                self.msgid = rest_msgid.to_owned();
                Next::Go(shape.after_reversal())
            }
            Step::ReturnCash | Step::RefundChannel => {
                let says = ChannelSays::RefundAccepted;
                after_channel(self.step, says, self.cash, self.insured(), true)
            }
            Step::RefundPart => after_cash_back(ChannelSays::RefundAccepted),
            Step::ReverseInsurer | Step::UndoInsurer => {
                after_answer(self.step, InsurerSays::Done, self.attempts, self.channel_cash())
            }
            _ => return None,
        };
        self.advance(next, now);
        Some(next)
    }

    /// Cash came after the payment had ended without it: it goes back, and the payment ends again as it had.
    pub fn return_late_cash(&mut self, now: Timestamp) {
        if self.failure_reason.is_empty() {
            let voided = self.state == PaymentState::Voided;
            self.failure_reason = if voided { "VOIDED" } else { "EXPIRED" }.to_owned();
        }
        self.state = PaymentState::Pending;
        self.step = Step::ReturnCash;
        self.attempts = 0;
        self.next_at = now;
    }

    /// The state of a payment that ends uncaptured, by its reason.
    pub fn failed_as(&self) -> PaymentState {
        match self.failure_reason.as_str() {
            "EXPIRED" | "BENEFIT_USED_SINCE" => PaymentState::Expired,
            "VOIDED" => PaymentState::Voided,
            _ => PaymentState::Failed,
        }
    }

    /// Ends the machine in a state.
    pub fn end(&mut self, state: PaymentState) {
        self.state = state;
        self.step = Step::Idle;
        self.attempts = 0;
        self.next_at = Timestamp(0);
    }

    /// What a reader sees.
    pub fn view(&self) -> Payment {
        Payment {
            payment_id: self.payment_id.clone(),
            quote_id: self.quote_id.clone(),
            order_id: self.order_id.clone(),
            person_id: self.person_id.clone(),
            state: self.state,
            ord_stas: self.ord_stas(),
            legs: self.legs.clone(),
            hold_expires_at: self.hold_expires_at,
            channel: self.channel.clone(),
            channel_order_no: self.channel_order_no.clone(),
            setl_id: self.setl_id.clone(),
            captured_at: self.captured_at,
            refunded: self.refunded,
            failure_reason: self.failure_reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
