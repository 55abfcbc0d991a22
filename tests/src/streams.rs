//! The streams of events that an installation has in Redis.

use std::collections::BTreeMap;

use liufang_platform::config::Config;
use redis::aio::MultiplexedConnection;

use crate::servers;

/// What `XINFO` says of a stream or a group.
pub type Info = BTreeMap<String, redis::Value>;

/// A connection to the installation's Redis, and the names of its streams, without dead letters and what else lies there.
pub async fn of(config: &Config) -> (MultiplexedConnection, Vec<String>) {
    let mut connection = servers::redis_of(&config.redis()).await;
    let others = [":dead:", ":failed:"];
    let is_stream = |key: &String| {
        let end = key.rsplit(':').next();
        !others.iter().any(|part| key.contains(part)) && !matches!(end, Some("epoch" | "dropped"))
    };
    let keys = keys(config, &mut connection).await;
    let names = keys.into_iter().filter(is_stream).collect();
    (connection, names)
}

/// Everything that bears the installation's prefix.
pub async fn keys(config: &Config, connection: &mut MultiplexedConnection) -> Vec<String> {
    let mut keys = redis::cmd("KEYS");
    keys.arg(format!("{}:*", config.bus.prefix)).query_async(connection).await.expect("keys")
}

/// Asks `XINFO <what> <of>` for a list.
pub async fn info(connection: &mut MultiplexedConnection, what: &str, of: &[&str]) -> Vec<Info> {
    let mut ask = redis::cmd("XINFO");
    ask.arg(what).arg(of);
    ask.query_async(connection).await.expect("what Redis knows of a stream")
}

/// Whether every group has read all of a stream and finished it. (The server's own `lag` is unknown after a trim.)
pub async fn is_finished(connection: &mut MultiplexedConnection, stream: &str) -> bool {
    let about: Info =
        redis::cmd("XINFO").arg("STREAM").arg(stream).query_async(connection).await.expect("stream");
    let is_empty = text(&about, "length") == "0";
    let last = text(&about, "last-generated-id");
    let groups = info(connection, "GROUPS", &[stream]).await;
    let has_read = |group: &Info| is_empty || text(group, "last-delivered-id") == last;
    groups.iter().all(|group| has_read(group) && text(group, "pending") == "0")
}

fn text(info: &Info, key: &str) -> String {
    redis::from_redis_value_ref(info.get(key).expect("a figure of Redis")).expect("text")
}
