//! The transition table.

use liufang_kernel::Fen;

use super::states::Step;

/// What the channel says, in the words of a query or of a command's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelSays {
    /// Paid, with the amount when the channel named it.
    Paid(Option<Fen>),
    Open,
    NotFound,
    Closed,
    Refused,
    Refunded,
    /// A refund was accepted.
    RefundAccepted,
    /// A refund was not accepted.
    RefundRefused,
    /// No answer.
    Unknown,
}

/// What the insurer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsurerSays {
    Done,
    /// Settled once, taken back since.
    Reversed,
    Rejected,
    NotFound,
    Unknown,
    /// Settled with another calculation; what its funds pay.
    Differs(Fen),
    /// It stands in a way that only a person can end.
    Stuck,
}

/// Why a payment failed; the words stand in `failure_reason` and in the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    ChannelRefused,
    /// Not paid before the deadline.
    Expired,
    InsurerRefused,
    /// The channel took another amount than asked, and still says so after the deadline.
    WrongAmount,
    /// The channel says that it gave the cash back without being asked.
    RefundedOutside,
    /// The insurer settled with another calculation, which was taken back.
    InsurerAmount,
    /// The insurer could not be asked any more, and its settlement was taken back (2601).
    InsurerSilent,
}

impl Failure {
    pub fn as_str(self) -> &'static str {
        match self {
            Failure::ChannelRefused => "CHANNEL_REFUSED",
            Failure::Expired => "EXPIRED",
            Failure::InsurerRefused => "INSURER_REFUSED",
            Failure::WrongAmount => Raised::WrongAmount.as_str(),
            Failure::RefundedOutside => Raised::RefundedOutside.as_str(),
            Failure::InsurerAmount => Raised::InsurerAmount(Fen::ZERO).as_str(),
            Failure::InsurerSilent => "INSURER_NO_ANSWER",
        }
    }
}

/// Something a person must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// The channel took another amount than asked.
    WrongAmount,
    /// The channel says refunded, we never refunded.
    RefundedOutside,
    /// The channel does not accept a refund.
    RefundRefused,
    /// The insurer does not accept or does not know the reversal.
    ReversalRefused,
    /// The insurer reversed the whole and does not settle what stays.
    RestRefused,
    /// The insurer's calculation is not ours; what its funds pay.
    InsurerAmount(Fen),
    /// The mobile-payment centre has the order in a state that only a person can end.
    InsurerStuck,
}

impl Raised {
    pub fn as_str(self) -> &'static str {
        match self {
            Raised::WrongAmount => "CHANNEL_AMOUNT_MISMATCH",
            Raised::RefundedOutside => "CHANNEL_REFUNDED_OUTSIDE",
            Raised::RefundRefused => "CHANNEL_REFUND_REFUSED",
            Raised::ReversalRefused => "INSURER_REVERSAL_REFUSED",
            Raised::RestRefused => "INSURER_REST_REFUSED",
            Raised::InsurerAmount(_) => "INSURER_AMOUNT_MISMATCH",
            Raised::InsurerStuck => "INSURER_ORDER_STUCK",
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Do this now.
    Go(Step),
    /// Do this after a pause that grows.
    Later(Step),
    /// End as failed: remember why, then do this.
    Failing(Failure, Step),
    /// Tell a person, then do this after a pause.
    Raise(Raised, Step),
}

/// Where a capture begins.
pub fn first_step(cash: Fen, insured: bool) -> Step {
    if !cash.is_zero() { Step::PayChannel } else { after_cash(insured) }
}

/// What follows once the cash is in.
fn after_cash(insured: bool) -> Step {
    if insured { Step::SettleInsurer } else { Step::Book }
}

/// What a channel answer means at `step`. `overdue`: the hold's deadline has passed. `cash` is what we asked for.
pub fn after_channel(step: Step, says: ChannelSays, cash: Fen, insured: bool, overdue: bool) -> Next {
    match step {
        Step::RefundChannel | Step::ReturnCash => return after_refund(step, says, insured),
        _ => {}
    }
    match says {
        // the channel may mend its word until the deadline; then what it took goes back
        ChannelSays::Paid(Some(amount)) if amount != cash => match step {
            Step::Contradiction if overdue => Next::Failing(Failure::WrongAmount, Step::ReturnCash),
            _ => Next::Raise(Raised::WrongAmount, Step::Contradiction),
        },
        ChannelSays::Paid(_) => Next::Go(after_cash(insured)),
        ChannelSays::Refused => Next::Failing(Failure::ChannelRefused, Step::Fail),
        ChannelSays::Closed => Next::Failing(Failure::Expired, Step::Fail),
        // nothing landed: the same number may be sent again while the deadline is ahead
        ChannelSays::NotFound if overdue => match step {
            Step::CloseChannel => Next::Failing(Failure::Expired, Step::Fail),
            // a request under way may still land; closing under the number shuts the door first
            _ => Next::Go(Step::CloseChannel),
        },
        ChannelSays::NotFound => Next::Go(Step::PayChannel),
        ChannelSays::Open if overdue => Next::Go(Step::CloseChannel),
        ChannelSays::Open => Next::Later(Step::AskChannel),
        ChannelSays::Refunded => match step {
            Step::Contradiction if overdue => Next::Failing(Failure::RefundedOutside, Step::Fail),
            _ => Next::Raise(Raised::RefundedOutside, Step::Contradiction),
        },
        ChannelSays::RefundAccepted | ChannelSays::RefundRefused | ChannelSays::Unknown => match step {
            // whether closing landed is learnt by closing again: the call is idempotent
            Step::CloseChannel => Next::Later(Step::CloseChannel),
            Step::Contradiction => Next::Later(Step::Contradiction),
            _ => Next::Later(Step::AskChannel),
        },
    }
}

/// Refund numbers are idempotent, so silence is answered by sending the same number again.
fn after_refund(step: Step, says: ChannelSays, insured: bool) -> Next {
    match (step, says) {
        (Step::ReturnCash, ChannelSays::RefundAccepted) => Next::Go(Step::Fail),
        (_, ChannelSays::RefundAccepted) if insured => Next::Go(Step::ReverseInsurer),
        (_, ChannelSays::RefundAccepted) => Next::Go(Step::BookRefund),
        (_, ChannelSays::RefundRefused) => Next::Raise(Raised::RefundRefused, step),
        _ => Next::Later(step),
    }
}

/// What an insurer answer means at `step`, where nothing has to be undone; [`super::insurer::after_answer`] has the rest.
pub(super) fn after_insurer(step: Step, says: InsurerSays, cash: Fen) -> Next {
    let give_back = if cash.is_zero() { Step::Fail } else { Step::ReturnCash };
    match (step, says) {
        (Step::ReverseInsurer, InsurerSays::Done | InsurerSays::Reversed) => Next::Go(Step::BookRefund),
        (Step::ReverseInsurer, InsurerSays::Unknown) => Next::Later(Step::ReverseInsurer),
        (Step::ReverseInsurer, InsurerSays::Differs(theirs)) => {
            Next::Raise(Raised::InsurerAmount(theirs), Step::ReverseInsurer)
        }
        (Step::ReverseInsurer, _) => Next::Raise(Raised::ReversalRefused, Step::ReverseInsurer),
        (_, InsurerSays::Done) => Next::Go(Step::Book),
        (_, InsurerSays::Rejected | InsurerSays::Reversed) => {
            Next::Failing(Failure::InsurerRefused, give_back)
        }
        // never landed: the same msgid may be sent again (`domain.md` §11)
        (_, InsurerSays::NotFound) => Next::Go(Step::SettleInsurer),
        (_, InsurerSays::Unknown) => Next::Later(Step::AskInsurer),
        (_, InsurerSays::Differs(theirs)) => Next::Raise(Raised::InsurerAmount(theirs), Step::UndoInsurer),
        (_, InsurerSays::Stuck) => Next::Raise(Raised::InsurerStuck, Step::AskInsurer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_word() {
        let failures = [
            Failure::ChannelRefused,
            Failure::Expired,
            Failure::InsurerRefused,
            Failure::WrongAmount,
            Failure::RefundedOutside,
            Failure::InsurerAmount,
            Failure::InsurerSilent,
        ];
        let words = [
            "CHANNEL_REFUSED",
            "EXPIRED",
            "INSURER_REFUSED",
            "CHANNEL_AMOUNT_MISMATCH",
            "CHANNEL_REFUNDED_OUTSIDE",
            "INSURER_AMOUNT_MISMATCH",
            "INSURER_NO_ANSWER",
        ];
        assert_eq!(failures.map(Failure::as_str), words);
        let raised = [
            Raised::WrongAmount,
            Raised::RefundedOutside,
            Raised::RefundRefused,
            Raised::ReversalRefused,
            Raised::RestRefused,
            Raised::InsurerAmount(Fen(1)),
            Raised::InsurerStuck,
        ];
        let words = [
            "CHANNEL_AMOUNT_MISMATCH",
            "CHANNEL_REFUNDED_OUTSIDE",
            "CHANNEL_REFUND_REFUSED",
            "INSURER_REVERSAL_REFUSED",
            "INSURER_REST_REFUSED",
            "INSURER_AMOUNT_MISMATCH",
            "INSURER_ORDER_STUCK",
        ];
        assert_eq!(raised.map(Raised::as_str), words);
    }

    #[test]
    fn cash_goes_back_until_the_channel_says_so() {
        let after = |step, says, insured| after_channel(step, says, Fen(500), insured, true);
        let (accepted, refused) = (ChannelSays::RefundAccepted, ChannelSays::RefundRefused);
        for insured in [true, false] {
            assert_eq!(after(Step::ReturnCash, accepted, insured), Next::Go(Step::Fail));
            for step in [Step::ReturnCash, Step::RefundChannel] {
                assert_eq!(after(step, refused, insured), Next::Raise(Raised::RefundRefused, step));
                for says in [ChannelSays::Unknown, ChannelSays::Open, ChannelSays::NotFound] {
                    assert_eq!(after(step, says, insured), Next::Later(step), "asked for again");
                }
            }
        }
        assert_eq!(after(Step::RefundChannel, accepted, true), Next::Go(Step::ReverseInsurer));
        assert_eq!(after(Step::RefundChannel, accepted, false), Next::Go(Step::BookRefund));
    }
}
