//! The relay: publishes the outbox of one database, at once after a commit here and twice a second for what others left.
//!
//! A bus that is another server may lose its memory after it took an event and before every consumer had it. So published
//! rows are kept, each with a mark: the epoch of the bus that has it (a random key in that memory) and the run of the
//! server. A memory that was lost has another epoch; a server that was only replaced has another run, and what it lost is
//! not known (a second with an append-only file, an hour without one, whatever a standby was behind). Rows with another
//! mark than the present wait again, a portion at a time, so that news need not wait behind them; the consumers' inboxes
//! make the repeat harmless. A relay looks for such rows when the mark changes, when it starts (another process may have
//! seen the change, and died), and once a minute (another process may have written an old mark late, and died).
//!
//! Invariant: a row is marked with what was read before the row was published. Were the memory lost in between, the mark
//! names the lost one and the row is published again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use liufang_kernel::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Db, DbFault, outbox};
use crate::bus::{Bus, BusError};
use crate::metrics;
use crate::retry::Retry;

/// Between two looks for rows with another mark.
const LOOK_SECONDS: i64 = 60;
/// How many of them wait again at once: half of a step is left for news.
const PORTION: i64 = outbox::BATCH / 2;
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
    /// The mark beside which no other was found, and when that was.
    clean: Option<(String, Timestamp)>,
    /// Whether rows with other marks are being published again.
    replaying: bool,
    shutdown: CancellationToken,
}

impl Relay {
    pub fn new(db: Db, bus: Arc<dyn Bus>) -> Relay {
        let shutdown = CancellationToken::new();
        Relay { role: "", db, bus, clean: None, replaying: false, shutdown }
    }

    /// The role it works for, in the metrics.
    #[must_use]
    pub fn of(mut self, role: &'static str) -> Relay {
        metrics::worker(role, NAME);
        self.role = role;
        self
    }

    /// Publishes one batch in order of writing; answers how many were published. An event that is refused is tried again
    /// later with growing delays, and others go on; when the bus is away, or the process stops, they all wait.
    pub async fn step(&mut self) -> Result<usize, RelayError> {
        let now = self.db.shared.clock.now();
        let mark = self.bus.epoch().await?.mark();
        self.replay(&mark, now).await?;
        let mut leased = outbox::lease(&self.db, now).await?.into_iter();
        let mut published = Vec::new();
        let mut outage = None;
        while !self.shutdown.is_cancelled() {
            let Some((event, attempts)) = leased.next() else { break };
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
        self.note(&published, &mark, now).await?;
        let unpublished = outage.iter().map(|(event, _)| event.id.clone());
        let rest: Vec<String> = unpublished.chain(leased.map(|(event, _)| event.id)).collect();
        outbox::release(&self.db, &rest).await?;
        match outage {
            Some((_, error)) => Err(error.into()),
            None => Ok(published.len()),
        }
    }

    async fn note(&self, published: &[String], mark: &str, now: Timestamp) -> Result<(), DbFault> {
        match (self.bus.is_remote(), self.bus.may_forget()) {
            (true, true) => outbox::mark(&self.db, published, mark, now).await,
            (true, false) => outbox::remove_all(&self.db, published).await,
            // removed one by one
            (false, _) => Ok(()),
        }
    }

    /// Lets some rows wait again that the bus may not have any more.
    async fn replay(&mut self, mark: &str, now: Timestamp) -> Result<(), DbFault> {
        let is_clean =
            |(clean, at): &(String, Timestamp)| clean == mark && now < at.plus_seconds(LOOK_SECONDS);
        if !self.bus.may_forget() || self.clean.as_ref().is_some_and(is_clean) {
            return Ok(());
        }
        if outbox::forget(&self.db, mark, PORTION).await? == 0 {
            self.clean = Some((mark.to_owned(), now));
            self.replaying = false;
        } else if !std::mem::replace(&mut self.replaying, true) {
            tracing::warn!(role = self.role, "the bus may have lost events; they are published again");
        }
        Ok(())
    }

    /// Steps until `shutdown`, while the database can be used.
    pub async fn run(mut self, shutdown: CancellationToken) {
        self.shutdown = shutdown.clone();
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
