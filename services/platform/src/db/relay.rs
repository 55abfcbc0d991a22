//! The relay: publishes the outbox of one database, at once after a commit here and twice a second for what others left.
//!
//! A bus that is another server may lose its memory after it took an event and before every consumer had it. So published
//! rows are kept, each with the epoch of the bus that has it (a random key in that memory). When a relay finds another
//! epoch, every kept row of older ones waits again; the consumers' inboxes make the repeat harmless. When the server was
//! only replaced (its newest moments may be lost: a crash between two writes to its disk, a standby that was behind), what
//! was published since a minute before the relay last saw the old one waits again.
//!
//! Invariant: a row is marked with an epoch that was read before the row was published. Were the memory lost in between,
//! the mark names the lost one and the row is published again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use liufang_kernel::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Db, DbFault, outbox};
use crate::bus::{Bus, BusError, Epoch, Event};
use crate::metrics;
use crate::retry::Retry;

/// What a replaced server may have lost, with a margin for clocks.
const NEWEST_SECONDS: i64 = 60;
/// In the metrics.
const NAME: &str = "outbox-relay";
const IDLE: Duration = Duration::from_millis(500);

/// Why a step of the relay ended early. What it did not publish stays in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("{}", .0.cause())]
    Db(#[from] DbFault),
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// The relay of one database.
pub struct Relay {
    /// Whose outbox it is, in the metrics.
    role: &'static str,
    db: Db,
    bus: Arc<dyn Bus>,
    /// The epoch of the last step, and when it was read.
    seen: Option<(Epoch, Timestamp)>,
}

impl Relay {
    pub fn new(db: Db, bus: Arc<dyn Bus>) -> Relay {
        Relay { role: "", db, bus, seen: None }
    }

    /// The role it works for, in the metrics.
    #[must_use]
    pub fn of(mut self, role: &'static str) -> Relay {
        metrics::worker(role, NAME);
        self.role = role;
        self
    }

    /// Publishes one batch in order of writing; answers how many were published. An event that is refused is tried again
    /// later with growing delays, and others go on; when the bus is away they all wait.
    pub async fn step(&mut self) -> Result<usize, RelayError> {
        let now = self.db.shared.clock.now();
        let epoch = self.bus.epoch().await?;
        self.replay(&epoch).await?;
        self.seen = Some((epoch.clone(), now));
        let mut leased = outbox::lease(&self.db, now).await?.into_iter();
        let mut published = Vec::new();
        let mut outage = None;
        for (event, attempts) in leased.by_ref() {
            match self.bus.publish(&event).await {
                Ok(()) if self.bus.is_remote() => published.push(event.id),
                // a delivery in this process takes its time: not to be done again because the next one failed
                Ok(()) => {
                    outbox::remove(&self.db, &event.id).await?;
                    published.push(event.id);
                }
                Err(error) if self.bus.is_remote() && error.is_transient() => {
                    outage = Some((event, error));
                    break;
                }
                Err(error) => {
                    tracing::info!(topic = event.topic, attempts, "event not delivered yet: {error}");
                    outbox::delay(&self.db, &event.id, retry_at(now, attempts)).await?;
                }
            }
        }
        self.note(&published, &epoch, now).await?;
        let Some((event, error)) = outage else { return Ok(published.len()) };
        let rest: Vec<String> =
            std::iter::once(event.id).chain(leased.map(|(event, _): (Event, i64)| event.id)).collect();
        outbox::release(&self.db, &rest).await?;
        Err(error.into())
    }

    async fn note(&self, published: &[String], epoch: &Epoch, now: Timestamp) -> Result<(), DbFault> {
        match (self.bus.is_remote(), self.bus.may_forget()) {
            (true, true) => outbox::mark(&self.db, published, &epoch.id, now).await,
            (true, false) => outbox::remove_all(&self.db, published).await,
            // removed one by one
            (false, _) => Ok(()),
        }
    }

    /// Lets rows wait again that the bus may not have any more.
    async fn replay(&self, epoch: &Epoch) -> Result<(), DbFault> {
        if !self.bus.may_forget() {
            return Ok(());
        }
        let replayed = match &self.seen {
            Some((seen, _)) if seen == epoch => 0,
            // an id that we have not seen in this process: another one may have seen it lose its memory, and died
            Some((seen, at)) if seen.id == epoch.id => {
                let (since, now) = (at.plus_seconds(-NEWEST_SECONDS), self.db.shared.clock.now());
                outbox::forget_since(&self.db, &epoch.id, since, now).await?
            }
            _ => outbox::forget_other_epochs(&self.db, &epoch.id).await?,
        };
        if 0 < replayed {
            tracing::warn!(events = replayed, "the bus may have lost events; they are published again");
        }
        Ok(())
    }

    /// Steps until `shutdown`, while the database can be used.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let gate = self.db.gate();
        let mut retry = Retry::new(Duration::from_millis(500), Duration::from_secs(5));
        while !shutdown.is_cancelled() {
            tokio::select! { () = gate.wait() => {} () = shutdown.cancelled() => return }
            let started = Instant::now();
            let stepped = self.step().await;
            metrics::worker_stepped(self.role, NAME, started.elapsed(), stepped.is_err());
            let pause = match stepped {
                Ok(handled) => {
                    retry.succeeded();
                    if 0 < handled {
                        continue;
                    }
                    IDLE
                }
                Err(error) => {
                    let (pause, speak) = retry.failed();
                    if speak {
                        tell(&error);
                    }
                    tokio::select! { () = tokio::time::sleep(pause) => {} () = shutdown.cancelled() => {} }
                    continue;
                }
            };
            tokio::select! {
                () = outbox::wait(&self.db) => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }
}

/// An outage is told by the health of the process, once.
fn tell(error: &RelayError) {
    match error {
        RelayError::Bus(error) if error.is_transient() => tracing::debug!("outbox waits: {error}"),
        RelayError::Db(DbFault::Unavailable(_) | DbFault::Closed | DbFault::LostRace) => {
            tracing::debug!("outbox waits: {error}");
        }
        _ => tracing::warn!("outbox will be tried again: {error}"),
    }
}

/// A fifth of a second after the first failure, doubling up to a minute and a half.
fn retry_at(now: Timestamp, attempts: i64) -> Timestamp {
    Timestamp(now.0 + (100_000_i64 << attempts.clamp(0, 10)))
}
