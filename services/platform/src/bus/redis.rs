//! The bus over Redis streams: one stream per topic, one consumer group per role and consumer.
//!
//! A delivery that fails stays pending; after [`STALE_MS`] any replica claims it. After [`MAX_DELIVERIES`] it moves to the
//! dead-letter stream and a person must look. Redis is a carrier, not a store: the outbox keeps what was not published.

use std::collections::HashMap;
use std::time::Duration;

use liufang_kernel::Timestamp;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::streams::{
    StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamReadOptions, StreamReadReply,
};
use redis::{AsyncCommands, RedisError, Value};
use tokio_util::sync::CancellationToken;

use super::{Bus, BusError, Consumer, Event};

const STALE_MS: usize = 10_000;
/// A failed delivery is tried again at once after these pauses: most failures are lost races.
const PAUSES_MS: [u64; 3] = [50, 200, 1_000];
const MAX_DELIVERIES: i64 = 20;
const BLOCK_MS: usize = 500;
/// Streams are trimmed to about this many entries.
const MAX_LEN: usize = 1_000_000;

/// Publishes to and consumes from Redis.
#[derive(Clone)]
pub struct RedisBus {
    client: redis::Client,
    publisher: ConnectionManager,
    prefix: String,
}

impl RedisBus {
    /// Connects; `prefix` separates installations on one Redis.
    pub async fn connect(url: &str, prefix: &str) -> Result<RedisBus, BusError> {
        let client = redis::Client::open(url).map_err(error)?;
        let publisher = ConnectionManager::new_with_config(client.clone(), config()).await.map_err(error)?;
        Ok(RedisBus { client, publisher, prefix: prefix.to_owned() })
    }

    fn stream(&self, topic: &str) -> String {
        format!("{}:{topic}", self.prefix)
    }

    /// Runs one consumer until `shutdown`. `replica` names this process among its peers.
    pub async fn consume(&self, consumer: Consumer, replica: &str, shutdown: CancellationToken) {
        let stream = self.stream(&consumer.topic);
        while !shutdown.is_cancelled() {
            let run = async {
                // blocking reads need a connection of their own
                let connection = ConnectionManager::new_with_config(self.client.clone(), config()).await?;
                self.consume_connected(&consumer, &stream, replica, connection, &shutdown).await
            };
            if let Err(error) = run.await {
                tracing::warn!(consumer = consumer.name, "bus connection lost, trying again: {error}");
                let pause = tokio::time::sleep(Duration::from_secs(1));
                tokio::select! { () = pause => {} () = shutdown.cancelled() => {} }
            }
        }
    }

    async fn consume_connected(
        &self,
        consumer: &Consumer,
        stream: &str,
        replica: &str,
        mut connection: ConnectionManager,
        shutdown: &CancellationToken,
    ) -> Result<(), RedisError> {
        create_group(&mut connection, stream, consumer.name).await?;
        let options = StreamReadOptions::default().group(consumer.name, replica).count(32).block(BLOCK_MS);
        while !shutdown.is_cancelled() {
            for entry in stale(&mut connection, stream, consumer.name, replica).await? {
                self.handle(consumer, stream, entry, &mut connection).await?;
            }
            let read: Result<Option<StreamReadReply>, RedisError> =
                connection.xread_options(&[stream], &[">"], &options).await;
            let reply = match read {
                Ok(reply) => reply,
                // the stream was flushed: the outbox of the publishers has what was not delivered
                Err(error) if error.code() == Some("NOGROUP") => {
                    create_group(&mut connection, stream, consumer.name).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            for key in reply.into_iter().flat_map(|reply| reply.keys) {
                for entry in key.ids {
                    self.handle(consumer, stream, entry, &mut connection).await?;
                }
            }
        }
        Ok(())
    }

    async fn handle(
        &self,
        consumer: &Consumer,
        stream: &str,
        entry: StreamId,
        connection: &mut ConnectionManager,
    ) -> Result<(), RedisError> {
        let id = entry.id.clone();
        let delivered = match event(&entry.map) {
            Some(event) => deliver(consumer, event).await,
            None => Err(BusError("cannot be read".to_owned())),
        };
        if let Err(error) = delivered {
            let tries = deliveries(connection, stream, consumer.name, &id).await?;
            if tries < MAX_DELIVERIES {
                tracing::info!(consumer = consumer.name, tries, "event not handled yet: {error}");
                return Ok(());
            }
            crate::metrics::dead_letter(consumer.role, consumer.name);
            tracing::error!(consumer = consumer.name, entry = id, "event moved to dead letters: {error}");
            let fields: Vec<(String, Value)> = entry.map.into_iter().collect();
            let dead = format!("{stream}:dead:{}", consumer.name);
            let fields: Vec<(String, Vec<u8>)> =
                fields.into_iter().map(|(name, value)| (name, bytes(&value).unwrap_or_default())).collect();
            let _: String = connection.xadd(dead, "*", &fields).await?;
        }
        let _: i64 = connection.xack(stream, consumer.name, &[id]).await?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl Bus for RedisBus {
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        let at = event.at.0.to_string();
        let fields: [(&str, &[u8]); 6] = [
            ("id", event.id.as_bytes()),
            ("topic", event.topic.as_bytes()),
            ("key", event.key.as_bytes()),
            ("payload", &event.payload),
            ("traceparent", event.traceparent.as_bytes()),
            ("at", at.as_bytes()),
        ];
        let max_len = redis::streams::StreamMaxlen::Approx(MAX_LEN);
        let mut connection = self.publisher.clone();
        let _: String =
            connection.xadd_maxlen(self.stream(&event.topic), max_len, "*", &fields).await.map_err(error)?;
        Ok(())
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

fn config() -> ConnectionManagerConfig {
    // a blocking read must not be cut by the client's own time-out
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(3)))
        .set_response_timeout(Some(Duration::from_secs(10)))
}

async fn create_group(
    connection: &mut ConnectionManager,
    stream: &str,
    group: &str,
) -> Result<(), RedisError> {
    // from the beginning: events published before the first consumer came up are not skipped
    let created: Result<(), RedisError> = connection.xgroup_create_mkstream(stream, group, "0").await;
    match created {
        Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
        other => other,
    }
}

async fn stale(
    connection: &mut ConnectionManager,
    stream: &str,
    group: &str,
    replica: &str,
) -> Result<Vec<StreamId>, RedisError> {
    let options = StreamAutoClaimOptions::default().count(16);
    let reply: Result<StreamAutoClaimReply, RedisError> =
        connection.xautoclaim_options(stream, group, replica, STALE_MS, "0-0", options).await;
    match reply {
        Ok(reply) => Ok(reply.claimed),
        Err(error) if error.code() == Some("NOGROUP") => {
            create_group(connection, stream, group).await?;
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

async fn deliveries(
    connection: &mut ConnectionManager,
    stream: &str,
    group: &str,
    id: &str,
) -> Result<i64, RedisError> {
    let rows: Vec<(String, String, i64, i64)> = connection.xpending_count(stream, group, id, id, 1).await?;
    Ok(rows.first().map_or(0, |(_, _, _, times)| *times))
}

fn event(fields: &HashMap<String, Value>) -> Option<Event> {
    let text = |name: &str| String::from_utf8(bytes(fields.get(name)?)?).ok();
    Some(Event {
        id: text("id")?,
        topic: text("topic")?,
        key: text("key")?,
        payload: bytes(fields.get("payload")?)?,
        traceparent: text("traceparent")?,
        at: Timestamp(text("at")?.parse().ok()?),
    })
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes.clone()),
        Value::SimpleString(text) => Some(text.clone().into_bytes()),
        _ => None,
    }
}

fn error(error: RedisError) -> BusError {
    BusError(format!("redis: {error}"))
}
