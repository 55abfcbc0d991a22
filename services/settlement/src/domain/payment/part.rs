//! The transition table of a partial return: reverse, settle the rest, return the difference, book.
//!
//! The insurer comes first: what goes back in cash follows from the settlement of the rest, and until that stands nobody was
//! given anything.

use super::machine::{ChannelSays, InsurerSays, Next, Raised};
use super::states::Step;

/// What a return needs of the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The insurer settled what stood before, and the goods change.
    pub reverse: bool,
    /// The insurer takes part in the rest.
    pub settle: bool,
    /// A channel has to give cash back.
    pub cash: bool,
}

impl Shape {
    /// Where the return begins.
    pub fn first(self) -> Step {
        if self.reverse { Step::ReversePart } else { self.after_insurer() }
    }

    /// Where it goes on once the insurer has undone what stood.
    pub fn after_reversal(self) -> Step {
        if self.settle { Step::SettleRest } else { self.after_insurer() }
    }

    /// Where it goes on once the insurer has settled what stays.
    pub fn after_insurer(self) -> Step {
        if self.cash { Step::RefundPart } else { Step::BookPart }
    }

    /// What an insurer's answer means at `step`. Message ids are idempotent: silence is answered by asking, a no by a person.
    pub fn after_insurer_said(self, step: Step, says: InsurerSays) -> Next {
        match (step, says) {
            (Step::ReversePart, InsurerSays::Done | InsurerSays::Reversed) => Next::Go(self.after_reversal()),
            (Step::ReversePart, InsurerSays::Unknown) => Next::Later(Step::ReversePart),
            (Step::ReversePart, _) => Next::Raise(Raised::ReversalRefused, Step::ReversePart),
            (_, InsurerSays::Done) => Next::Go(self.after_insurer()),
            (_, InsurerSays::Unknown) => Next::Later(Step::AskRest),
            // never landed: the same msgid may be sent again (`domain.md` §11)
            (Step::AskRest, InsurerSays::NotFound) => Next::Go(Step::SettleRest),
            (_, InsurerSays::NotFound) => Next::Later(Step::AskRest),
            (_, InsurerSays::Rejected | InsurerSays::Reversed) => {
                Next::Raise(Raised::RestRefused, Step::SettleRest)
            }
            // the centre calculates the rest otherwise: told to a person, and asked again under the same msgid
            (_, InsurerSays::Stuck) => Next::Raise(Raised::InsurerStuck, Step::AskRest),
            (_, InsurerSays::Differs(fund)) => Next::Raise(Raised::InsurerAmount(fund), Step::AskRest),
        }
    }
}

/// What a channel's answer to the return of the difference means.
pub fn after_cash_back(says: ChannelSays) -> Next {
    match says {
        ChannelSays::RefundAccepted => Next::Go(Step::BookPart),
        ChannelSays::RefundRefused => Next::Raise(Raised::RefundRefused, Step::RefundPart),
        _ => Next::Later(Step::RefundPart),
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::Fen;

    use super::*;

    const ALL: Shape = Shape { reverse: true, settle: true, cash: true };

    #[test]
    fn the_way_has_only_the_steps_it_needs() {
        let way = |shape: Shape| {
            let mut way = vec![shape.first()];
            while let Some(step) = way.last().copied().filter(|step| *step != Step::BookPart) {
                let next = match step {
                    Step::RefundPart => after_cash_back(ChannelSays::RefundAccepted),
                    step => shape.after_insurer_said(step, InsurerSays::Done),
                };
                let Next::Go(step) = next else { panic!("{next:?}") };
                way.push(step);
            }
            way
        };
        use Step::*;
        assert_eq!(way(ALL), [ReversePart, SettleRest, RefundPart, BookPart]);
        assert_eq!(way(Shape { cash: false, ..ALL }), [ReversePart, SettleRest, BookPart]);
        assert_eq!(way(Shape { settle: false, ..ALL }), [ReversePart, RefundPart, BookPart]);
        assert_eq!(way(Shape { reverse: false, settle: false, cash: true }), [RefundPart, BookPart]);
        assert_eq!(way(Shape { reverse: false, settle: false, cash: false }), [BookPart]);
    }

    #[test]
    fn each_answer_has_its_way() {
        use InsurerSays::{Differs, Done, NotFound, Rejected, Reversed, Stuck, Unknown};
        use Step::{AskRest, RefundPart, ReversePart, SettleRest};
        let reversal = Next::Raise(Raised::ReversalRefused, ReversePart);
        let refused = Next::Raise(Raised::RestRefused, SettleRest);
        let amount = Next::Raise(Raised::InsurerAmount(Fen(7)), AskRest);
        let stuck = Next::Raise(Raised::InsurerStuck, AskRest);
        let table = [
            (ReversePart, Done, Next::Go(SettleRest)),
            (ReversePart, Reversed, Next::Go(SettleRest)),
            (ReversePart, Unknown, Next::Later(ReversePart)),
            (ReversePart, Rejected, reversal),
            (ReversePart, NotFound, reversal),
            (ReversePart, Differs(Fen(7)), reversal),
            (ReversePart, Stuck, reversal),
            (SettleRest, Done, Next::Go(RefundPart)),
            (SettleRest, Unknown, Next::Later(AskRest)),
            (SettleRest, NotFound, Next::Later(AskRest)),
            (SettleRest, Rejected, refused),
            (SettleRest, Reversed, refused),
            (SettleRest, Differs(Fen(7)), amount),
            (SettleRest, Stuck, stuck),
            (AskRest, Done, Next::Go(RefundPart)),
            (AskRest, Unknown, Next::Later(AskRest)),
            (AskRest, NotFound, Next::Go(SettleRest)),
            (AskRest, Rejected, refused),
            (AskRest, Reversed, refused),
            (AskRest, Differs(Fen(7)), amount),
            (AskRest, Stuck, stuck),
        ];
        for (step, says, next) in table {
            assert_eq!(ALL.after_insurer_said(step, says), next, "{step:?} {says:?}");
        }
    }

    #[test]
    fn only_an_accepted_return_is_booked() {
        use ChannelSays::{
            Closed, NotFound, Open, Paid, RefundAccepted, RefundRefused, Refunded, Refused, Unknown,
        };
        let refused = Next::Raise(Raised::RefundRefused, Step::RefundPart);
        assert_eq!(after_cash_back(RefundAccepted), Next::Go(Step::BookPart));
        assert_eq!(after_cash_back(RefundRefused), refused);
        for says in [Unknown, Open, NotFound, Closed, Refused, Refunded, Paid(None)] {
            assert_eq!(after_cash_back(says), Next::Later(Step::RefundPart), "{says:?}");
        }
    }
}
