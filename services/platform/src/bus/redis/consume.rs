//! Consumer groups.
//!
//! A delivery that fails stays pending; after [`STALE_MS`] any replica claims it. One that fails for good after
//! [`MAX_DELIVERIES`] moves to the dead-letter stream and a person must look; what fails because something is away never
//! does, however long that lasts.

use std::time::Duration;

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

const STALE_MS: usize = 10_000;
/// A failed delivery is tried again at once after these pauses: most failures are lost races.
const PAUSES_MS: [u64; 3] = [50, 200, 1_000];
const MAX_DELIVERIES: i64 = 20;
const BLOCK_MS: usize = 500;
/// Between reads that may not block.
const POLL: Duration = Duration::from_millis(100);

struct Group<'a> {
    bus: &'a RedisBus,
    consumer: &'a Consumer,
    stream: String,
    replica: &'a str,
}

impl RedisBus {
    /// Runs one consumer until `shutdown`, while its database can be used. `replica` names this process among its peers.
    pub async fn consume(&self, consumer: Consumer, replica: &str, gate: Gate, shutdown: CancellationToken) {
        let stream = self.stream(&consumer.topic);
        let group = Group { bus: self, consumer: &consumer, stream, replica };
        let mut retry = Retry::new(Duration::from_millis(500), Duration::from_secs(5));
        while !shutdown.is_cancelled() {
            let Err(error) = group.run(&gate, &shutdown, &mut retry).await else { continue };
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
    async fn run(
        &self,
        gate: &Gate,
        shutdown: &CancellationToken,
        retry: &mut Retry,
    ) -> Result<(), RedisError> {
        tokio::select! { () = gate.wait() => {} () = shutdown.cancelled() => return Ok(()) }
        // blocking reads need a connection of their own
        let mut link = self.bus.server.open().await?;
        self.create(&mut link).await?;
        while !shutdown.is_cancelled() {
            tokio::select! { () = gate.wait() => {} () = shutdown.cancelled() => return Ok(()) }
            let step = self.step(&mut link, gate, shutdown).await;
            match step {
                Ok(()) => retry.succeeded(),
                // the stream was flushed: the publishers' outboxes have what was in it
                Err(error) if matches!(error.code(), Some("NOGROUP" | "UNBLOCKED")) => {
                    self.create(&mut link).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn step(
        &self,
        link: &mut Link,
        gate: &Gate,
        shutdown: &CancellationToken,
    ) -> Result<(), RedisError> {
        let mut entries = self.stale(link).await?;
        if entries.is_empty() {
            entries = self.fresh(link).await?;
        }
        if entries.is_empty() && !self.bus.server.may_block() {
            tokio::select! { () = tokio::time::sleep(POLL) => {} () = shutdown.cancelled() => {} }
        }
        for entry in entries {
            // the rest stays pending and is claimed later
            if !gate.is_open() {
                break;
            }
            self.handle(entry, link).await?;
        }
        Ok(())
    }

    async fn fresh(&self, link: &mut Link) -> Result<Vec<StreamId>, RedisError> {
        let options = StreamReadOptions::default().group(self.consumer.name, self.replica).count(32);
        let options = if self.bus.server.may_block() { options.block(BLOCK_MS) } else { options };
        let reply: Option<StreamReadReply> = link.xread_options(&[&self.stream], &[">"], &options).await?;
        Ok(reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect())
    }

    async fn stale(&self, link: &mut Link) -> Result<Vec<StreamId>, RedisError> {
        let options = StreamAutoClaimOptions::default().count(16);
        let (stream, name) = (&self.stream, self.consumer.name);
        let reply: StreamAutoClaimReply =
            link.xautoclaim_options(stream, name, self.replica, STALE_MS, "0-0", options).await?;
        Ok(reply.claimed)
    }

    async fn handle(&self, entry: StreamId, link: &mut Link) -> Result<(), RedisError> {
        let name = self.consumer.name;
        let id = entry.id.clone();
        if entry::is_for_another(&entry.map, name) {
            let _: i64 = link.xack(&self.stream, name, &[id]).await?;
            return Ok(());
        }
        let delivered = match entry::event(&entry.map) {
            Some(event) => deliver(self.consumer, event).await,
            None => Err(BusError::permanent("cannot be read")),
        };
        if let Err(error) = delivered {
            let tries = self.deliveries(link, &id).await?;
            if error.is_transient() || tries < MAX_DELIVERIES {
                tracing::info!(consumer = name, tries, "event not handled yet: {error}");
                return Ok(());
            }
            metrics::dead_letter(self.consumer.role, name);
            tracing::error!(consumer = name, entry = id, "event moved to dead letters: {error}");
            let dead = format!("{}:dead:{name}", self.stream);
            let mut fields = entry::raw(entry.map);
            fields.push((entry::WHY.to_owned(), error.to_string().into_bytes()));
            let _: String = link.xadd(dead, "*", &fields).await?;
        }
        let _: i64 = link.xack(&self.stream, name, &[id]).await?;
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

    async fn deliveries(&self, link: &mut Link, id: &str) -> Result<i64, RedisError> {
        let rows: Vec<(String, String, i64, i64)> =
            link.xpending_count(&self.stream, self.consumer.name, id, id, 1).await?;
        Ok(rows.first().map_or(0, |(_, _, _, times)| *times))
    }
}

async fn deliver(consumer: &Consumer, event: Event) -> Result<(), BusError> {
    for pause in PAUSES_MS {
        if consumer.deliver(event.clone()).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    consumer.deliver(event).await
}
