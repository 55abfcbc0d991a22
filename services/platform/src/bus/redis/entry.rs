//! An event as the fields of a stream entry.

use std::collections::HashMap;

use liufang_kernel::Timestamp;
use redis::Value;

use crate::bus::Event;

/// Of a dead letter: why it was given up.
pub(super) const WHY: &str = "why";
/// Of an event given again: the one consumer it is meant for.
pub(super) const ONLY: &str = "only";

pub(super) fn fields(event: &Event) -> [(&'static str, Vec<u8>); 6] {
    [
        ("id", event.id.clone().into_bytes()),
        ("topic", event.topic.clone().into_bytes()),
        ("key", event.key.clone().into_bytes()),
        ("payload", event.payload.clone()),
        ("traceparent", event.traceparent.clone().into_bytes()),
        ("at", event.at.0.to_string().into_bytes()),
    ]
}

pub(super) fn event(fields: &HashMap<String, Value>) -> Option<Event> {
    let text = |name: &str| text(fields.get(name)?);
    Some(Event {
        id: text("id")?,
        topic: text("topic")?,
        key: text("key")?,
        payload: bytes(fields.get("payload")?)?,
        traceparent: text("traceparent")?,
        at: Timestamp(text("at")?.parse().ok()?),
    })
}

/// The fields of an entry as they came, for the dead-letter stream.
pub(super) fn raw(fields: HashMap<String, Value>) -> Vec<(String, Vec<u8>)> {
    fields.into_iter().map(|(name, value)| (name, bytes(&value).unwrap_or_default())).collect()
}

pub(super) fn text(value: &Value) -> Option<String> {
    String::from_utf8(bytes(value)?).ok()
}

/// Whether another consumer is meant.
pub(super) fn is_for_another(fields: &HashMap<String, Value>, consumer: &str) -> bool {
    fields.get(ONLY).and_then(text).is_some_and(|only| only != consumer)
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes.clone()),
        Value::SimpleString(text) => Some(text.clone().into_bytes()),
        _ => None,
    }
}
