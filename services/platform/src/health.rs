//! Whether this process can do its work, for probes and balancers.
//!
//! Ready: every database answers, has no pending migration and no row under a data key that is not here, and the process is not stopping. The bus is reported and not
//! required: without it calls are still answered, and the outbox keeps what is to be told. Alive: the process runs;
//! databases have no say, since a restart does not mend them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde::{Serialize, Serializer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::db::{Db, DbFault, DbState};
use crate::migrate::Migration;
use crate::retry::Retry;
use crate::sealed::SealedTable;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
const BUS_TIMEOUT: Duration = Duration::from_secs(2);

/// One database and what it must have.
pub struct Watched {
    pub role: &'static str,
    pub db: Db,
    pub migrations: &'static [Migration],
    pub sealed: &'static [SealedTable],
}

/// What probes are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ready: bool,
    /// Why not.
    pub reasons: Vec<Reason>,
    /// What is wrong and does not matter for readiness.
    pub notes: Vec<String>,
}

/// Why a process is not ready; in a report, one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Stopping,
    Database { role: &'static str, state: DbState },
}

impl Reason {
    /// The same trouble, whatever words the database has for it by now: an outage goes through several.
    fn is_like(&self, other: &Reason) -> bool {
        match (self, other) {
            (Reason::Database { role, state }, Reason::Database { role: of, state: was }) => {
                role == of && std::mem::discriminant(state) == std::mem::discriminant(was)
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason::Database { role, state } = self else { return f.write_str("stopping") };
        write!(f, "database of {role}: ")?;
        match state {
            DbState::Ready => f.write_str("ready"),
            DbState::Unknown => f.write_str("not looked at yet"),
            DbState::Away(error) => write!(f, "does not answer: {error}"),
            DbState::Pending(pending) => write!(f, "{pending} migrations pending"),
            DbState::Broken(error) => write!(f, "cannot be used: {error}"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The health of one process; cheap to clone.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    databases: Vec<Watched>,
    bus: Arc<dyn Bus>,
    services: Vec<&'static str>,
    migrate: bool,
    draining: AtomicBool,
    found: watch::Sender<Report>,
}

impl Health {
    /// `services` are the full names of the gRPC services of this process. With `migrate`, pending migrations are run.
    pub fn new(
        databases: Vec<Watched>,
        bus: Arc<dyn Bus>,
        services: Vec<&'static str>,
        migrate: bool,
    ) -> Health {
        let (found, _) = watch::channel(Report::default());
        let draining = AtomicBool::new(false);
        Health(Arc::new(Inner { databases, bus, services, migrate, draining, found }))
    }

    /// The first look: a database that is away is waited for later, a migration that fails is an error.
    pub async fn start(&self) -> Result<(), DbFault> {
        let looks = self.0.databases.iter().map(|watched| self.0.bring_up(watched));
        for brought in join_all(looks).await {
            match brought {
                Err(fault @ (DbFault::Unavailable(_) | DbFault::Silent | DbFault::LostRace)) => {
                    tracing::debug!("not at the first try: {}", fault.cause());
                }
                other => other?,
            }
        }
        self.publish().await;
        Ok(())
    }

    /// Looks every second until `shutdown`, and says what has changed.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut retries: Vec<Retry> =
            self.0.databases.iter().map(|_| Retry::new(INTERVAL, INTERVAL * 30)).collect();
        while !shutdown.is_cancelled() {
            tokio::select! { () = tokio::time::sleep(INTERVAL) => {} () = shutdown.cancelled() => return }
            let looks = self.0.databases.iter().zip(&mut retries).map(|(watched, retry)| async move {
                match self.0.bring_up(watched).await {
                    Ok(()) => retry.succeeded(),
                    Err(fault) => self.0.tell_migration(watched, &fault, retry),
                }
            });
            join_all(looks).await;
            self.publish().await;
        }
    }

    /// Not ready any more: the process is about to stop.
    pub fn drain(&self) {
        self.0.found.send_if_modified(|report| {
            // set inside: the next look adds to what is told here, one that is under way cannot come between
            let first = !self.0.draining.swap(true, Ordering::SeqCst);
            if first {
                tracing::info!("not ready: stopping");
                report.ready = false;
                report.reasons.push(Reason::Stopping);
            }
            first
        });
    }

    pub fn is_ready(&self) -> bool {
        self.0.found.borrow().ready
    }

    pub fn report(&self) -> Report {
        self.0.found.borrow().clone()
    }

    /// Told of every change.
    pub fn subscribe(&self) -> watch::Receiver<Report> {
        self.0.found.subscribe()
    }

    /// Whether this process has the gRPC service; the empty name means all of it.
    pub fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.0.services.contains(&service)
    }

    async fn publish(&self) {
        let bus = self.0.bus_is_away().await;
        self.0.found.send_if_modified(|report| {
            // read inside: a drain that begins meanwhile must not be overwritten
            let now = self.0.found(bus);
            let changed = *report != now;
            if changed {
                tell(report, &now);
                *report = now;
            }
            changed
        });
    }
}

impl Inner {
    async fn bring_up(&self, watched: &Watched) -> Result<(), DbFault> {
        let state = watched.db.look(watched.migrations, watched.sealed).await;
        if self.migrate && matches!(state, DbState::Pending(_)) {
            let ran = watched.db.migrate(watched.migrations).await?;
            tracing::debug!(role = watched.role, ran = ran.len(), "migrated at start");
            watched.db.look(watched.migrations, watched.sealed).await;
        }
        Ok(())
    }

    async fn bus_is_away(&self) -> Option<String> {
        if self.databases.is_empty() {
            // a gateway has nothing to tell or hear
            return None;
        }
        match tokio::time::timeout(BUS_TIMEOUT, self.bus.epoch()).await {
            Ok(epoch) => epoch.err().map(|error| error.to_string()),
            Err(_) => Some("does not answer".to_owned()),
        }
    }

    fn tell_migration(&self, watched: &Watched, fault: &DbFault, retry: &mut Retry) {
        if retry.failed().1 && !matches!(fault, DbFault::Unavailable(_) | DbFault::LostRace) {
            tracing::error!(role = watched.role, "migration failed: {}", fault.cause());
        }
    }

    fn found(&self, bus: Option<String>) -> Report {
        let mut reasons: Vec<Reason> = self.databases.iter().filter_map(reason).collect();
        if self.draining.load(Ordering::SeqCst) {
            reasons.push(Reason::Stopping);
        }
        let notes = bus.map(|error| format!("bus: {error}")).into_iter().collect();
        Report { ready: reasons.is_empty(), reasons, notes }
    }
}

fn reason(watched: &Watched) -> Option<Reason> {
    let state = watched.db.state();
    (state != DbState::Ready).then_some(Reason::Database { role: watched.role, state })
}

/// Reasons of a kind that was not there before.
fn news<'a>(was: &Report, now: &'a Report) -> impl Iterator<Item = &'a Reason> {
    now.reasons.iter().filter(|reason| !was.reasons.iter().any(|old| old.is_like(reason)))
}

/// One line for each thing that changed.
fn tell(was: &Report, now: &Report) {
    for reason in news(was, now) {
        tracing::warn!("not ready: {reason}");
    }
    for line in now.notes.iter().filter(|_| was.notes.is_empty()) {
        tracing::warn!("waiting for the bus, events stay in the outbox: {line}");
    }
    if now.ready && !was.ready {
        tracing::info!("ready");
    }
    if now.notes.is_empty() && !was.notes.is_empty() {
        tracing::info!("the bus answers again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(reasons: impl IntoIterator<Item = (&'static str, DbState)>) -> Report {
        let reasons = reasons.into_iter().map(|(role, state)| Reason::Database { role, state });
        let reasons: Vec<_> = reasons.collect();
        Report { ready: reasons.is_empty(), reasons, notes: Vec::new() }
    }

    fn told(was: &Report, now: &Report) -> Vec<String> {
        news(was, now).map(ToString::to_string).collect()
    }

    #[test]
    fn an_outage_is_told_of_once_whatever_it_is_called_meanwhile() {
        let away = |words: &str| DbState::Away(words.to_owned());
        let well = report([]);
        let begun = report([("order", away("connection refused"))]);
        assert_eq!(told(&well, &begun), ["database of order: does not answer: connection refused"]);
        let goes_on = report([("order", away("the database system is starting up"))]);
        assert!(told(&begun, &goes_on).is_empty());
        let other = report([("order", away("time-out")), ("identity", away("time-out"))]);
        assert_eq!(told(&goes_on, &other), ["database of identity: does not answer: time-out"]);
        let pending = report([("order", DbState::Pending(2))]);
        assert_eq!(told(&other, &pending), ["database of order: 2 migrations pending"]);
        assert!(told(&pending, &report([("order", DbState::Pending(1))])).is_empty());
        assert_eq!(told(&well, &begun).len(), 1, "the next outage is told of again");
    }

    #[tokio::test]
    async fn a_process_that_stops_says_so_once() {
        let health = Health::new(Vec::new(), Arc::new(crate::bus::LocalBus::default()), Vec::new(), false);
        health.start().await.unwrap();
        assert!(health.is_ready());
        let mut changes = health.subscribe();
        health.drain();
        assert!(changes.has_changed().unwrap());
        let drained = changes.borrow_and_update().clone();
        assert_eq!((drained.ready, &drained.reasons[..]), (false, &[Reason::Stopping][..]));
        // neither a second word nor a look changes anything
        health.drain();
        health.publish().await;
        assert!(!changes.has_changed().unwrap());
        assert_eq!(serde_json::to_value(&drained).unwrap()["reasons"], serde_json::json!(["stopping"]));
    }
}
