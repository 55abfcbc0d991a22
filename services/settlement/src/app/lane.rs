//! Group commit: requests of one region that arrive while a transaction runs share the next one. Whoever comes to an idle lane
//! runs at once, so one request alone waits for nobody; who comes meanwhile waits for one commit, not for a queue of them.
//!
//! Each keeps its own outcome: a refusal changes nothing for the others, and when a group cannot be written as a whole its
//! members are done one by one, by the same code. No outside call happens here.

mod decide;
mod group;
mod offers;
mod steps;
#[cfg(test)]
mod tests;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use liufang_platform::db::key_of;
use liufang_platform::{CallMeta, DbFault, stack};
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use crate::app::App;
use crate::app::authorise::Authorise;
use crate::app::messages::Heard;
use crate::app::quote::{Asking, Offered};
use crate::domain::payment::{Journal, Payment};
use crate::domain::quote::Quote;
use crate::error::SettlementError;

/// Members of one transaction at most.
const MOST: usize = 64;
/// How often everybody else that can run goes first.
const TURNS: usize = 8;
/// Tries of one member alone before its race is lost.
const TRIES: usize = 3;
/// Something to be written in its turn.
#[derive(Clone)]
pub(super) enum Op {
    /// Quotes have a lane of their own: they take no account and wait for no ledger.
    Offer(Box<Asking>),
    Authorise(Authorise, Arc<Quote>),
    /// Of the payment's capture.
    Start(String),
    /// What the outside said, and what is done next. Has a lane of its own as well.
    Save(Journal, Option<Heard>),
    Book(Journal, Arc<Quote>, Option<Heard>),
}

impl Op {
    /// Only what moves accounts has to wait for one another.
    fn lane(&self, region: &str) -> String {
        match self {
            Op::Offer(_) => format!("{region} quotes"),
            Op::Save(..) => format!("{region} steps"),
            Op::Authorise(..) | Op::Start(_) | Op::Book(..) => region.to_owned(),
        }
    }
}

/// What came of it.
pub(super) enum Done {
    Quoted(Box<Quote>),
    /// The same call was committed before.
    Kept(Offered),
    Authorised(Payment),
    /// None when there was nothing to start.
    Started(Option<Journal>),
    Saved(Journal),
}

/// One request in a lane.
struct Member {
    op: Op,
    meta: Option<CallMeta>,
    traceparent: String,
    request_id: String,
    /// Of who asks.
    span: Span,
}

impl Member {
    fn new(op: Op, meta: Option<CallMeta>) -> Member {
        let traceparent = stack::traceparent().unwrap_or_default();
        Member { op, meta, traceparent, request_id: stack::request_id(), span: Span::current() }
    }

    /// Two members that share one of these do not stand in one group: the second sees what the first left.
    fn keys(&self) -> Vec<String> {
        let (what, id) = match &self.op {
            Op::Offer(_) => ("", String::new()),
            Op::Authorise(body, _) => ("quote", body.quote_id.clone()),
            Op::Start(payment_id) => ("payment", payment_id.clone()),
            Op::Save(journal, _) | Op::Book(journal, ..) => ("payment", journal.payment_id.clone()),
        };
        let own = (!id.is_empty()).then(|| format!("{what} {id}"));
        own.into_iter().chain(self.meta.as_ref().and_then(key_of)).collect()
    }
}

type Answer = oneshot::Sender<Result<Done, SettlementError>>;

type Waiting = VecDeque<(Member, Answer)>;

/// Who waits, by lane; a lane is there while somebody runs it. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<BTreeMap<String, Waiting>>>);

impl Lanes {
    /// True when the lane was idle: the caller has to see that it runs.
    fn join(&self, lane: &str, member: Member, answer: Answer) -> bool {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = !lanes.contains_key(lane);
        lanes.entry(lane.to_owned()).or_default().push_back((member, answer));
        idle
    }

    fn waiting(&self, lane: &str) -> usize {
        let lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.get(lane).map_or(0, VecDeque::len)
    }

    /// The next group; none ends the lane.
    fn take(&self, lane: &str) -> Option<Vec<(Member, Answer)>> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = lanes.get_mut(lane).filter(|waiting| !waiting.is_empty());
        let Some(waiting) = waiting else {
            lanes.remove(lane);
            return None;
        };
        let (mut group, mut later) = (Vec::new(), Waiting::new());
        let mut taken = BTreeSet::new();
        while let Some(next) = waiting.pop_front() {
            let keys = next.0.keys();
            let free = group.len() < MOST && keys.iter().all(|key| !taken.contains(key));
            // who waits keeps its place before those of the same key that came later
            taken.extend(keys);
            if free { group.push(next) } else { later.push_back(next) }
        }
        *waiting = later;
        Some(group)
    }
}

impl App {
    /// How many wait in a lane for its next group; none when nobody runs it.
    #[cfg(test)]
    pub(crate) fn waiting(&self, lane: &str) -> Option<usize> {
        let lanes = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.get(lane).map(VecDeque::len)
    }

    /// Nobody waits in any lane, and nothing of one is on its way into the database.
    #[cfg(test)]
    pub(crate) fn lanes_rest(&self) -> bool {
        self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits for its turn in the region's lane for such things, and for what came of it.
    pub(super) async fn through(
        &self,
        region: &str,
        op: Op,
        meta: Option<CallMeta>,
    ) -> Result<Done, SettlementError> {
        let lane = op.lane(region);
        let lane = lane.as_str();
        let (answer, told) = oneshot::channel();
        if self.lanes.join(lane, Member::new(op, meta), answer) {
            // a task of its own: the deadline of the first must not end the others'
            let (app, lane) = (self.clone(), lane.to_owned());
            drop(tokio::spawn(async move { app.run_lane(&lane).await }));
        }
        told.await.unwrap_or(Err(SettlementError::Stored("lane")))
    }

    async fn run_lane(&self, lane: &str) {
        let mut before = 0;
        loop {
            self.collect(lane, before).await;
            let Some(group) = self.lanes.take(lane) else { break };
            before = group.len();
            let (members, answers): (Vec<Member>, Vec<Answer>) = group.into_iter().unzip();
            let members: Vec<&Member> = members.iter().collect();
            let results = self.run_group(lane, &members).await;
            for (answer, result) in answers.into_iter().zip(results) {
                // whoever asked may be gone; what was written stays
                let _ = answer.send(result);
            }
        }
    }

    /// Whoever is about to join a busy lane joins first: a larger group costs each of its members less. Nobody waits for the
    /// clock, and on an idle machine nobody waits at all.
    async fn collect(&self, lane: &str, before: usize) {
        for _ in 0..TURNS {
            if before < 2 || self.lanes.waiting(lane) >= MOST {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// All together; when that does not work, one by one.
    async fn run_group(&self, lane: &str, members: &[&Member]) -> Vec<Result<Done, SettlementError>> {
        if members.len() > 1 {
            match self.guarded(lane, members).await {
                Ok(results) => return results,
                // it would not answer the next one either
                Err(SettlementError::Db(DbFault::Unavailable(_) | DbFault::Silent | DbFault::Closed)) => {
                    return members.iter().map(|_| Err(DbFault::Silent.into())).collect();
                }
                Err(error) => tracing::debug!(members = members.len(), "group of payments undone: {error}"),
            }
        }
        let mut results = Vec::new();
        for member in members {
            results.push(self.alone(lane, member).await);
        }
        results
    }

    async fn alone(&self, lane: &str, member: &Member) -> Result<Done, SettlementError> {
        for _ in 1..TRIES {
            match self.guarded(lane, &[member]).await {
                // somebody outside the lane moved the same rows
                Err(SettlementError::LostRace | SettlementError::Db(DbFault::LostRace)) => {}
                done => return only(done?),
            }
        }
        only(self.guarded(lane, &[member]).await?)
    }

    /// A panic is an error of this group, and no end of the lane.
    async fn guarded(
        &self,
        lane: &str,
        members: &[&Member],
    ) -> Result<Vec<Result<Done, SettlementError>>, SettlementError> {
        let attempt = async {
            match members.first().map(|member| &member.op) {
                Some(Op::Offer(_)) => self.offer_group(members).await,
                Some(Op::Save(..)) => self.step_group(members).await,
                _ => self.book_group(lane, members).await,
            }
        };
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
        shown(lane, members, attempt).await.unwrap_or(Err(SettlementError::Stored("group")))
    }
}

/// Runs a transaction where its [`span_of`] is the current one.
async fn shown<T>(lane: &str, members: &[&Member], transaction: impl Future<Output = T>) -> T {
    let (request_id, span) = span_of(lane, members);
    stack::with_request_id(request_id, transaction.instrument(span)).await
}

/// A transaction is seen in one trace: that of the first call that somebody looks at. Whoever shares it has a link to it. What
/// workers do by themselves is no trace.
fn span_of(lane: &str, members: &[&Member]) -> (String, Span) {
    let mut calls = members.iter().filter(|member| !member.span.is_none()).peekable();
    let first = calls.peek().copied();
    // a traceparent ends with its flags
    let looked_at = calls.find(|member| member.traceparent.ends_with("-01"));
    let Some(shows) = looked_at.or(first) else { return (String::new(), Span::none()) };
    let span = tracing::info_span!(parent: &shows.span, "group", lane, members = members.len());
    for other in members.iter().filter(|member| !std::ptr::eq(**member, *shows)) {
        other.span.follows_from(&span);
    }
    (shows.request_id.clone(), span)
}

fn only(mut results: Vec<Result<Done, SettlementError>>) -> Result<Done, SettlementError> {
    results.pop().unwrap_or(Err(SettlementError::Stored("group")))
}
