//! One connection to Redis: to a single server, or to a cluster.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisError, RedisFuture, Value};

use super::is_outage;

const CONNECT: Duration = Duration::from_secs(3);
/// Longer than a blocking read.
const ANSWER: Duration = Duration::from_secs(10);

/// Opens connections.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "one per process, not a value that moves about")]
pub(super) enum Server {
    Single(redis::Client),
    Cluster(Box<ClusterClient>),
}

impl Server {
    /// `urls` are separated by commas; several are seeds of one cluster.
    pub fn new(urls: &str, cluster: bool) -> Result<Server, RedisError> {
        if !cluster {
            return Ok(Server::Single(redis::Client::open(urls.trim())?));
        }
        let seeds: Vec<&str> = urls.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
        let builder = ClusterClient::builder(seeds);
        let client = builder.connection_timeout(CONNECT).response_timeout(ANSWER).retries(3).build()?;
        Ok(Server::Cluster(Box::new(client)))
    }

    /// One multiplexed connection of a cluster serves every slot: a blocking read would hold up all others behind it.
    pub fn may_block(&self) -> bool {
        matches!(self, Server::Single(_))
    }

    pub async fn open(&self) -> Result<Link, RedisError> {
        match self {
            Server::Single(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(ANSWER));
                let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
                let run = run_id(&mut connection).await?;
                Ok(Link { run, kind: Kind::Single(connection) })
            }
            // a server of a cluster restarts alone; which of our streams it had is not ours to know
            Server::Cluster(client) => {
                let connection = client.get_async_connection().await?;
                Ok(Link { run: String::new(), kind: Kind::Cluster(connection) })
            }
        }
    }
}

/// The id a server process draws when it starts; empty when we may not ask.
async fn run_id(connection: &mut MultiplexedConnection) -> Result<String, RedisError> {
    let info: Result<String, RedisError> = redis::cmd("INFO").arg("server").query_async(connection).await;
    let info = match info {
        // a server that is away for a moment must not look like another one
        Err(error) if is_outage(&error) => return Err(error),
        other => other.unwrap_or_default(),
    };
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:"));
    Ok(run.map(|run| run.trim().to_owned()).unwrap_or_default())
}

/// An open connection. It does not connect again by itself: a broken one is thrown away, and its user hears of it.
#[derive(Clone)]
pub(super) struct Link {
    /// Which process of the server this is.
    pub run: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.kind {
            Kind::Single(connection) => connection.req_packed_command(cmd),
            Kind::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.kind {
            Kind::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Kind::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.kind {
            Kind::Single(connection) => connection.get_db(),
            Kind::Cluster(connection) => connection.get_db(),
        }
    }
}
