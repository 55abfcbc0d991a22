//! The saga: decisions become rows, rows become calls, answers become decisions. A crash between any two leaves a row
//! that a worker finds.

mod run;
mod save;
mod settle;

use std::time::Duration;

use liufang_platform::CallMeta;

use super::App;
use super::access;
use crate::domain::{Change, Order, Step};
use crate::error::OrderError;
use crate::store::{journal, orders};

/// How often a lost race for an order's row is tried again before the caller is asked to.
const RACES: usize = 5;
/// How long whoever makes a step has it alone: longer than any call may take. Steps are born with it, which spares the
/// ordinary course a write a step; a step made twice after all is one effect, its key being the same.
const LEASE_SECONDS: i64 = 20;
/// How often and how long a caller looks again while somebody else makes its step.
const TWIN_WAITS: u32 = 40;
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
        // what this loop itself made fresh is its own to go on with
        let mut made = operation.to_owned();
        loop {
            let db = self.deps.db.read();
            let Some(entry) = journal::first_open(db, &self.deps.cipher, id).await? else { break };
            let now = self.now();
            // a fresh step belongs to whoever made it; one that was tried already waits for its time
            let fresh = entry.attempts == 0 && entry.operation == made;
            if now < entry.due && !fresh {
                if !self.twin_waits(&entry, operation, &mut waited).await {
                    break;
                }
                continue;
            }
            // a fresh step is its maker's until it is due; only a step that is due must be taken first
            if !fresh && !self.lease(&entry, now.plus_seconds(LEASE_SECONDS)).await? {
                // somebody else makes it right now; a caller's twin waits for that answer
                if !self.twin_waits(&entry, operation, &mut waited).await {
                    break;
                }
                continue;
            }
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
        // somebody else made the step that was refused, and heard why
        if !operation.is_empty() && !journal::knows(db, id, operation).await? {
            return Err(OrderError::Changed);
        }
        let open = journal::first_open(db, &self.deps.cipher, id).await?;
        Ok(if open.is_some() { Driven::Waiting(None) } else { Driven::Finished })
    }

    /// A caller whose step somebody else is making — its own twin, or the worker — waits a little for that answer.
    async fn twin_waits(&self, entry: &journal::Entry, operation: &str, waited: &mut u32) -> bool {
        let asks = matches!(entry.step, Step::AwaitPayment | Step::AwaitRefund);
        if operation.is_empty() || asks || TWIN_WAITS <= *waited {
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
        let due = journal::due(self.deps.db.read(), self.now(), 16).await?;
        let mut moved = 0;
        // side by side: a peer that does not answer one order must not hold up the others
        let driven = futures::future::join_all(due.iter().map(|id| self.drive(id, ""))).await;
        for (id, driven) in due.iter().zip(driven) {
            match driven {
                Ok(Driven::Finished) => moved += 1,
                Ok(Driven::Waiting(_)) => {}
                Err(error) => tracing::info!(order = id, "saga will be resumed: {error}"),
            }
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
