//! Consumer groups.
//!
//! A delivery that fails stays pending; after [`Pace::stale`] any replica claims it. One that fails for good
//! [`Pace::failures`] times moves to the dead-letter stream and a person must look. What fails because something is away
//! does not count, however long that lasts; so failures are counted in a hash beside the stream, which Redis' own count of
//! deliveries could not tell apart. What fails never holds up what is new.

use std::time::{Duration, Instant};

use redis::streams::{
    StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamReadOptions, StreamReadReply,
};
use redis::{AsyncCommands as _, RedisError};
use tokio_util::sync::CancellationToken;

use super::link::Link;
use super::{RedisBus, entry, is_outage};
use crate::bus::{BusError, Consumer, Event};
use crate::db::Gate;
use crate::metrics;
use crate::retry::Retry;

/// When deliveries are tried again and given up.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A delivery that nobody finished for this long is claimed by whoever looks.
    pub stale: Duration,
    /// A first delivery that fails is tried again at once after these pauses: most failures are lost races.
    pub pauses: [Duration; 3],
    /// Deliveries that may fail for good before an event is given up.
    pub failures: i64,
    /// A consumer that has not asked for this long, and has nothing pending, is removed.
    pub gone: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            stale: Duration::from_secs(10),
            pauses: [50, 200, 1_000].map(Duration::from_millis),
            failures: 20,
            gone: Duration::from_secs(3_600),
        }
    }
}

/// Stale entries of one step. Each may take as long as a handler may, and news waits meanwhile.
const STALE: usize = 8;
const FRESH: usize = 32;
const BLOCK_MS: usize = 500;
/// Between reads that may not block.
const POLL: Duration = Duration::from_millis(100);
/// Where the entries of a group begin.
const BEGINNING: &str = "0-0";

pub(super) struct Group<'a> {
    pub bus: &'a RedisBus,
    pub consumer: &'a Consumer,
    pub stream: String,
    pub replica: &'a str,
    gate: &'a Gate,
    shutdown: &'a CancellationToken,
}

impl RedisBus {
    /// Runs one consumer until `shutdown`, while its database can be used. `replica` names this process among its peers.
    pub async fn consume(&self, consumer: Consumer, replica: &str, gate: Gate, shutdown: CancellationToken) {
        let stream = self.stream(&consumer.topic);
        let (gate, shutdown) = (&gate, &shutdown);
        let group = Group { bus: self, consumer: &consumer, stream, replica, gate, shutdown };
        let mut retry = Retry::new(Duration::from_millis(500), Duration::from_secs(5));
        while !shutdown.is_cancelled() {
            let Err(error) = group.run(&mut retry).await else { continue };
            let (pause, speak) = retry.failed();
            // one outage is told by the health of the process, not by each of its consumers
            if speak && !is_outage(&error) {
                tracing::warn!(consumer = consumer.name, "consumer will try again: {error}");
            }
            tokio::select! { () = tokio::time::sleep(pause) => {} () = shutdown.cancelled() => {} }
        }
    }
}

impl Group<'_> {
    async fn run(&self, retry: &mut Retry) -> Result<(), RedisError> {
        if !self.may_read().await {
            return Ok(());
        }
        // blocking reads need a connection of their own
        let mut link = self.bus.server.open().await?;
        self.create(&mut link).await?;
        let mut cursor = BEGINNING.to_owned();
        let mut cleaned: Option<Instant> = None;
        while self.may_read().await {
            if cleaned.is_none_or(|at| self.bus.pace.gone <= at.elapsed()) {
                self.remove_gone(&mut link).await;
                cleaned = Some(Instant::now());
            }
            let step = self.step(&mut link, &mut cursor).await;
            match step {
                Ok(()) => retry.succeeded(),
                // the stream was flushed: the publishers' outboxes have what was in it
                Err(error) if matches!(error.code(), Some("NOGROUP" | "UNBLOCKED")) => {
                    self.create(&mut link).await?;
                }
                Err(error) => return Err(error),
            }
        }
        self.leave(&mut link).await;
        Ok(())
    }

    /// Waits for the database; false when the process stops.
    async fn may_read(&self) -> bool {
        tokio::select! { () = self.gate.wait() => {} () = self.shutdown.cancelled() => {} }
        !self.shutdown.is_cancelled()
    }

    async fn step(&self, link: &mut Link, cursor: &mut String) -> Result<(), RedisError> {
        let stale = self.stale(link, cursor).await?;
        let may_wait = stale.is_empty();
        if !self.handle_all(stale, false, link).await? {
            return Ok(());
        }
        let fresh = self.fresh(link, may_wait).await?;
        if may_wait && fresh.is_empty() && !self.bus.server.may_block() {
            tokio::select! { () = tokio::time::sleep(POLL) => {} () = self.shutdown.cancelled() => {} }
        }
        self.handle_all(fresh, true, link).await.map(drop)
    }

    /// False when it was cut off; the rest stays pending and is claimed later.
    async fn handle_all(
        &self,
        entries: Vec<StreamId>,
        is_first: bool,
        link: &mut Link,
    ) -> Result<bool, RedisError> {
        for entry in entries {
            if !self.gate.is_open() || self.shutdown.is_cancelled() {
                return Ok(false);
            }
            self.handle(entry, is_first, link).await?;
        }
        Ok(true)
    }

    async fn fresh(&self, link: &mut Link, may_wait: bool) -> Result<Vec<StreamId>, RedisError> {
        let options = StreamReadOptions::default().group(self.consumer.name, self.replica).count(FRESH);
        let may_block = may_wait && self.bus.server.may_block();
        let options = if may_block { options.block(BLOCK_MS) } else { options };
        let reply: Option<StreamReadReply> = link.xread_options(&[&self.stream], &[">"], &options).await?;
        Ok(reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect())
    }

    /// Claims some of what nobody finished, from where the last look ended.
    async fn stale(&self, link: &mut Link, cursor: &mut String) -> Result<Vec<StreamId>, RedisError> {
        let options = StreamAutoClaimOptions::default().count(STALE);
        let (stream, name) = (&self.stream, self.consumer.name);
        let idle = usize::try_from(self.bus.pace.stale.as_millis()).unwrap_or(usize::MAX);
        let reply: StreamAutoClaimReply =
            link.xautoclaim_options(stream, name, self.replica, idle, cursor.as_str(), options).await?;
        *cursor = reply.next_stream_id;
        // trimmed before it was handled
        self.forget_failures(link, &reply.deleted_ids).await?;
        Ok(reply.claimed)
    }

    async fn handle(&self, entry: StreamId, is_first: bool, link: &mut Link) -> Result<(), RedisError> {
        let name = self.consumer.name;
        let id = entry.id.clone();
        if entry::is_for_another(&entry.map, name) {
            let _: i64 = link.xack(&self.stream, name, &[id]).await?;
            return Ok(());
        }
        let delivered = match entry::event(&entry.map) {
            Some(event) => self.deliver(event, is_first).await,
            None => Err(BusError::permanent("cannot be read")),
        };
        let is_good = delivered.is_ok();
        if let Err(error) = delivered {
            if error.is_transient() {
                tracing::info!(consumer = name, "event waits for what is away: {error}");
                return Ok(());
            }
            let failures = self.count_failure(link, &id).await?;
            if failures < self.bus.pace.failures {
                tracing::info!(consumer = name, failures, "event not handled yet: {error}");
                return Ok(());
            }
            metrics::dead_letter(self.consumer.role, name);
            tracing::error!(consumer = name, entry = id, "event moved to dead letters: {error}");
            let dead = format!("{}:dead:{name}", self.stream);
            let mut fields = entry::raw(entry.map);
            fields.push((entry::WHY.to_owned(), error.to_string().into_bytes()));
            let _: String = link.xadd(dead, "*", &fields).await?;
        }
        let _: i64 = link.xack(&self.stream, name, &[&id]).await?;
        if !(is_first && is_good) {
            self.forget_failures(link, &[id]).await?;
        }
        Ok(())
    }

    async fn create(&self, link: &mut Link) -> Result<(), RedisError> {
        // from the beginning: events published before the first consumer came up are not skipped
        let created: Result<(), RedisError> =
            link.xgroup_create_mkstream(&self.stream, self.consumer.name, "0").await;
        match created {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            other => other,
        }
    }

    async fn deliver(&self, event: Event, is_first: bool) -> Result<(), BusError> {
        let pauses: &[Duration] = if is_first { &self.bus.pace.pauses } else { &[] };
        for pause in pauses {
            let Err(error) = self.consumer.deliver(event.clone()).await else { return Ok(()) };
            tokio::select! {
                () = tokio::time::sleep(*pause) => {}
                () = self.shutdown.cancelled() => return Err(error),
            }
        }
        self.consumer.deliver(event).await
    }

    /// One delivery failed for good; answers how many of this entry did.
    async fn count_failure(&self, link: &mut Link, id: &str) -> Result<i64, RedisError> {
        link.hincr(self.failures(), id, 1).await
    }

    async fn forget_failures(&self, link: &mut Link, ids: &[String]) -> Result<(), RedisError> {
        if !ids.is_empty() {
            let _: i64 = link.hdel(self.failures(), ids).await?;
        }
        Ok(())
    }

    /// Entries that failed for good, with how often; a key that is there while there are any.
    fn failures(&self) -> String {
        format!("{}:failed:{}", self.stream, self.consumer.name)
    }
}
