//! The states of a delivery and what each operation does to them.
//!
//! Invariant: nothing leaves DELIVERED, RETURNED or CANCELLED, and goods that were picked up end with the recipient or
//! back at the pharmacy.

use serde::{Deserialize, Serialize};

/// Attempts before the goods go back.
pub const ATTEMPTS: i32 = 2;

/// State of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// Created with the payment, goods not packed yet.
    Waiting,
    /// Packed, looks for a courier.
    Ready,
    /// A courier is on the way to the pharmacy.
    Assigned,
    PickedUp,
    Delivered,
    /// Attempts failed, going back.
    Returning,
    Returned,
    Cancelled,
}

impl State {
    pub const ALL: [State; 8] = [
        State::Waiting,
        State::Ready,
        State::Assigned,
        State::PickedUp,
        State::Delivered,
        State::Returning,
        State::Returned,
        State::Cancelled,
    ];

    /// The word it is stored and told under.
    pub const fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Ready => "ready",
            State::Assigned => "assigned",
            State::PickedUp => "picked_up",
            State::Delivered => "delivered",
            State::Returning => "returning",
            State::Returned => "returned",
            State::Cancelled => "cancelled",
        }
    }

    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether nothing more can happen.
    pub const fn has_ended(self) -> bool {
        matches!(self, State::Delivered | State::Returned | State::Cancelled)
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    MarkReady,
    Cancel,
    Assign,
    /// The courier gives it up before pick-up.
    Unassign,
    PickUp,
    Deliver,
    FailAttempt {
        /// Before this one.
        failed_attempts: i32,
    },
    Return,
}

/// What an operation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    To(State),
    /// It happened before, or a later report made it pointless: answer the present state, change nothing.
    Already,
}

/// The state forbids it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("goods are with the courier")]
    PickedUp,
    #[error("goods are not with the courier")]
    NotPickedUp,
    #[error("goods are not packed or not assigned")]
    NotAssigned,
    #[error("the delivery was called off")]
    Cancelled,
    #[error("the goods went back")]
    Returned,
    #[error("the goods were handed over")]
    Delivered,
    #[error("attempts are left")]
    AttemptsLeft,
}

/// The table of states and operations. A late report of something that already happened is harmless.
///
/// # Errors
/// [`Refusal`] when the state forbids the operation.
pub fn decide(state: State, operation: Operation) -> Result<Step, Refusal> {
    match operation {
        Operation::MarkReady => mark_ready(state),
        Operation::Cancel => cancel(state),
        Operation::Assign => assign(state),
        Operation::Unassign => match state {
            State::Assigned => Ok(Step::To(State::Ready)),
            _ => Ok(Step::Already),
        },
        Operation::PickUp => pick_up(state),
        Operation::Deliver => deliver(state),
        Operation::FailAttempt { failed_attempts } => fail_attempt(state, failed_attempts),
        Operation::Return => bring_back(state),
    }
}

fn mark_ready(state: State) -> Result<Step, Refusal> {
    match state {
        State::Waiting => Ok(Step::To(State::Ready)),
        State::Cancelled => Err(Refusal::Cancelled),
        _ => Ok(Step::Already),
    }
}

fn cancel(state: State) -> Result<Step, Refusal> {
    match state {
        State::Waiting | State::Ready | State::Assigned => Ok(Step::To(State::Cancelled)),
        State::PickedUp | State::Returning => Err(Refusal::PickedUp),
        State::Delivered | State::Returned | State::Cancelled => Ok(Step::Already),
    }
}

fn assign(state: State) -> Result<Step, Refusal> {
    match state {
        State::Ready | State::Assigned => Ok(Step::To(State::Assigned)),
        State::Waiting => Err(Refusal::NotAssigned),
        State::Cancelled => Err(Refusal::Cancelled),
        _ => Err(Refusal::PickedUp),
    }
}

fn pick_up(state: State) -> Result<Step, Refusal> {
    match state {
        State::Assigned => Ok(Step::To(State::PickedUp)),
        State::Waiting | State::Ready => Err(Refusal::NotAssigned),
        State::Cancelled => Err(Refusal::Cancelled),
        _ => Ok(Step::Already),
    }
}

fn deliver(state: State) -> Result<Step, Refusal> {
    match state {
        // the recipient's code proves the hand-over even when the courier had given up before
        State::PickedUp | State::Returning => Ok(Step::To(State::Delivered)),
        State::Delivered => Ok(Step::Already),
        State::Returned => Err(Refusal::Returned),
        State::Cancelled => Err(Refusal::Cancelled),
        State::Waiting | State::Ready | State::Assigned => Err(Refusal::NotPickedUp),
    }
}

fn fail_attempt(state: State, failed_attempts: i32) -> Result<Step, Refusal> {
    match state {
        State::PickedUp if failed_attempts + 1 < ATTEMPTS => Ok(Step::To(State::PickedUp)),
        State::PickedUp => Ok(Step::To(State::Returning)),
        State::Delivered | State::Returning | State::Returned => Ok(Step::Already),
        State::Cancelled => Err(Refusal::Cancelled),
        State::Waiting | State::Ready | State::Assigned => Err(Refusal::NotPickedUp),
    }
}

fn bring_back(state: State) -> Result<Step, Refusal> {
    match state {
        State::Returning => Ok(Step::To(State::Returned)),
        State::Returned => Ok(Step::Already),
        State::PickedUp => Err(Refusal::AttemptsLeft),
        State::Delivered => Err(Refusal::Delivered),
        State::Cancelled => Err(Refusal::Cancelled),
        State::Waiting | State::Ready | State::Assigned => Err(Refusal::NotPickedUp),
    }
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailedAttempt {
    NoOneHome,
    Refused,
    WrongAddress,
    Unreachable,
}

impl FailedAttempt {
    pub const ALL: [FailedAttempt; 4] = [
        FailedAttempt::NoOneHome,
        FailedAttempt::Refused,
        FailedAttempt::WrongAddress,
        FailedAttempt::Unreachable,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            FailedAttempt::NoOneHome => "no_one_home",
            FailedAttempt::Refused => "refused",
            FailedAttempt::WrongAddress => "wrong_address",
            FailedAttempt::Unreachable => "unreachable",
        }
    }

    pub fn from_word(word: &str) -> Option<FailedAttempt> {
        FailedAttempt::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

#[cfg(test)]
mod tests;
