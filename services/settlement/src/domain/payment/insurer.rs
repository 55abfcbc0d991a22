//! What an insurer answer means, with the ways back: 2103 where the centre calculated otherwise, 2601 where it cannot be asked.

use liufang_kernel::Fen;

use super::machine::{Failure, InsurerSays, Next, Raised, after_insurer};
use super::states::Step;

/// Questions without an answer after which the message is taken back (2601). With their pauses about half a minute.
pub const REVOKE_AFTER: i64 = 6;

/// What an insurer answer means at `step` after `attempts` tries of it that failed. `cash`: what a channel took.
pub fn after_answer(step: Step, says: InsurerSays, attempts: i64, cash: Fen) -> Next {
    use InsurerSays::{Differs, Done, NotFound, Rejected, Reversed, Stuck, Unknown};
    let give_back = if cash.is_zero() { Step::Fail } else { Step::ReturnCash };
    match (step, says) {
        (Step::AskInsurer, Unknown) if attempts >= REVOKE_AFTER => Next::Go(Step::RevokeInsurer),
        (Step::RevokeInsurer, Done | Reversed) => Next::Failing(Failure::InsurerSilent, give_back),
        // never landed: the state is known, and the same msgid may be sent again (`domain.md` §11)
        (Step::RevokeInsurer, NotFound) => Next::Go(Step::SettleInsurer),
        (Step::RevokeInsurer, Unknown) => Next::Later(Step::RevokeInsurer),
        (Step::RevokeInsurer, Rejected | Differs(_) | Stuck) => Next::Later(Step::AskInsurer),
        // what is not found is not there to be undone
        (Step::UndoInsurer, Done | Reversed | NotFound | Differs(_)) => {
            Next::Failing(Failure::InsurerAmount, give_back)
        }
        (Step::UndoInsurer, Unknown) => Next::Later(Step::UndoInsurer),
        (Step::UndoInsurer, Rejected | Stuck) => Next::Raise(Raised::ReversalRefused, Step::UndoInsurer),
        _ => after_insurer(step, says, cash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use InsurerSays::{Differs, Done, NotFound, Rejected, Reversed, Stuck, Unknown};

    const CASH: Fen = Fen(500);

    #[test]
    fn each_answer_has_its_way() {
        let fails = |failure, step| Next::Failing(failure, step);
        let raise = Next::Raise(Raised::InsurerAmount(Fen(7)), Step::UndoInsurer);
        let table = [
            (Step::SettleInsurer, Done, Next::Go(Step::Book)),
            (Step::SettleInsurer, Unknown, Next::Later(Step::AskInsurer)),
            (Step::SettleInsurer, Differs(Fen(7)), raise),
            (Step::SettleInsurer, Rejected, fails(Failure::InsurerRefused, Step::ReturnCash)),
            (Step::AskInsurer, Done, Next::Go(Step::Book)),
            (Step::AskInsurer, NotFound, Next::Go(Step::SettleInsurer)),
            (Step::AskInsurer, Differs(Fen(7)), raise),
            (Step::AskInsurer, Reversed, fails(Failure::InsurerRefused, Step::ReturnCash)),
            (Step::AskInsurer, Stuck, Next::Raise(Raised::InsurerStuck, Step::AskInsurer)),
            (Step::RevokeInsurer, Done, fails(Failure::InsurerSilent, Step::ReturnCash)),
            (Step::RevokeInsurer, Reversed, fails(Failure::InsurerSilent, Step::ReturnCash)),
            (Step::RevokeInsurer, NotFound, Next::Go(Step::SettleInsurer)),
            (Step::RevokeInsurer, Rejected, Next::Later(Step::AskInsurer)),
            (Step::RevokeInsurer, Unknown, Next::Later(Step::RevokeInsurer)),
            (Step::UndoInsurer, Done, fails(Failure::InsurerAmount, Step::ReturnCash)),
            (Step::UndoInsurer, Reversed, fails(Failure::InsurerAmount, Step::ReturnCash)),
            (Step::UndoInsurer, NotFound, fails(Failure::InsurerAmount, Step::ReturnCash)),
            (Step::UndoInsurer, Unknown, Next::Later(Step::UndoInsurer)),
            (Step::UndoInsurer, Rejected, Next::Raise(Raised::ReversalRefused, Step::UndoInsurer)),
            (Step::SettleInsurer, Reversed, fails(Failure::InsurerRefused, Step::ReturnCash)),
            (Step::SettleInsurer, NotFound, Next::Go(Step::SettleInsurer)),
            (Step::SettleInsurer, Stuck, Next::Raise(Raised::InsurerStuck, Step::AskInsurer)),
            (Step::AskInsurer, Unknown, Next::Later(Step::AskInsurer)),
            (Step::AskInsurer, Rejected, fails(Failure::InsurerRefused, Step::ReturnCash)),
            (Step::RevokeInsurer, Differs(Fen(7)), Next::Later(Step::AskInsurer)),
            (Step::RevokeInsurer, Stuck, Next::Later(Step::AskInsurer)),
            (Step::UndoInsurer, Differs(Fen(7)), fails(Failure::InsurerAmount, Step::ReturnCash)),
            (Step::UndoInsurer, Stuck, Next::Raise(Raised::ReversalRefused, Step::UndoInsurer)),
            (Step::ReverseInsurer, Reversed, Next::Go(Step::BookRefund)),
            (Step::ReverseInsurer, Unknown, Next::Later(Step::ReverseInsurer)),
            (Step::ReverseInsurer, NotFound, Next::Raise(Raised::ReversalRefused, Step::ReverseInsurer)),
            (
                Step::ReverseInsurer,
                Differs(Fen(7)),
                Next::Raise(Raised::InsurerAmount(Fen(7)), Step::ReverseInsurer),
            ),
            (Step::ReverseInsurer, Done, Next::Go(Step::BookRefund)),
            (Step::ReverseInsurer, Rejected, Next::Raise(Raised::ReversalRefused, Step::ReverseInsurer)),
        ];
        for (step, says, next) in table {
            assert_eq!(after_answer(step, says, 0, CASH), next, "{step:?} {says:?}");
        }
    }

    #[test]
    fn long_silence_is_revoked_and_only_a_question_waits_for_it() {
        let at = |attempts| after_answer(Step::AskInsurer, Unknown, attempts, CASH);
        assert_eq!(at(REVOKE_AFTER - 1), Next::Later(Step::AskInsurer));
        assert_eq!(at(REVOKE_AFTER), Next::Go(Step::RevokeInsurer));
        let settle = after_answer(Step::SettleInsurer, Unknown, 99, CASH);
        assert_eq!(settle, Next::Later(Step::AskInsurer));
    }

    #[test]
    fn without_cash_nothing_is_given_back() {
        for (step, failure) in
            [(Step::RevokeInsurer, Failure::InsurerSilent), (Step::UndoInsurer, Failure::InsurerAmount)]
        {
            assert_eq!(after_answer(step, Done, 0, Fen::ZERO), Next::Failing(failure, Step::Fail));
        }
    }
}
