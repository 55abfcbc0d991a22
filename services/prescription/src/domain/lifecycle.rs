//! The state machine of a prescription: `operation × state → next state or reason` (`domain.md` §1.2).
//!
//! The order of checks is part of the contract: exists → revoked/expired → credential → state → body. Existence, which
//! is for a pharmacy that it was chosen or holds, is checked by whoever loads the row. Invariants: the terminal states never change again; a prescription has one holder
//! at most, and the holder is its nominee; the review is pending whenever nobody has held it since the last nomination.

mod ending;

use liufang_kernel::Timestamp;

use super::counter::is_sale;
use super::operation::{News, Operation, ReleaseReason};
use super::refusal::Refusal;
use super::state::{Review, State, Use};
use ending::{end_claim, expire, lapse, release_nomination, reverse};

/// The moving part of a prescription. Empty text means nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    pub review: Review,
    pub used: Use,
    /// Prescriber.
    pub doctor: String,
    /// Reviewer in the hospital.
    pub hospital_pharmacist: String,
    /// Reviewer in the pharmacy.
    pub pharmacy_pharmacist: String,
    /// Pharmacy the patient chose.
    pub nominee: String,
    /// Pharmacy that claimed it.
    pub holder: String,
    /// Order behind the nomination.
    pub order_id: String,
    /// `valiEndTime`: from this moment on it is expired.
    pub valid_until: Timestamp,
    /// When an unreviewed claim lapses; zero while nobody holds it.
    pub claim_until: Timestamp,
    /// The prescriber has asked to revoke it as soon as nobody has it.
    pub revoke_asked: bool,
    /// The present claim has handed out something.
    pub handed: bool,
    /// A later use of a series is filled from here on; zero: from its issue.
    pub opens_at: Timestamp,
}

/// A decision: the next status and what others have to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub status: Status,
    pub news: Vec<News>,
}

impl Status {
    /// The state at `now`: a worker writes the expiry a moment later, but nobody may act in between.
    pub fn state_at(&self, now: Timestamp) -> State {
        if !self.state.is_terminal() && self.valid_until <= now { State::Expired } else { self.state }
    }

    pub fn is_held(&self) -> bool {
        !self.holder.is_empty()
    }

    fn release(&mut self) {
        self.nominee.clear();
        self.holder.clear();
        self.order_id.clear();
        self.claim_until = Timestamp(0);
        self.handed = false;
    }
}

/// Decides `operation` on `status` at `now`.
///
/// # Errors
/// The first reason that forbids it, in the order of checks above.
pub fn decide(status: &Status, operation: &Operation, now: Timestamp) -> Result<Next, Refusal> {
    decided(status, operation, now).map(revoked_when_free)
}

fn decided(status: &Status, operation: &Operation, now: Timestamp) -> Result<Next, Refusal> {
    match operation {
        Operation::ReviewDraft { pass, pharmacist } => review_draft(status, *pass, pharmacist, now),
        Operation::Upload { trace_matches, bad_signatures } => {
            upload(status, *trace_matches, bad_signatures, now)
        }
        Operation::Revoke { doctor, when_given_back } => revoke(status, doctor, *when_given_back, now),
        Operation::Nominate { pharmacy, order_id } => nominate(status, pharmacy, order_id, now),
        Operation::ReleaseNomination { order_id } => release_nomination(status, order_id),
        Operation::Claim { pharmacy, until } => claim(status, pharmacy, *until, now),
        Operation::ClaimAtCounter { pharmacy, sale_id, until } => {
            claim_at_counter(status, pharmacy, sale_id, *until, now)
        }
        Operation::TakeOver { pharmacy, secret_matches, sale_id, order_id } => {
            open(status, now)?;
            credential(status, pharmacy, *secret_matches)?;
            take_over(status, sale_id, order_id)
        }
        Operation::RecoverSecret { pharmacy } => {
            open(status, now)?;
            held_by(status, pharmacy)?;
            Ok(quiet(status.clone()))
        }
        Operation::GiveBack { pharmacy, secret_matches } => {
            open(status, now)?;
            credential(status, pharmacy, *secret_matches)?;
            may_give_back(status)?;
            Ok(end_claim(status, ReleaseReason::GivenBack))
        }
        Operation::Review { pharmacy, secret_matches, pass, pharmacist } => {
            open(status, now)?;
            credential(status, pharmacy, *secret_matches)?;
            review(status, *pass, pharmacist)
        }
        Operation::Dispense { order_id, secret_matches } => {
            open(status, now)?;
            dispense(status, order_id, *secret_matches)
        }
        Operation::ReverseDispense { order_id } => Ok(reverse(status, order_id)),
        Operation::Expire => Ok(expire(status, now)),
        Operation::LapseClaim => Ok(lapse(status, now)),
    }
}

fn quiet(status: Status) -> Next {
    Next { status, news: Vec::new() }
}

/// Revoked, expired and refused come before everything else: before the caller's credential too.
///
/// # Errors
/// How the prescription ended.
pub fn open(status: &Status, now: Timestamp) -> Result<(), Refusal> {
    match status.state_at(now) {
        State::Revoked => Err(Refusal::Revoked),
        State::Expired => Err(Refusal::Expired),
        State::Refused => Err(Refusal::DraftRefused),
        State::Active | State::Draft | State::Reviewed => Ok(()),
    }
}

fn active(status: &Status) -> Result<(), Refusal> {
    if status.state == State::Active { Ok(()) } else { Err(Refusal::NotActive(status.state)) }
}

fn opened(status: &Status, now: Timestamp) -> Result<(), Refusal> {
    if now < status.opens_at { Err(Refusal::NotOpen(status.opens_at)) } else { Ok(()) }
}

fn held_by(status: &Status, pharmacy: &str) -> Result<(), Refusal> {
    if status.is_held() && status.holder == pharmacy { Ok(()) } else { Err(Refusal::NotHeld) }
}

fn credential(status: &Status, pharmacy: &str, secret_matches: bool) -> Result<(), Refusal> {
    held_by(status, pharmacy)?;
    if secret_matches { Ok(()) } else { Err(Refusal::SecretInvalid) }
}

fn unused(status: &Status) -> Result<(), Refusal> {
    if status.used == Use::Unused { Ok(()) } else { Err(Refusal::Used) }
}

/// What is used up can be filled by nobody; a rest can.
fn left(status: &Status) -> Result<(), Refusal> {
    if status.used == Use::Used { Err(Refusal::Used) } else { Ok(()) }
}

/// An order that has handed out something ends by taking it back; a sale at the counter may leave its rest to others.
fn may_give_back(status: &Status) -> Result<(), Refusal> {
    left(status)?;
    if status.handed && !is_sale(&status.order_id) { Err(Refusal::Used) } else { Ok(()) }
}

/// The holder hands out nothing more: what is left is free for another pharmacy.
pub fn close(status: &Status) -> Status {
    let mut next = status.clone();
    next.release();
    next.review = Review::Pending;
    revoked_when_free(quiet(next)).status
}

fn review_draft(status: &Status, pass: bool, pharmacist: &str, now: Timestamp) -> Result<Next, Refusal> {
    open(status, now)?;
    if status.state != State::Draft {
        return Err(Refusal::AlreadyReviewed);
    }
    let mut next = status.clone();
    next.state = if pass { State::Reviewed } else { State::Refused };
    pharmacist.clone_into(&mut next.hospital_pharmacist);
    Ok(quiet(next))
}

fn upload(
    status: &Status,
    trace_matches: bool,
    bad: &[&'static str],
    now: Timestamp,
) -> Result<Next, Refusal> {
    open(status, now)?;
    if !trace_matches {
        return Err(Refusal::TraceCodeMismatch);
    }
    match status.state {
        State::Active => return Err(Refusal::TraceCodeSpent),
        State::Reviewed => {}
        other => return Err(Refusal::NotActive(other)),
    }
    if !bad.is_empty() {
        return Err(Refusal::SignatureInvalid(bad.to_vec()));
    }
    let next = Status { state: State::Active, ..status.clone() };
    Ok(Next { status: next, news: vec![News::Activated] })
}

fn revoke(status: &Status, doctor: &str, when_given_back: bool, now: Timestamp) -> Result<Next, Refusal> {
    open(status, now)?;
    if status.doctor != doctor {
        return Err(Refusal::PractitionerNotAllowed("NOT_THE_PRESCRIBER"));
    }
    unused(status)?;
    if status.is_held() && when_given_back {
        return Ok(quiet(Status { revoke_asked: true, ..status.clone() }));
    }
    if status.is_held() {
        return Err(Refusal::Held);
    }
    let nominated = !status.nominee.is_empty();
    let mut next = if nominated { end_claim(status, ReleaseReason::Revoked) } else { quiet(status.clone()) };
    next.status.state = State::Revoked;
    Ok(next)
}

/// A revocation asked for while a pharmacy held it takes effect in the step that frees it, whatever frees it: nobody is
/// chosen in between.
fn revoked_when_free(mut next: Next) -> Next {
    let status = &mut next.status;
    if status.revoke_asked && status.state == State::Active && status.nominee.is_empty() {
        status.state = State::Revoked;
    }
    next
}

fn nominate(status: &Status, pharmacy: &str, order_id: &str, now: Timestamp) -> Result<Next, Refusal> {
    free(status, now)?;
    Ok(chosen(status, pharmacy, order_id))
}

/// Somebody may choose a pharmacy for it now.
pub fn free(status: &Status, now: Timestamp) -> Result<(), Refusal> {
    open(status, now)?;
    active(status)?;
    left(status)?;
    if status.is_held() {
        return Err(Refusal::Held);
    }
    opened(status, now)
}

fn chosen(status: &Status, pharmacy: &str, order_id: &str) -> Next {
    let mut next = status.clone();
    pharmacy.clone_into(&mut next.nominee);
    order_id.clone_into(&mut next.order_id);
    next.review = Review::Pending;
    next.pharmacy_pharmacist.clear();
    let mut news = Vec::new();
    // the order that waited with it until now hears it from here: only this row knows which order came last
    if !status.order_id.is_empty() && status.order_id != order_id {
        let (order_id, reason) = (status.order_id.clone(), ReleaseReason::Replaced);
        news.push(News::Released { order_id, reason });
    }
    Next { status: next, news }
}

/// Choosing and claiming in one step: the patient stands at the counter.
fn claim_at_counter(
    status: &Status,
    pharmacy: &str,
    sale_id: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<Next, Refusal> {
    free(status, now)?;
    let mut next = chosen(status, pharmacy, sale_id);
    pharmacy.clone_into(&mut next.status.holder);
    next.status.claim_until = until;
    next.news.push(News::Claimed { order_id: sale_id.to_owned(), pharmacy: pharmacy.to_owned() });
    Ok(next)
}

/// The holder stays, and with it secret and review. What the sale has handed out before stays its own.
fn take_over(status: &Status, sale_id: &str, order_id: &str) -> Result<Next, Refusal> {
    if status.order_id == order_id {
        return Ok(quiet(status.clone()));
    }
    if !is_sale(sale_id) || status.order_id != sale_id {
        return Err(Refusal::OtherOrder);
    }
    if status.review != Review::Passed {
        return Err(Refusal::ReviewNotPassed);
    }
    if status.handed {
        return Err(Refusal::Used);
    }
    Ok(quiet(Status { order_id: order_id.to_owned(), ..status.clone() }))
}

fn claim(status: &Status, pharmacy: &str, until: Timestamp, now: Timestamp) -> Result<Next, Refusal> {
    // how a prescription of others ended is not its business
    if status.nominee != pharmacy {
        return Err(Refusal::TokenInvalid);
    }
    open(status, now)?;
    active(status)?;
    if status.is_held() {
        return Err(Refusal::Held);
    }
    left(status)?;
    opened(status, now)?;
    let mut next = status.clone();
    pharmacy.clone_into(&mut next.holder);
    next.claim_until = until;
    let told = News::Claimed { order_id: next.order_id.clone(), pharmacy: next.holder.clone() };
    Ok(Next { status: next, news: vec![told] })
}

fn review(status: &Status, pass: bool, pharmacist: &str) -> Result<Next, Refusal> {
    if status.review != Review::Pending {
        return Err(Refusal::AlreadyReviewed);
    }
    let told =
        News::Reviewed { order_id: status.order_id.clone(), pharmacy: status.holder.clone(), passed: pass };
    let mut next = if pass { quiet(status.clone()) } else { end_claim(status, ReleaseReason::Refused) };
    next.status.review = if pass { Review::Passed } else { Review::Refused };
    pharmacist.clone_into(&mut next.status.pharmacy_pharmacist);
    next.news.insert(0, told);
    Ok(next)
}

fn dispense(status: &Status, order_id: &str, secret_matches: bool) -> Result<Next, Refusal> {
    if !status.is_held() {
        return Err(Refusal::NotHeld);
    }
    if !secret_matches {
        return Err(Refusal::SecretInvalid);
    }
    if status.order_id != order_id {
        return Err(Refusal::OtherOrder);
    }
    if status.review != Review::Passed {
        return Err(Refusal::ReviewNotPassed);
    }
    left(status)?;
    Ok(quiet(Status { handed: true, ..status.clone() }))
}

#[cfg(test)]
mod tests;
