//! An outside courier company's job: it moves one step each time somebody asks.

/// State of a job, as the hook words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Waiting,
    Assigned,
    PickedUp,
    Delivered,
    Cancelled,
}

impl State {
    const ALL: [State; 5] =
        [State::Waiting, State::Assigned, State::PickedUp, State::Delivered, State::Cancelled];

    pub const fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Assigned => "assigned",
            State::PickedUp => "picked_up",
            State::Delivered => "delivered",
            State::Cancelled => "cancelled",
        }
    }

    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    /// The state after the one just told.
    pub const fn next(self) -> State {
        match self {
            State::Waiting => State::Assigned,
            State::Assigned => State::PickedUp,
            State::PickedUp | State::Delivered => State::Delivered,
            State::Cancelled => State::Cancelled,
        }
    }

    /// Whether it can still be called off.
    pub const fn can_cancel(self) -> bool {
        matches!(self, State::Waiting | State::Assigned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_ends_and_stays_ended() {
        let mut state = State::Waiting;
        for _ in 0..5 {
            state = state.next();
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(state, State::Delivered);
        assert!(!state.can_cancel());
        assert_eq!(State::Cancelled.next(), State::Cancelled);
    }
}
