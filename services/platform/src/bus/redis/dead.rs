//! Dead letters, for operators: what was given up, given to its consumer again, or dropped for good.
//!
//! An entry lies in `<stream>:dead:<consumer>` with the fields of the event and why it was given up. Given again it goes back
//! to the event's stream, meant for that consumer alone, whose inbox makes the effect happen once. What is dropped leaves a
//! line in `<prefix>:dropped`: which event, who gave it up, why, when; not what it said.

use std::collections::HashMap;

use liufang_kernel::Timestamp;
use redis::streams::{StreamId, StreamRangeReply};
use redis::{AsyncCommands as _, RedisError};

use super::link::Link;
use super::{RedisBus, entry};
use crate::bus::BusError;

/// Entries read at once.
const PAGE: usize = 200;

/// An event that was given up. No payload.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DeadLetter {
    /// Of the entry; names it in [`Choice`].
    pub id: String,
    pub consumer: String,
    pub topic: String,
    /// Of the event; empty when it cannot be read.
    pub event: String,
    /// The aggregate it is about.
    pub key: String,
    /// Why the last try failed; empty on entries of older versions.
    pub reason: String,
    /// When it was given up, microseconds since 1970.
    pub at_us: i64,
}

/// Which dead letters. Empty text means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The event's topic, or the name of its stream.
    pub stream: String,
    pub consumer: String,
    pub id: String,
}

impl Choice {
    fn takes(&self, bus: &RedisBus, letter: &DeadLetter) -> bool {
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        (fits(&self.stream, &letter.topic) || self.stream == bus.stream(&letter.topic))
            && fits(&self.consumer, &letter.consumer)
            && fits(&self.id, &letter.id)
    }
}

/// Something that was dropped.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    pub consumer: String,
    pub topic: String,
    pub event: String,
    pub key: String,
    /// The operator's words.
    pub why: String,
    pub at_us: i64,
}

/// A dead letter with where it lies and what it carries.
struct Found {
    letter: DeadLetter,
    stream: String,
    fields: HashMap<String, redis::Value>,
}

impl RedisBus {
    /// The dead letters chosen, consumer by consumer, oldest first.
    ///
    /// # Errors
    /// Redis does not answer, or does not let us ask.
    pub async fn dead_letters(&self, choice: &Choice) -> Result<Vec<DeadLetter>, BusError> {
        let found = self.with_link(async |link| self.find(link, choice).await).await?;
        Ok(found.into_iter().map(|found| found.letter).collect())
    }

    /// Gives the chosen ones to their consumers again; answers them. Asked twice, or cut off in the middle, it does no harm: a
    /// consumer's inbox knows what it has handled.
    ///
    /// # Errors
    /// As [`RedisBus::dead_letters`]; those before the error were given.
    pub async fn redrive(&self, choice: &Choice) -> Result<Vec<DeadLetter>, BusError> {
        self.with_link(async |link| {
            let mut given = Vec::new();
            for Found { letter, stream, fields } in self.find(link, choice).await? {
                let mut fields = entry::raw(fields);
                fields.retain(|(name, _)| name != entry::WHY && name != entry::ONLY);
                fields.push((entry::ONLY.to_owned(), letter.consumer.clone().into_bytes()));
                // first there, then gone here: in between it is twice, never nowhere
                let _: String = link.xadd(self.stream(&letter.topic), "*", &fields).await?;
                let _: i64 = link.xdel(&stream, &[&letter.id]).await?;
                given.push(letter);
            }
            Ok(given)
        })
        .await
    }

    /// Drops the chosen ones for good and notes why; answers them.
    ///
    /// # Errors
    /// As [`RedisBus::dead_letters`]; those before the error were dropped.
    pub async fn drop_dead(
        &self,
        choice: &Choice,
        why: &str,
        now: Timestamp,
    ) -> Result<Vec<DeadLetter>, BusError> {
        self.with_link(async |link| {
            let mut dropped = Vec::new();
            for Found { letter, stream, .. } in self.find(link, choice).await? {
                let note = [
                    ("consumer", letter.consumer.as_str()),
                    ("topic", &letter.topic),
                    ("event", &letter.event),
                    ("key", &letter.key),
                    ("why", why),
                    ("at", &now.0.to_string()),
                ];
                let _: String = link.xadd(format!("{}:dropped", self.prefix), "*", &note).await?;
                let _: i64 = link.xdel(&stream, &[&letter.id]).await?;
                dropped.push(letter);
            }
            Ok(dropped)
        })
        .await
    }

    /// What was dropped, oldest first.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn dropped(&self) -> Result<Vec<Dropped>, BusError> {
        let notes =
            self.with_link(async |link| read_all(link, &format!("{}:dropped", self.prefix)).await).await?;
        let read = |note: StreamId| Dropped {
            consumer: text(&note.map, "consumer"),
            topic: text(&note.map, "topic"),
            event: text(&note.map, "event"),
            key: text(&note.map, "key"),
            why: text(&note.map, "why"),
            at_us: text(&note.map, "at").parse().unwrap_or_default(),
        };
        Ok(notes.into_iter().map(read).collect())
    }

    async fn with_link<T>(
        &self,
        task: impl AsyncFnOnce(&mut Link) -> Result<T, RedisError>,
    ) -> Result<T, BusError> {
        let done = match self.link().await {
            Ok(mut link) => task(&mut link).await,
            Err(error) => Err(error),
        };
        self.checked(done).await
    }

    async fn find(&self, link: &mut Link, choice: &Choice) -> Result<Vec<Found>, RedisError> {
        let mut found = Vec::new();
        for stream in link.keys_like(&format!("{}:*:dead:*", literally(&self.prefix))).await? {
            let own = stream.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix(':'));
            let Some((topic, consumer)) = own.and_then(|rest| rest.split_once(":dead:")) else { continue };
            for StreamId { id, map, .. } in read_all(link, &stream).await? {
                let letter = DeadLetter {
                    at_us: id
                        .split('-')
                        .next()
                        .and_then(|ms| ms.parse().ok())
                        .map_or(0, |ms: i64| ms * 1_000),
                    consumer: consumer.to_owned(),
                    topic: topic.to_owned(),
                    event: text(&map, "id"),
                    key: text(&map, "key"),
                    reason: text(&map, entry::WHY),
                    id,
                };
                if choice.takes(self, &letter) {
                    found.push(Found { letter, stream: stream.clone(), fields: map });
                }
            }
        }
        Ok(found)
    }
}

async fn read_all(link: &mut Link, stream: &str) -> Result<Vec<StreamId>, RedisError> {
    let mut entries: Vec<StreamId> = Vec::new();
    loop {
        let after = entries.last().map_or_else(|| "-".to_owned(), |entry| format!("({}", entry.id));
        let page: StreamRangeReply = link.xrange_count(stream, after, "+", PAGE).await?;
        if page.ids.is_empty() {
            return Ok(entries);
        }
        entries.extend(page.ids);
    }
}

fn text(fields: &HashMap<String, redis::Value>, name: &str) -> String {
    fields.get(name).and_then(entry::text).unwrap_or_default()
}

/// A pattern that means its letters.
fn literally(text: &str) -> String {
    let special = |letter: &char| matches!(letter, '*' | '?' | '[' | ']' | '\\');
    text.chars().flat_map(|letter| special(&letter).then_some('\\').into_iter().chain([letter])).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_prefix_means_its_letters() {
        assert_eq!(super::literally("a*[b]\\"), "a\\*\\[b\\]\\\\");
    }
}
