//! Looking for keys, on every server that has some. `KEYS` would hold a server up for as long as it looks through everything
//! it has; `SCAN` does it a little at a time.

use std::collections::{BTreeSet, HashMap};

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, ErrorKind, RedisError};

use super::{Kind, Link};

/// Keys a server looks at before it answers.
const STEP: usize = 100;

/// Where to go on, 0 for nowhere, and what was found.
type Page = (u64, Vec<String>);

fn scan(pattern: &str, from: u64) -> Cmd {
    let mut command = redis::cmd("SCAN");
    command.arg(from).arg("MATCH").arg(pattern).arg("COUNT").arg(STEP);
    command
}

impl Link {
    /// Every key that fits the pattern and was there all the while; one that a cluster moves meanwhile may be missed.
    ///
    /// # Errors
    /// Also when only one server of a cluster does not answer.
    pub async fn keys_like(&mut self, pattern: &str) -> Result<BTreeSet<String>, RedisError> {
        let mut found = BTreeSet::new();
        match &mut self.kind {
            Kind::Single(server) => {
                let mut from = None;
                while from != Some(0) {
                    let (next, page): Page =
                        scan(pattern, from.unwrap_or_default()).query_async(server).await?;
                    found.extend(page);
                    from = Some(next);
                }
            }
            Kind::Cluster(cluster) => {
                let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let begun = cluster.route_command(scan(pattern, 0), everywhere).await?;
                let begun: HashMap<String, Page> = redis::from_redis_value(begun)?;
                for (address, (mut from, page)) in begun {
                    found.extend(page);
                    while from != 0 {
                        let next = cluster.route_command(scan(pattern, from), at(&address)?).await?;
                        let (next, page): Page = redis::from_redis_value(next)?;
                        found.extend(page);
                        from = next;
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The server with this `host:port`.
fn at(address: &str) -> Result<RoutingInfo, RedisError> {
    let (host, port) = address.rsplit_once(':').unwrap_or_default();
    let unreadable = |_| RedisError::from((ErrorKind::Client, "a server of the cluster has no port"));
    let port = port.parse().map_err(unreadable)?;
    Ok(RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port }))
}
