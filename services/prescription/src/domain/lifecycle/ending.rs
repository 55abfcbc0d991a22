//! How a claim or nomination ends: by its order, by a reversal, by time, by a verdict.

use liufang_kernel::Timestamp;

use super::{Next, Status, quiet};
use crate::domain::operation::{News, ReleaseReason};
use crate::domain::refusal::Refusal;
use crate::domain::state::{Review, State, Use};

/// Harmless when the order has nothing (any more), in every state: it is a compensation.
pub(super) fn release_nomination(status: &Status, order_id: &str) -> Result<Next, Refusal> {
    if status.order_id != order_id || status.state.is_terminal() {
        return Ok(quiet(status.clone()));
    }
    if status.handed {
        return Err(Refusal::Used);
    }
    let mut next = status.clone();
    next.release();
    next.review = Review::Pending;
    Ok(quiet(next))
}

/// Frees the prescription for another order; an expired or revoked one stays what it is. Harmless twice.
pub(super) fn reverse(status: &Status, order_id: &str) -> Next {
    let mut next = status.clone();
    if next.order_id == order_id && matches!(next.state, State::Active | State::Expired) {
        next.release();
        if next.state == State::Active {
            next.review = Review::Pending;
        }
    }
    quiet(next)
}

pub(super) fn expire(status: &Status, now: Timestamp) -> Next {
    if status.state_at(now) != State::Expired || status.state == State::Expired {
        return quiet(status.clone());
    }
    // a fully used one is over for the order: nothing to release, and the holder stays on record
    let open_order = !status.nominee.is_empty() && status.used != Use::Used;
    let mut next = if open_order { end_claim(status, ReleaseReason::Expired) } else { quiet(status.clone()) };
    next.status.state = State::Expired;
    next.status.review = status.review;
    next
}

/// A pharmacy that claims and never reviews would keep the patient waiting for ever.
pub(super) fn lapse(status: &Status, now: Timestamp) -> Next {
    let waiting =
        status.is_held() && status.review == Review::Pending && status.state_at(now) == State::Active;
    if waiting && status.claim_until <= now {
        end_claim(status, ReleaseReason::GivenBack)
    } else {
        quiet(status.clone())
    }
}

pub(super) fn end_claim(status: &Status, reason: ReleaseReason) -> Next {
    let mut next = status.clone();
    let order_id = next.order_id.clone();
    next.release();
    next.review = Review::Pending;
    Next { status: next, news: vec![News::Released { order_id, reason }] }
}
