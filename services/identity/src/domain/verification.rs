//! The real-name verification session as a state machine (`domain.md` §7): ID number → phone → carrier → face.
//!
//! Owns the order of the steps, the attempts and the lock-out. Deliberately does not know the code, the face proof or
//! the person. Invariants: passed steps are a prefix of the list; attempts never grow; silence passes nothing.

use liufang_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::coded::coded;

/// Refused attempts of a step before the session is locked.
pub const MAX_ATTEMPTS: u8 = 5;
/// Life of a session.
pub const SESSION_SECONDS: i64 = 15 * 60;
/// Length of a lock-out after the last attempt.
pub const LOCK_SECONDS: i64 = 30 * 60;

coded! {
    /// What a verification is for; a pass is good for this alone.
    pub enum Purpose {
        Register = 1,
        SignIn = 2,
        /// Consent of an account holder.
        MutualAid = 3,
        /// Of somebody who files to act for a child.
        Guardian = 4,
    }
}

coded! {
    /// The steps, in the order they are taken.
    pub enum Step {
        /// Name and ID number against the registry.
        IdNumber = 1,
        /// One-time code to the phone.
        Phone = 2,
        /// Carrier three-element check.
        Carrier = 3,
        /// Live face (9601).
        Face = 4,
    }
}

impl Step {
    /// Word for metadata of refusals.
    pub const fn word(self) -> &'static str {
        match self {
            Step::IdNumber => "id_number",
            Step::Phone => "phone",
            Step::Carrier => "carrier",
            Step::Face => "face",
        }
    }
}

coded! {
    /// How a step stands.
    pub enum StepState {
        Open = 1,
        Passed = 2,
        /// Refused; may be tried again while attempts are left.
        Failed = 3,
        /// The provider gave no answer; may be tried again.
        NoAnswer = 4,
        /// Phone only: waiting for the code.
        CodeSent = 5,
        /// The provider is still at work; it is asked until it says.
        Pending = 6,
    }
}

/// What a provider, or the comparison of a code, said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Pass,
    Fail,
    NoAnswer,
    /// Still at work; to be asked again.
    Pending,
}

/// One step of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub step: Step,
    pub state: StepState,
    /// Refused attempts that are still allowed.
    pub attempts_left: u8,
}

/// Why a step cannot be taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("locked after too many refused attempts")]
    Locked { until: Timestamp },
    #[error("the session has expired")]
    Expired,
    #[error("an earlier step is missing")]
    OutOfOrder { next: Step },
}

/// Whether there is anything to do for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    Take,
    AlreadyPassed,
    /// The provider is still at work: nobody is asked meanwhile.
    Waiting,
}

/// The state of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub purpose: Purpose,
    pub steps: Vec<Progress>,
    pub expires_at: Timestamp,
    pub locked_until: Option<Timestamp>,
}

impl Session {
    /// A fresh session with every step open.
    pub fn open(purpose: Purpose, now: Timestamp) -> Session {
        let fresh =
            |step: &Step| Progress { step: *step, state: StepState::Open, attempts_left: MAX_ATTEMPTS };
        Session {
            purpose,
            steps: Step::ALL.iter().map(fresh).collect(),
            expires_at: now.plus_seconds(SESSION_SECONDS),
            locked_until: None,
        }
    }

    /// Every step passed.
    pub fn complete(&self) -> bool {
        self.next_step().is_none()
    }

    /// The first step that has not passed.
    pub fn next_step(&self) -> Option<Step> {
        self.steps.iter().find(|progress| progress.state != StepState::Passed).map(|progress| progress.step)
    }

    /// Refuses a locked or expired session; the lock is named first, because its end is what the person needs.
    pub fn gate(&self, now: Timestamp) -> Result<(), Refused> {
        match self.locked_until {
            Some(until) if now < until => Err(Refused::Locked { until }),
            // a lock-out outlasts its session
            Some(_) => Err(Refused::Expired),
            None if self.expires_at <= now => Err(Refused::Expired),
            None => Ok(()),
        }
    }

    /// Whether `step` may be taken now.
    pub fn ready(&self, step: Step, now: Timestamp) -> Result<Ready, Refused> {
        self.gate(now)?;
        match self.next_step() {
            Some(next) if next < step => Err(Refused::OutOfOrder { next }),
            Some(next) if next == step && self.is_pending(step) => Ok(Ready::Waiting),
            Some(next) if next == step => Ok(Ready::Take),
            _ => Ok(Ready::AlreadyPassed),
        }
    }

    /// Whether the provider of a step is still at work.
    pub fn is_pending(&self, step: Step) -> bool {
        self.steps.iter().any(|progress| progress.step == step && progress.state == StepState::Pending)
    }

    /// Notes what came of an attempt. A passed step stays passed; silence costs no attempt.
    pub fn record(&mut self, step: Step, outcome: Outcome, now: Timestamp) -> Result<(), Refused> {
        if self.ready(step, now)? == Ready::AlreadyPassed {
            return Ok(());
        }
        let Some(progress) = self.steps.iter_mut().find(|progress| progress.step == step) else {
            return Ok(());
        };
        match outcome {
            Outcome::Pass => progress.state = StepState::Passed,
            Outcome::NoAnswer => progress.state = StepState::NoAnswer,
            Outcome::Pending => progress.state = StepState::Pending,
            Outcome::Fail => {
                progress.state = StepState::Failed;
                progress.attempts_left = progress.attempts_left.saturating_sub(1);
                if progress.attempts_left == 0 {
                    self.locked_until = Some(now.plus_seconds(LOCK_SECONDS));
                }
            }
        }
        Ok(())
    }

    /// Notes that the code was handed to the carrier.
    pub fn code_sent(&mut self, now: Timestamp) -> Result<(), Refused> {
        if self.ready(Step::Phone, now)? == Ready::Take
            && let Some(progress) = self.steps.iter_mut().find(|progress| progress.step == Step::Phone)
        {
            progress.state = StepState::CodeSent;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    #[test]
    fn a_pending_step_waits_for_its_end() {
        let mut own = Session::open(Purpose::Register, NOW);
        own.record(Step::IdNumber, Outcome::Pending, NOW).unwrap();
        assert_eq!(own.ready(Step::IdNumber, NOW), Ok(Ready::Waiting));
        assert_eq!(own.ready(Step::Phone, NOW), Err(Refused::OutOfOrder { next: Step::IdNumber }));
        assert_eq!(own.steps[0].attempts_left, MAX_ATTEMPTS, "waiting costs nothing");
        let mut silent = own.clone();
        silent.record(Step::IdNumber, Outcome::NoAnswer, NOW).unwrap();
        assert_eq!(silent.ready(Step::IdNumber, NOW), Ok(Ready::Take), "it may be tried again");
        own.record(Step::IdNumber, Outcome::Pass, NOW).unwrap();
        assert_eq!(own.ready(Step::Phone, NOW), Ok(Ready::Take));
    }

    #[test]
    fn steps_are_taken_in_order() {
        let mut session = Session::open(Purpose::Register, NOW);
        assert_eq!(session.ready(Step::Face, NOW), Err(Refused::OutOfOrder { next: Step::IdNumber }));
        for step in Step::ALL {
            assert!(!session.complete());
            session.record(*step, Outcome::Pass, NOW).unwrap();
        }
        assert!(session.complete());
        assert_eq!(session.ready(Step::Face, NOW), Ok(Ready::AlreadyPassed));
    }

    #[test]
    fn the_fifth_refusal_locks_for_half_an_hour() {
        let mut session = Session::open(Purpose::SignIn, NOW);
        for _ in 0..5 {
            session.record(Step::IdNumber, Outcome::Fail, NOW).unwrap();
        }
        let until = NOW.plus_seconds(1800);
        assert_eq!(session.record(Step::IdNumber, Outcome::Pass, NOW), Err(Refused::Locked { until }));
        assert_eq!(session.record(Step::IdNumber, Outcome::Pass, until), Err(Refused::Expired));
    }

    #[test]
    fn an_expired_session_takes_nothing() {
        let mut session = Session::open(Purpose::SignIn, NOW);
        let late = NOW.plus_seconds(SESSION_SECONDS);
        assert_eq!(session.record(Step::IdNumber, Outcome::Pass, late), Err(Refused::Expired));
        assert_eq!(session, Session::open(Purpose::SignIn, NOW));
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![Just(Outcome::Pass), Just(Outcome::Fail), Just(Outcome::NoAnswer)]
    }

    proptest! {
        #[test]
        fn whatever_happens_the_invariants_hold(
            events in prop::collection::vec((0_usize..4, outcome(), 0_i64..60), 0..60),
        ) {
            let mut session = Session::open(Purpose::Register, NOW);
            let mut now = NOW;
            for (step, outcome, wait) in events {
                now = now.plus_seconds(wait);
                let before = session.clone();
                let step = Step::ALL[step];
                let taken = session.record(step, outcome, now);
                if taken.is_err() {
                    prop_assert_eq!(&session, &before, "a refusal changes nothing");
                }
                let passed: Vec<bool> = session.steps.iter().map(|p| p.state == StepState::Passed).collect();
                prop_assert!(passed.is_sorted_by(|a, b| a >= b), "passed steps are a prefix");
                for (old, new) in before.steps.iter().zip(&session.steps) {
                    prop_assert!(new.attempts_left <= old.attempts_left);
                    let newly = new.state == StepState::Passed && old.state != StepState::Passed;
                    prop_assert!(!newly || outcome == Outcome::Pass, "only a pass passes");
                    if outcome == Outcome::NoAnswer {
                        prop_assert_eq!(new.attempts_left, old.attempts_left);
                    }
                }
                let exhausted = session.steps.iter().any(|p| p.attempts_left == 0);
                prop_assert_eq!(exhausted, session.locked_until.is_some());
                prop_assert_eq!(session.complete(), passed.iter().all(|p| *p));
                prop_assert!(before.expires_at > now || session == before, "nothing moves after the end");
            }
        }
    }
}
