//! The outside courier company: what its news means for a delivery it carries.

use super::delivery::{ATTEMPTS, Operation, State};

/// Stands in `courier_code` for the company's courier; no code of our own couriers looks like it.
pub const COURIER: &str = "@outside";

/// What the company tells of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    NotFound,
    Waiting,
    Assigned,
    PickedUp,
    Delivered,
    /// Could not be delivered; the goods are back at the pharmacy.
    Failed,
    Cancelled,
}

impl News {
    /// Reads the hook's word; an unknown word is no news.
    pub fn from_word(word: &str) -> Option<News> {
        Some(match word {
            "not_found" => News::NotFound,
            "waiting" => News::Waiting,
            "assigned" => News::Assigned,
            "picked_up" => News::PickedUp,
            "delivered" => News::Delivered,
            "failed" => News::Failed,
            "cancelled" => News::Cancelled,
            _ => return None,
        })
    }
}

/// The next operation that brings our state towards the company's; asked again until there is none.
pub fn follow(news: News, state: State) -> Option<Operation> {
    match (news, state) {
        (News::NotFound | News::Cancelled | News::Failed, State::Assigned) => Some(Operation::Unassign),
        (News::PickedUp | News::Delivered, State::Assigned) => Some(Operation::PickUp),
        (News::Delivered, State::PickedUp | State::Returning) => Some(Operation::Deliver),
        (News::Failed, State::PickedUp) => Some(Operation::FailAttempt { failed_attempts: ATTEMPTS - 1 }),
        (News::Failed, State::Returning) => Some(Operation::Return),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::delivery::{Step, decide};
    use super::*;

    const NEWS: [News; 7] = [
        News::NotFound,
        News::Waiting,
        News::Assigned,
        News::PickedUp,
        News::Delivered,
        News::Failed,
        News::Cancelled,
    ];

    /// The state after all of the news has been followed.
    fn after(news: News, mut state: State) -> State {
        for _ in 0..4 {
            let Some(operation) = follow(news, state) else { return state };
            match decide(state, operation) {
                Ok(Step::To(next)) => state = next,
                other => panic!("{news:?} in {state:?}: {other:?}"),
            }
        }
        panic!("{news:?} never settles");
    }

    #[test]
    fn news_settles_from_every_state() {
        for state in State::ALL {
            for news in NEWS {
                let end = after(news, state);
                assert!(!state.has_ended() || end == state);
            }
        }
        assert_eq!(after(News::Delivered, State::Assigned), State::Delivered);
        assert_eq!(after(News::Failed, State::PickedUp), State::Returned);
        assert_eq!(after(News::Cancelled, State::Assigned), State::Ready);
        assert_eq!(after(News::Cancelled, State::PickedUp), State::PickedUp, "goods do not vanish");
    }
}
