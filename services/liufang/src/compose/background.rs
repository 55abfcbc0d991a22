//! What runs beside the calls: workers, consumers, outbox relays. Each waits while its database cannot be used.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use liufang_platform::bus::{Bus, LocalBus, RedisBus};
use liufang_platform::config::Config;
use liufang_platform::db::relay::Relay;
use liufang_platform::db::{inbox, outbox};
use liufang_platform::{Db, Ids, Worker, sealed};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Built, Role};

/// The bus of this process.
#[allow(clippy::large_enum_variant, reason = "one per process, not a value that moves about")]
pub(super) enum Carrier {
    Local(LocalBus),
    Redis(RedisBus),
}

impl Carrier {
    pub fn of(config: &Config) -> Result<Carrier> {
        match config.bus.kind.as_str() {
            "local" => Ok(Carrier::Local(LocalBus::default())),
            _ => Ok(Carrier::Redis(RedisBus::new(&config.redis()).context("bus.url")?)),
        }
    }

    pub fn publisher(&self) -> Arc<dyn Bus> {
        match self {
            Carrier::Local(bus) => Arc::new(bus.clone()),
            Carrier::Redis(bus) => Arc::new(bus.clone()),
        }
    }
}

/// Starts everything; answers the workers, for tests that drive steps themselves.
pub(super) fn spawn(
    config: &Config,
    built: &mut [Built],
    carrier: Carrier,
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
) -> Vec<Worker> {
    let publisher = carrier.publisher();
    let mut all = Vec::new();
    for built in built.iter_mut() {
        let mut workers = std::mem::take(&mut built.module.workers);
        workers.extend(housekeeping(config, built.role, &built.db, &publisher));
        for worker in &workers {
            let (worker, gate, stop) = (worker.clone(), built.db.gate(), shutdown.clone());
            tasks.spawn(async move { worker.run(gate, stop).await });
        }
        all.append(&mut workers);
        let relay = Relay::new(built.db.clone(), publisher.clone()).of(built.role.name);
        tasks.spawn(relay.run(shutdown.clone()));
    }
    consume(built, carrier, tasks, shutdown);
    all
}

fn consume(built: &mut [Built], carrier: Carrier, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
    let consumers = built.iter_mut().flat_map(|built| {
        let gate = built.db.gate();
        std::mem::take(&mut built.module.consumers).into_iter().map(move |consumer| (consumer, gate.clone()))
    });
    match carrier {
        Carrier::Local(bus) => bus.attach(consumers.map(|(consumer, _)| consumer).collect()),
        Carrier::Redis(bus) => {
            let replica = Ids.next("replica");
            for (consumer, gate) in consumers {
                let (bus, replica, stop) = (bus.clone(), replica.clone(), shutdown.clone());
                tasks.spawn(async move { bus.consume(consumer, &replica, gate, stop).await });
            }
        }
    }
}

/// What every database needs.
fn housekeeping(config: &Config, role: &'static Role, db: &Db, bus: &Arc<dyn Bus>) -> Vec<Worker> {
    let reseal = sealed::worker(role.name, db, role.sealed);
    let role = role.name;
    let keys = db.clone();
    let purge_keys = Worker::new("purge-keys", Duration::from_secs(3600), move || {
        let db = keys.clone();
        async move { inbox::purge_step(&db).await }
    });
    let (db, bus, keep) = (db.clone(), bus.clone(), config.bus.keep_published_seconds);
    let purge_published = Worker::new("purge-published", Duration::from_secs(60), move || {
        let (db, bus) = (db.clone(), bus.clone());
        async move { outbox::purge_step(&db, bus.as_ref(), keep).await }
    });
    vec![purge_keys.of(role), purge_published.of(role), reseal]
}
