//! What a change is made of: the answer that led to it, the story it tells, the steps it asks for.

use liufang_kernel::{Fen, Quantity, Sensitive};

use super::{Next, Order, Payers, Quote, SoldLot, State};

/// A successful answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nothing to remember.
    Done,
    Quoted {
        quote: Quote,
        payers: Payers,
    },
    Authorised {
        payment_id: String,
    },
    Payment(Payment),
    DeliveryCreated {
        delivery_id: String,
    },
    Sold(Vec<SoldLot>),
    Ready {
        hand_over_code: Sensitive<String>,
    },
    /// Some goods are back in stock: line and quantity.
    CameBack(Vec<(u32, Quantity)>),
    /// What they cost goes back.
    PartlyRefunded(Fen),
    /// The refund was taken; `complete` when all money is back.
    Refund {
        complete: bool,
    },
}

/// How a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// No outcome yet.
    Pending,
    Captured {
        setl_id: String,
    },
    /// Over without a capture.
    Ended {
        reason: String,
    },
}

/// A line for the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub step: &'static str,
    pub state: State,
    pub detail: String,
}

/// What follows from a change.
#[derive(Clone, Default)]
pub struct Change {
    pub story: Vec<Note>,
    pub next: Vec<Next>,
    /// Which open steps are given up.
    pub drop: Drop,
    /// The caller's operation failed, for this reason.
    pub refusal: Option<String>,
}

/// Which open steps of the journal a change gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drop {
    #[default]
    None,
    /// Those that go on; what gives something back stays.
    Forward,
    All,
}

impl Change {
    pub(super) fn note(mut self, order: &Order, step: &'static str, detail: impl Into<String>) -> Change {
        self.story.push(Note { step, state: order.state, detail: detail.into() });
        self
    }

    pub(super) fn then(mut self, next: Vec<Next>) -> Change {
        self.next.extend(next);
        self
    }

    pub(super) fn and(mut self, other: Change) -> Change {
        self.story.extend(other.story);
        self.next.extend(other.next);
        self.drop = self.drop.max(other.drop);
        self
    }

    pub(super) fn dropping(mut self) -> Change {
        self.drop = self.drop.max(Drop::Forward);
        self
    }

    pub(super) fn refused(mut self, reason: &str) -> Change {
        self.refusal = Some(reason.to_owned());
        self
    }

    /// Whether nothing is to be stored.
    pub fn is_empty(&self) -> bool {
        self.story.is_empty() && self.next.is_empty() && self.drop == Drop::None
    }
}
