//! The bus over Redis streams: one stream per topic, one consumer group per role and consumer.
//!
//! Redis is a carrier, not a store. What was not published is in the outbox, and what was published stays there for a
//! while: an [`epoch`] says whether Redis still has it ([`crate::db::outbox`]). Redis away at start or later is waited for.
//!
//! Every command of a stream touches one key, so that topics spread over a cluster.

mod consume;
mod dead;
mod entry;
mod epoch;
mod link;
mod names;

use std::sync::Arc;

use redis::{AsyncCommands as _, RedisError};
use tokio::sync::Mutex;

use super::{Bus, BusError, Epoch, Event};
use link::{Link, Server};

pub use consume::Pace;
pub use dead::{Choice, DeadLetter, Dropped};

/// Streams are trimmed to about this many entries.
const MAX_LEN: usize = 1_000_000;

/// How to reach Redis.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// One URL, or the seeds of a cluster separated by commas.
    pub url: String,
    pub cluster: bool,
    /// PEM file of the authorities for `rediss://`; empty: those of the public web.
    pub ca_file: String,
    /// Separates installations on one Redis.
    pub prefix: String,
    /// Whether what was published is kept in the outbox, to be published again when Redis forgets it.
    pub keep_published: bool,
}

/// Publishes to and consumes from Redis; cheap to clone.
#[derive(Clone)]
pub struct RedisBus {
    server: Server,
    // opened when it is needed, thrown away when it breaks
    publisher: Arc<Mutex<Option<Link>>>,
    // a cluster's epoch, for all clones
    known: Arc<Mutex<epoch::Known>>,
    prefix: String,
    keep_published: bool,
    pace: Pace,
}

impl RedisBus {
    /// Does not connect yet; fails when an address or the file of authorities cannot be read.
    pub fn new(options: &RedisOptions) -> Result<RedisBus, BusError> {
        Ok(RedisBus {
            server: Server::new(options).map_err(error)?,
            publisher: Default::default(),
            known: Default::default(),
            prefix: options.prefix.clone(),
            keep_published: options.keep_published,
            pace: Pace::default(),
        })
    }

    /// Consumes at another pace, for tests.
    #[must_use]
    pub fn paced(mut self, pace: Pace) -> RedisBus {
        self.pace = pace;
        self
    }

    fn stream(&self, topic: &str) -> String {
        format!("{}:{topic}", self.prefix)
    }

    async fn link(&self) -> Result<Link, RedisError> {
        let mut publisher = self.publisher.lock().await;
        if let Some(link) = publisher.as_ref() {
            return Ok(link.clone());
        }
        let link = self.server.open().await?;
        *publisher = Some(link.clone());
        Ok(link)
    }

    /// Throws a broken connection away; the next use opens another.
    async fn checked<T>(&self, result: Result<T, RedisError>) -> Result<T, BusError> {
        if let Err(error) = &result
            && is_outage(error)
        {
            self.publisher.lock().await.take();
        }
        result.map_err(error)
    }

    async fn add(&self, link: &mut Link, event: &Event) -> Result<(), RedisError> {
        let max_len = redis::streams::StreamMaxlen::Approx(MAX_LEN);
        let fields = entry::fields(event);
        let _: String = link.xadd_maxlen(self.stream(&event.topic), max_len, "*", &fields).await?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl Bus for RedisBus {
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        let published = match self.link().await {
            Ok(mut link) => self.add(&mut link, event).await,
            Err(error) => Err(error),
        };
        self.checked(published).await
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn may_forget(&self) -> bool {
        self.keep_published
    }

    async fn epoch(&self) -> Result<Epoch, BusError> {
        let epoch = match self.link().await {
            Ok(mut link) => self.read_epoch(&mut link).await,
            Err(error) => Err(error),
        };
        self.checked(epoch).await
    }
}

/// Whether the server is away, or about to be another one, rather than unwilling.
fn is_outage(error: &RedisError) -> bool {
    let passing = ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS"];
    let broken = error.is_io_error() || error.is_connection_dropped() || error.is_timeout();
    broken || error.is_cluster_error() || error.code().is_some_and(|code| passing.contains(&code))
}

fn error(error: RedisError) -> BusError {
    let text = format!("redis: {error}");
    if is_outage(&error) { BusError::transient(text) } else { BusError::permanent(text) }
}
