//! The table row by row, and random walks that must come to an end with the outside world in agreement.

use liufang_kernel::Fen;
use proptest::prelude::*;

use super::insurer::after_answer;
use super::machine::*;
use super::raised_pause_us;
use super::states::*;

const CASH: Fen = Fen(500);

#[test]
fn silence_is_a_question() {
    let ask = |step, says| after_channel(step, says, CASH, true, false);
    assert_eq!(ask(Step::PayChannel, ChannelSays::Unknown), Next::Later(Step::AskChannel));
    assert_eq!(ask(Step::AskChannel, ChannelSays::Unknown), Next::Later(Step::AskChannel));
    assert_eq!(ask(Step::AskChannel, ChannelSays::NotFound), Next::Go(Step::PayChannel));
    assert_eq!(ask(Step::AskChannel, ChannelSays::Paid(Some(CASH))), Next::Go(Step::SettleInsurer));
    assert_eq!(ask(Step::AskChannel, ChannelSays::Open), Next::Later(Step::AskChannel));
    assert_eq!(
        ask(Step::AskChannel, ChannelSays::Paid(Some(Fen(1)))),
        Next::Raise(Raised::WrongAmount, Step::Contradiction)
    );
    let insurer = |step, says| after_insurer(step, says, CASH);
    assert_eq!(insurer(Step::SettleInsurer, InsurerSays::Unknown), Next::Later(Step::AskInsurer));
    assert_eq!(insurer(Step::AskInsurer, InsurerSays::NotFound), Next::Go(Step::SettleInsurer));
    assert_eq!(
        insurer(Step::SettleInsurer, InsurerSays::Rejected),
        Next::Failing(Failure::InsurerRefused, Step::ReturnCash)
    );
    assert_eq!(
        after_insurer(Step::SettleInsurer, InsurerSays::Rejected, Fen::ZERO),
        Next::Failing(Failure::InsurerRefused, Step::Fail)
    );
}

#[test]
fn after_the_deadline_the_door_is_shut_first() {
    let late = |step, says| after_channel(step, says, CASH, true, true);
    assert_eq!(late(Step::AskChannel, ChannelSays::NotFound), Next::Go(Step::CloseChannel));
    assert_eq!(late(Step::AskChannel, ChannelSays::Open), Next::Go(Step::CloseChannel));
    assert_eq!(late(Step::CloseChannel, ChannelSays::NotFound), Next::Failing(Failure::Expired, Step::Fail));
    assert_eq!(late(Step::CloseChannel, ChannelSays::Closed), Next::Failing(Failure::Expired, Step::Fail));
    assert_eq!(
        late(Step::CloseChannel, ChannelSays::Paid(None)),
        Next::Go(Step::SettleInsurer),
        "the payment was faster"
    );
    assert_eq!(late(Step::CloseChannel, ChannelSays::Unknown), Next::Later(Step::CloseChannel));
}

#[test]
fn a_contradiction_is_asked_about_until_the_deadline_and_then_ends() {
    let at = |says, overdue| after_channel(Step::Contradiction, says, CASH, true, overdue);
    let wrong = ChannelSays::Paid(Some(Fen(1)));
    assert_eq!(at(wrong, false), Next::Raise(Raised::WrongAmount, Step::Contradiction));
    assert_eq!(at(wrong, true), Next::Failing(Failure::WrongAmount, Step::ReturnCash));
    assert_eq!(at(ChannelSays::Refunded, false), Next::Raise(Raised::RefundedOutside, Step::Contradiction));
    assert_eq!(at(ChannelSays::Refunded, true), Next::Failing(Failure::RefundedOutside, Step::Fail));
    let mended = ChannelSays::Paid(Some(CASH));
    assert_eq!(at(mended, true), Next::Go(Step::SettleInsurer), "the channel mended its word");
    assert_eq!(at(ChannelSays::Unknown, true), Next::Later(Step::Contradiction));
    let early = after_channel(Step::AskChannel, wrong, CASH, true, true);
    assert_eq!(
        early,
        Next::Raise(Raised::WrongAmount, Step::Contradiction),
        "never without telling a person"
    );
}

#[test]
fn every_state_has_its_ord_stas() {
    use PaymentState::*;
    let table = [
        (Authorised, Step::Idle, 0, 1),
        (Pending, Step::PayChannel, 0, 2),
        (Pending, Step::SettleInsurer, 0, 3),
        (Pending, Step::Book, 0, 5),
        (Pending, Step::ReturnCash, 0, 13),
        (Pending, Step::ReturnCash, 1, 16),
        (Pending, Step::Contradiction, 1, 14),
        (Pending, Step::UndoInsurer, 1, 14),
        (Pending, Step::RevokeInsurer, 0, 3),
        (Captured, Step::Idle, 0, 6),
        (Refunding, Step::RefundChannel, 0, 17),
        (Refunding, Step::ReverseInsurer, 0, 9),
        (Refunding, Step::RefundChannel, STUCK_AFTER - 1, 17),
        (Refunding, Step::RefundChannel, STUCK_AFTER, 14),
        (Refunding, Step::ReverseInsurer, STUCK_AFTER, 14),
        (Refunded, Step::Idle, 0, 7),
        (Voided, Step::Idle, 0, 12),
        (Expired, Step::Idle, 0, 12),
        (Failed, Step::Idle, 0, 15),
    ];
    for (state, step, attempts, expected) in table {
        assert_eq!(ord_stas(state, step, true, attempts), expected, "{state:?} {step:?}");
    }
    assert_eq!(ord_stas(Pending, Step::Book, false, 0), 4, "no cash: the insurance part is paid");
}

#[test]
fn a_refusal_is_asked_again_ever_later() {
    let pauses: Vec<i64> = (1..=16).map(|attempts| raised_pause_us(attempts) / 1_000_000).collect();
    assert_eq!(pauses, [5, 5, 5, 5, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
}

/// The outside world: what really happened, whatever was answered.
#[derive(Default)]
struct World {
    paid: bool,
    closed: bool,
    returned: bool,
    settled: bool,
    reversed: bool,
}

proptest! {
    /// Answers get lost at random (before or after the effect); after a while the network heals.
    #[test]
    fn every_walk_ends_and_agrees(
        faults in prop::collection::vec((any::<bool>(), any::<bool>()), 0..30),
        insurer_refuses in any::<bool>(),
        insurer_differs in any::<bool>(),
        deadline in 0_usize..40,
    ) {
        let mut world = World::default();
        let mut step = first_step(CASH, true);
        let mut faults = faults.into_iter();
        let mut failed = false;
        let mut booked = false;
        let mut attempts = 0;
        for tick in 0..200 {
            let overdue = tick >= deadline;
            let (lose_request, lose_answer) = faults.next().unwrap_or((false, false));
            let lands = !lose_request;
            let heard = lands && !lose_answer;
            let next = match step {
                Step::Book => { booked = true; break }
                Step::Fail => { failed = true; break }
                Step::PayChannel => {
                    if lands && !world.closed { world.paid = true; }
                    let says = if world.closed { ChannelSays::Closed } else { ChannelSays::Paid(None) };
                    after_channel(step, if heard { says } else { ChannelSays::Unknown }, CASH, true, overdue)
                }
                Step::AskChannel => {
                    let says = match () {
                        () if world.paid => ChannelSays::Paid(Some(CASH)),
                        () if world.closed => ChannelSays::Closed,
                        () => ChannelSays::NotFound,
                    };
                    after_channel(step, if heard { says } else { ChannelSays::Unknown }, CASH, true, overdue)
                }
                Step::CloseChannel => {
                    if lands && !world.paid { world.closed = true; }
                    let says = if world.paid { ChannelSays::Paid(None) } else { ChannelSays::Closed };
                    after_channel(step, if heard { says } else { ChannelSays::Unknown }, CASH, true, overdue)
                }
                Step::SettleInsurer => {
                    if lands && !insurer_refuses { world.settled = true; }
                    let says = match () {
                        () if insurer_refuses || world.reversed => InsurerSays::Rejected,
                        () if insurer_differs => InsurerSays::Differs(Fen(1)),
                        () => InsurerSays::Done,
                    };
                    after_answer(step, if heard { says } else { InsurerSays::Unknown }, attempts, CASH)
                }
                Step::AskInsurer => {
                    let says = match () {
                        () if world.reversed => InsurerSays::Reversed,
                        () if world.settled && insurer_differs => InsurerSays::Differs(Fen(1)),
                        () if world.settled => InsurerSays::Done,
                        () => InsurerSays::NotFound,
                    };
                    after_answer(step, if heard { says } else { InsurerSays::Unknown }, attempts, CASH)
                }
                Step::RevokeInsurer | Step::UndoInsurer => {
                    if lands && world.settled { world.reversed = true; }
                    let says = if world.settled { InsurerSays::Done } else { InsurerSays::NotFound };
                    after_answer(step, if heard { says } else { InsurerSays::Unknown }, attempts, CASH)
                }
                Step::ReturnCash => {
                    if lands { world.returned = true; }
                    let says = if heard { ChannelSays::RefundAccepted } else { ChannelSays::Unknown };
                    after_channel(step, says, CASH, true, overdue)
                }
                other => panic!("no way to {other:?}"),
            };
            attempts = match next {
                Next::Go(_) | Next::Failing(..) => 0,
                Next::Later(_) | Next::Raise(..) => attempts + 1,
            };
            step = match next {
                Next::Go(step) | Next::Later(step) | Next::Failing(_, step) | Next::Raise(_, step) => step,
            };
        }
        prop_assert!(booked ^ failed, "comes to exactly one end");
        if booked {
            prop_assert!(world.paid && !world.returned && world.settled && !world.reversed && !insurer_differs);
        } else {
            let undone = !world.settled || world.reversed;
            prop_assert!(undone && (!world.paid || world.returned), "no money is left behind");
        }
    }
}
