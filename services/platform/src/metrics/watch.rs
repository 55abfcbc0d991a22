//! Gauges that are read from a role's database, by every replica; take `max()` over them.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use liufang_kernel::Fault;
use tokio_util::sync::CancellationToken;

use super::{board, catalog};
use crate::db::{Db, outbox};

type Read = Pin<Box<dyn Future<Output = Result<i64, String>> + Send>>;

/// A number of a service's own that is read every few seconds.
#[derive(Clone)]
pub struct Gauge {
    pub name: &'static str,
    /// A second label beside `role`.
    label: Option<(&'static str, &'static str)>,
    read: Arc<dyn Fn() -> Read + Send + Sync>,
}

impl Gauge {
    /// `name` is one of the catalog with the single label `role`; `read` answers its value in the unit the name says.
    pub fn new<R, F, E>(name: &'static str, read: R) -> Gauge
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<i64, E>> + Send + 'static,
        E: Fault,
    {
        let read = move || -> Read {
            let future = read();
            Box::pin(async move { future.await.map_err(|fault| fault.to_string()) })
        };
        Gauge { name, label: None, read: Arc::new(read) }
    }

    /// One of several rows of a metric that has a second label; its values are known beforehand, so that a row never vanishes.
    #[must_use]
    pub fn of(mut self, label: &'static str, value: &'static str) -> Gauge {
        self.label = Some((label, value));
        self
    }

    fn labels(&self, role: &'static str) -> Vec<(&'static str, &'static str)> {
        [("role", role)].into_iter().chain(self.label).collect()
    }

    /// The present value.
    pub async fn read(&self) -> Result<i64, String> {
        (self.read)().await
    }
}

/// What of a role is read.
pub struct Watched {
    pub role: &'static str,
    pub db: Db,
    pub max_connections: u32,
    pub gauges: Vec<Gauge>,
    pub every: Duration,
}

/// Reads until `shutdown`. The pool is looked at by each scrape, the database every few seconds.
pub async fn watch(watched: Watched, shutdown: CancellationToken) {
    let labels = [("role", watched.role)];
    board::set(catalog::DB_CONNECTIONS_MAX, &labels, i64::from(watched.max_connections));
    pool(&watched);
    let mut blind = BTreeSet::new();
    while !shutdown.is_cancelled() {
        // a database that does not answer must not hold the end up
        tokio::select! { () = read_all(&watched, &mut blind) => {} () = shutdown.cancelled() => {} }
        tokio::select! { () = tokio::time::sleep(watched.every) => {} () = shutdown.cancelled() => {} }
    }
    for gauge in &watched.gauges {
        board::clear(gauge.name, &gauge.labels(watched.role));
    }
    for name in [catalog::OUTBOX_WAITING, catalog::OUTBOX_OLDEST] {
        board::clear(name, &labels);
    }
    for state in ["idle", "used"] {
        board::clear(catalog::DB_CONNECTIONS, &[("role", watched.role), ("state", state)]);
    }
}

fn pool(watched: &Watched) {
    let db = watched.db.clone();
    board::set_live(catalog::DB_CONNECTIONS, &[("role", watched.role), ("state", "idle")], move || {
        Some(i64::from(db.pool().idle))
    });
    let db = watched.db.clone();
    board::set_live(catalog::DB_CONNECTIONS, &[("role", watched.role), ("state", "used")], move || {
        Some(i64::from(db.pool().used))
    });
}

/// One round; `blind` are the gauges that could not be read in the last.
async fn read_all(watched: &Watched, blind: &mut BTreeSet<&'static str>) {
    let labels = [("role", watched.role)];
    match outbox::backlog(&watched.db).await {
        Ok((waiting, oldest)) => {
            let now = watched.db.shared.clock.now();
            let age = if waiting == 0 { 0 } else { now.seconds().saturating_sub(oldest.seconds()).max(0) };
            board::set(catalog::OUTBOX_WAITING, &labels, waiting);
            board::set(catalog::OUTBOX_OLDEST, &labels, age);
            blind.remove(catalog::OUTBOX_OLDEST);
        }
        Err(fault) => {
            tell(watched.role, catalog::OUTBOX_OLDEST, &fault.to_string(), blind);
            board::clear(catalog::OUTBOX_WAITING, &labels);
            board::clear(catalog::OUTBOX_OLDEST, &labels);
        }
    }
    for gauge in &watched.gauges {
        match gauge.read().await {
            Ok(value) => {
                board::set(gauge.name, &gauge.labels(watched.role), value);
                blind.remove(gauge.name);
            }
            Err(fault) => {
                tell(watched.role, gauge.name, &fault, blind);
                board::clear(gauge.name, &gauge.labels(watched.role));
            }
        }
    }
}

/// Said when it begins, not in every round.
fn tell(role: &str, gauge: &'static str, fault: &str, blind: &mut BTreeSet<&'static str>) {
    if blind.insert(gauge) {
        tracing::info!(role, gauge, "cannot be measured: {fault}");
    }
}
