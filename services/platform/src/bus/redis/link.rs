//! One connection to Redis: to a single server, or to a cluster.
//!
//! With `rediss://` the server's certificate must be good for the name in the address (in a cluster: for the names or
//! addresses its servers tell of each other). The authorities are read anew for every connection, so that theirs and the
//! server's certificate can be changed while we run.

mod keys;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo as _, Pipeline, RedisError, RedisFuture,
    TlsCertificates, Value,
};

use super::RedisOptions;

use super::is_outage;
use crate::hash;

const CONNECT: Duration = Duration::from_secs(3);
/// Longer than a blocking read.
const ANSWER: Duration = Duration::from_secs(5);
/// A host that vanished without a word: the connection ends after this long, whoever waits for it.
const VANISHED: Duration = Duration::from_secs(15);

/// Opens connections.
#[derive(Clone)]
pub(super) struct Server {
    urls: Vec<String>,
    cluster: bool,
    ca_file: Option<PathBuf>,
}

/// What connections are made from.
#[allow(clippy::large_enum_variant, reason = "lives for one connection's opening")]
enum Opener {
    Single(Client),
    Cluster(Box<ClusterClient>),
}

impl Server {
    /// Fails when an address or the authorities cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Server, RedisError> {
        let urls = options.url.split(',').map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        let ca_file = Some(options.ca_file.clone()).filter(|path| !path.is_empty()).map(PathBuf::from);
        let server = Server { urls: urls.collect(), cluster: options.cluster, ca_file };
        let authorities = server.ca_file.as_ref().map(std::fs::read).transpose()?;
        server.opener(authorities)?;
        Ok(server)
    }

    /// One multiplexed connection of a cluster serves every slot: a blocking read would hold up all others behind it.
    pub fn may_block(&self) -> bool {
        !self.cluster
    }

    pub fn is_cluster(&self) -> bool {
        self.cluster
    }

    fn opener(&self, authorities: Option<Vec<u8>>) -> Result<Opener, RedisError> {
        let certificates = authorities.map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
        if self.cluster {
            let mut builder = ClusterClient::builder(self.urls.iter().map(String::as_str))
                .connection_timeout(CONNECT)
                .response_timeout(ANSWER)
                .tcp_settings(tcp())
                .retries(3);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return Ok(Opener::Cluster(Box::new(builder.build()?)));
        }
        let url = self.urls.first().map(String::as_str).unwrap_or_default();
        let info = url.into_connection_info()?.set_tcp_settings(tcp());
        Ok(Opener::Single(match certificates {
            Some(certificates) => Client::build_with_tls(info, certificates)?,
            None => Client::open(info)?,
        }))
    }

    pub async fn open(&self) -> Result<Link, RedisError> {
        let authorities = match &self.ca_file {
            Some(path) => Some(tokio::fs::read(path).await?),
            None => None,
        };
        match self.opener(authorities)? {
            Opener::Single(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(ANSWER));
                let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
                let run = run_id(&mut connection).await?;
                Ok(Link { run, kind: Kind::Single(connection) })
            }
            Opener::Cluster(client) => {
                let connection = client.get_async_connection().await?;
                Ok(Link { run: String::new(), kind: Kind::Cluster(connection) })
            }
        }
    }
}

fn tcp() -> TcpSettings {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(5)).with_interval(Duration::from_secs(5));
    TcpSettings::default().set_keepalive(keepalive).set_user_timeout(VANISHED)
}

/// The id a server process draws when it starts; empty when we may not ask.
async fn run_id(connection: &mut MultiplexedConnection) -> Result<String, RedisError> {
    let info = allowed(info().query_async::<String>(connection).await)?;
    Ok(run_in(&info.unwrap_or_default()).to_owned())
}

/// The same of every server that has slots, as one text.
async fn run_ids(cluster: &mut ClusterConnection) -> Result<String, RedisError> {
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let told =
        cluster.route_command(info(), everywhere).await.and_then(|told| Ok(redis::from_redis_value(told)?));
    let told: HashMap<String, String> = allowed(told)?.unwrap_or_default();
    let mut runs: Vec<&str> = told.values().map(|info| run_in(info)).collect();
    runs.sort_unstable();
    Ok(hash::sha256_hex(runs.join(" ").as_bytes()))
}

fn info() -> Cmd {
    let mut ask = redis::cmd("INFO");
    ask.arg("server");
    ask
}

/// Nothing where we may not ask. A server that is away for a moment must not look like another one.
fn allowed<T>(told: Result<T, RedisError>) -> Result<Option<T>, RedisError> {
    match told {
        Err(error) if is_outage(&error) => Err(error),
        other => Ok(other.ok()),
    }
}

fn run_in(info: &str) -> &str {
    info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim()
}

/// An open connection. It does not connect again by itself: a broken one is thrown away, and its user hears of it.
#[derive(Clone)]
pub(super) struct Link {
    /// Which process of the server this is; unknown of a cluster.
    run: String,
    kind: Kind,
}

impl Link {
    /// Which processes serve, as far as we may ask.
    pub async fn run(&mut self) -> Result<String, RedisError> {
        match &mut self.kind {
            Kind::Single(_) => Ok(self.run.clone()),
            Kind::Cluster(cluster) => run_ids(cluster).await,
        }
    }
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
