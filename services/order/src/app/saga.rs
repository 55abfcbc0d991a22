//! The saga: decisions become rows, rows become calls, answers become decisions. A crash between any two leaves a row
//! that a worker finds.

mod run;
mod save;
mod settle;

use std::time::Duration;

use liufang_platform::CallMeta;

use super::App;
use super::access;
use crate::domain::{Change, Order};
use crate::error::OrderError;
use crate::store::{journal, orders};

/// How often a lost race for an order's row is tried again before the caller is asked to.
const RACES: usize = 5;
/// How long whoever makes a step has it alone: longer than any call may take. Steps are born with it, which spares the
/// ordinary course a write a step; a step made twice after all is one effect, its key being the same.
const LEASE_SECONDS: i64 = 20;
/// How often and how long a caller looks again while somebody else makes its step.
const TWIN_WAITS: u32 = 40;
/// Orders of one step of the worker.
const BATCH: u64 = 16;
const TWIN_PAUSE: Duration = Duration::from_millis(50);

impl App {
    /// Starts an operation on the caller's order: `decide` checks and changes it, the change is stored with its steps.
    /// A repeat of the same call starts nothing twice.
    pub(super) async fn start<F>(
        &self,
        meta: &CallMeta,
        id: &str,
        operation: &str,
        decide: F,
    ) -> Result<(), OrderError>
    where
        F: Fn(&mut Order) -> Result<Change, OrderError>,
    {
        for _ in 0..RACES {
            let work = self.deps.db.begin_step().await?;
            if journal::knows(work.tx(), id, operation).await? {
                return Ok(());
            }
            let order = orders::find(work.tx(), &self.deps.cipher, id).await?;
            let mut order = access::check(meta, order)?;
            let was = order.state;
            let change = decide(&mut order)?;
            match self.save(&work, &mut order, was, &change, operation).await {
                Ok(()) => {
                    work.done().await?;
                    return Ok(());
                }
                Err(error) if error.is_race() => work.cancel().await?,
                Err(error) => return Err(error),
            }
        }
        Err(OrderError::Changed)
    }

    /// Makes the order's open steps, one after another, until none is left or one has to wait.
    ///
    /// # Errors
    /// The refusal of a step that belongs to `operation`, after everything it had done was taken back;
    /// [`OrderError::Changed`] when somebody else made that step: the next call under the same key tries anew.
    pub(super) async fn drive(&self, id: &str, operation: &str) -> Result<Driven, OrderError> {
        let mut refused = None;
        let mut waited = 0;
        // a twin only waits; whoever made a step of the operation hears why it was refused
        let mut maker = false;
        // what this loop itself made fresh is its own to go on with
        let mut made = operation.to_owned();
        loop {
            let db = self.deps.db.read();
            let Some(entry) = journal::first_open(db, &self.deps.cipher, id).await? else { break };
            let now = self.now();
            // a fresh step belongs to whoever made it; one that was tried already waits for its time, and only one that is
            // due must be taken first
            let fresh = entry.attempts == 0 && entry.operation == made;
            let taken =
                fresh || (entry.due <= now && self.lease(&entry, now.plus_seconds(LEASE_SECONDS)).await?);
            if !taken {
                // somebody else makes it right now; a caller's twin waits for that answer
                if self.twin_waits(&entry, operation, &mut waited).await {
                    continue;
                }
                // its own step has no answer yet, and neither has the caller: nothing is stored under the key
                if !entry.step.is_question() && entry.operation == operation && !operation.is_empty() {
                    return Err(OrderError::Changed);
                }
                break;
            }
            maker |= entry.operation == operation;
            let ran = self.run(&entry).await;
            made.clone_from(&entry.operation);
            let settled = self.settle(&entry, ran).await?;
            if matches!(settled, settle::Settled::Went { refusal: Some(_) }) && !made.is_empty() {
                made = journal::failed(&made);
            }
            match settled {
                settle::Settled::Went { refusal: Some(error) } if entry.operation == operation => {
                    refused.get_or_insert(error);
                }
                settle::Settled::Went { .. } => {}
                settle::Settled::Waits => break,
                settle::Settled::Unreachable(error) => {
                    return match refused {
                        Some(refusal) => Err(refusal),
                        None => Ok(Driven::Waiting(Some(error))),
                    };
                }
            }
        }
        if let Some(error) = refused {
            return Err(error);
        }
        let db = self.deps.db.read();
        if !operation.is_empty() && !journal::knows(db, id, operation).await? {
            // news of the refusal came before our own step, or somebody else made that step and heard why
            let lost = if maker { journal::lost(db, id, operation).await? } else { None };
            return Err(lost.map_or(OrderError::Changed, |reason| OrderError::PaymentRefused { reason }));
        }
        let open = journal::first_open(db, &self.deps.cipher, id).await?;
        Ok(if open.is_some() { Driven::Waiting(None) } else { Driven::Finished })
    }

    /// A caller whose step somebody else is making — its own twin, or the worker — waits a little for that answer.
    async fn twin_waits(&self, entry: &journal::Entry, operation: &str, waited: &mut u32) -> bool {
        if operation.is_empty() || entry.step.is_question() || TWIN_WAITS <= *waited {
            return false;
        }
        *waited += 1;
        tokio::time::sleep(TWIN_PAUSE).await;
        true
    }

    async fn lease(
        &self,
        entry: &journal::Entry,
        until: liufang_kernel::Timestamp,
    ) -> Result<bool, OrderError> {
        let work = self.deps.db.begin_step().await?;
        let taken = journal::lease(work.tx(), entry, until).await?;
        work.done().await?;
        Ok(taken)
    }

    /// Resumes orders with a step due; answers how many.
    pub async fn resume_step(&self) -> Result<usize, OrderError> {
        let due = journal::due(self.deps.db.read(), self.now(), self.resuming.reach(BATCH)).await?;
        let due = self.resuming.pick(due, BATCH);
        let mut moved = 0;
        // side by side: a peer that does not answer one order must not hold up the others
        let driven = futures::future::join_all(due.iter().map(|id| self.drive(id, ""))).await;
        for (id, driven) in due.iter().zip(driven) {
            let driven = self.resuming.settle(id, driven)?;
            moved += usize::from(matches!(driven, Some(Driven::Finished)));
        }
        Ok(moved)
    }
}

/// Where driving ended.
pub(super) enum Driven {
    /// No step is open.
    Finished,
    /// A step is left to a worker; with the error of a service that could not be reached.
    Waiting(Option<OrderError>),
}

impl Driven {
    /// For operations whose answer is the effect itself: an unreachable service is the answer, and the same call may be
    /// repeated.
    pub(super) fn or_unreachable(self) -> Result<(), OrderError> {
        match self {
            Driven::Finished => Ok(()),
            Driven::Waiting(error) => Err(error.unwrap_or(OrderError::Changed)),
        }
    }
}
