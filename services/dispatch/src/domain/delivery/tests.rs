use expect_test::expect;
use proptest::prelude::*;

use super::*;

const OPERATIONS: [(&str, Operation); 9] = [
    ("mark_ready", Operation::MarkReady),
    ("cancel", Operation::Cancel),
    ("assign", Operation::Assign),
    ("unassign", Operation::Unassign),
    ("pick_up", Operation::PickUp),
    ("deliver", Operation::Deliver),
    ("fail first", Operation::FailAttempt { failed_attempts: 0 }),
    ("fail second", Operation::FailAttempt { failed_attempts: 1 }),
    ("return", Operation::Return),
];

/// The whole table, as the service's README shows it.
#[test]
fn every_state_and_operation() {
    let mut table = String::new();
    for state in State::ALL {
        table.push_str(state.word());
        table.push(':');
        for (name, operation) in OPERATIONS {
            let cell = match decide(state, operation) {
                Ok(Step::To(next)) => next.word().to_owned(),
                Ok(Step::Already) => "-".to_owned(),
                Err(refusal) => format!("!{refusal:?}"),
            };
            table.push_str(&format!(" {name}={cell};"));
        }
        table.push('\n');
    }
    expect![[r#"
        waiting: mark_ready=ready; cancel=cancelled; assign=!NotAssigned; unassign=-; pick_up=!NotAssigned; deliver=!NotPickedUp; fail first=!NotPickedUp; fail second=!NotPickedUp; return=!NotPickedUp;
        ready: mark_ready=-; cancel=cancelled; assign=assigned; unassign=-; pick_up=!NotAssigned; deliver=!NotPickedUp; fail first=!NotPickedUp; fail second=!NotPickedUp; return=!NotPickedUp;
        assigned: mark_ready=-; cancel=cancelled; assign=assigned; unassign=ready; pick_up=picked_up; deliver=!NotPickedUp; fail first=!NotPickedUp; fail second=!NotPickedUp; return=!NotPickedUp;
        picked_up: mark_ready=-; cancel=!PickedUp; assign=!PickedUp; unassign=-; pick_up=-; deliver=delivered; fail first=picked_up; fail second=returning; return=!AttemptsLeft;
        delivered: mark_ready=-; cancel=-; assign=!PickedUp; unassign=-; pick_up=-; deliver=-; fail first=-; fail second=-; return=!Delivered;
        returning: mark_ready=-; cancel=!PickedUp; assign=!PickedUp; unassign=-; pick_up=-; deliver=delivered; fail first=-; fail second=-; return=returned;
        returned: mark_ready=-; cancel=-; assign=!PickedUp; unassign=-; pick_up=-; deliver=!Returned; fail first=-; fail second=-; return=-;
        cancelled: mark_ready=!Cancelled; cancel=-; assign=!Cancelled; unassign=-; pick_up=!Cancelled; deliver=!Cancelled; fail first=!Cancelled; fail second=!Cancelled; return=!Cancelled;
    "#]]
    .assert_eq(&table);
}

#[test]
fn words_go_both_ways() {
    for state in State::ALL {
        assert_eq!(State::from_word(state.word()), Some(state));
    }
    for reason in FailedAttempt::ALL {
        assert_eq!(FailedAttempt::from_word(reason.word()), Some(reason));
    }
}

proptest! {
    #[test]
    fn ends_are_final_and_goods_are_never_lost(steps in prop::collection::vec(0..OPERATIONS.len(), 0..40)) {
        let (mut state, mut with_courier) = (State::Waiting, false);
        for index in steps {
            let Ok(Step::To(next)) = decide(state, OPERATIONS[index].1) else { continue };
            prop_assert!(!state.has_ended(), "{state:?} moved");
            with_courier |= next == State::PickedUp;
            if with_courier {
                prop_assert!(matches!(next, State::PickedUp | State::Returning | State::Delivered | State::Returned));
            }
            state = next;
        }
    }
}
