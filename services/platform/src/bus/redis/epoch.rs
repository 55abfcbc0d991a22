//! Which memory Redis has: a random key in it, and the run of the server.
//!
//! The servers of a cluster lose their memories one by one. So a cluster has a key in every sixteenth of its slots, some on
//! every server, and its runs are those of all servers with slots: whichever lost something, the whole is another.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use redis::{AsyncCommands as _, RedisError};

use super::RedisBus;
use super::link::Link;
use crate::bus::Epoch;
use crate::hash;
use crate::ids::Ids;

/// Hash tags, each in the next sixteenth of the 16,384 slots.
const TAGS: [&str; 16] =
    ["10", "3", "61", "43", "11", "2", "60", "42", "12", "1", "63", "41", "13", "0", "62", "40"];
/// How long a cluster's epoch is good for. What is published is marked with what was read before, so an older one is never
/// wrong; it only makes more be published again.
const GOOD_FOR: Duration = Duration::from_millis(500);

/// The epoch of a cluster that was read last, and when.
pub(super) type Known = Option<(Instant, Epoch)>;

impl RedisBus {
    pub(super) async fn read_epoch(&self, link: &mut Link) -> Result<Epoch, RedisError> {
        if !self.server.is_cluster() {
            let key = format!("{}:epoch", self.prefix);
            let id = text(link.clone(), &key).await?;
            return Ok(Epoch { id, run: link.run().await? });
        }
        // many keys and many servers: the relays of a process ask once
        let mut known = self.known.lock().await;
        if let Some((at, epoch)) = known.as_ref()
            && at.elapsed() < GOOD_FOR
        {
            return Ok(epoch.clone());
        }
        let keys = TAGS.map(|tag| format!("{}:{{{tag}}}:epoch", self.prefix));
        let texts = try_join_all(keys.iter().map(|key| text(link.clone(), key))).await?;
        let id = hash::sha256_hex(texts.join(" ").as_bytes());
        let epoch = Epoch { id, run: link.run().await? };
        *known = Some((Instant::now(), epoch.clone()));
        Ok(epoch)
    }
}

/// The text of a key; a key that is missing gets one.
async fn text(mut link: Link, key: &str) -> Result<String, RedisError> {
    if let Some(known) = link.get(key).await? {
        return Ok(known);
    }
    // of several that find it missing, one sets it and all read that one
    let _: bool = link.set_nx(key, Ids.secret()).await?;
    let lost = || std::io::Error::other("the memory was lost while it was asked for");
    link.get::<_, Option<String>>(key).await?.ok_or_else(|| lost().into())
}
