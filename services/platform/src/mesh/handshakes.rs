//! How many connections may be at their beginning, so that those who never get further keep nobody else out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::network;

/// What a listener allows before a connection is inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeLimits {
    /// Who has not shaken hands by then is refused.
    pub patience: Duration,
    /// Handshakes at once; more wait in the kernel's queue.
    pub at_once: usize,
    /// Those of one network (see [`network::of`]) among them; more are closed at once.
    pub of_one_network: usize,
}

impl HandshakeLimits {
    /// Peers: few, behind a network policy, all replicas of a role perhaps behind one address.
    pub const MESH: HandshakeLimits =
        HandshakeLimits { patience: Duration::from_secs(10), at_once: 256, of_one_network: 256 };
    /// Anybody. Many callers may share one address (a carrier's, a balancer's), but none needs long.
    pub const PUBLIC: HandshakeLimits =
        HandshakeLimits { patience: Duration::from_secs(4), at_once: 8_192, of_one_network: 256 };
}

/// Handshakes under way, by network.
#[derive(Clone, Default)]
pub(super) struct Networks(Arc<Mutex<HashMap<String, usize>>>);

/// One handshake under way, until it is dropped.
pub(super) struct Begun {
    networks: Networks,
    network: String,
}

impl Networks {
    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the `most` of the address's network, if there is one.
    pub fn begin(&self, address: IpAddr, most: usize) -> Option<Begun> {
        let network = network::of(address);
        let mut counts = self.counts();
        let count = counts.entry(network.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Begun { networks: self.clone(), network })
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let network = std::mem::take(&mut self.network);
        if let Entry::Occupied(mut count) = self.networks.counts().entry(network) {
            match count.get().saturating_sub(1) {
                0 => drop(count.remove()),
                left => drop(count.insert(left)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_share_and_leaves_nothing_behind() {
        let networks = Networks::default();
        let begin = |address: &str| networks.begin(address.parse().unwrap(), 2);
        let (one, two) = (begin("2001:db8::1"), begin("2001:db8::2"));
        assert!(one.is_some() && two.is_some());
        assert!(begin("2001:db8::3").is_none(), "the same /64");
        assert!(begin("2001:db8:0:1::1").is_some() && begin("10.0.0.1").is_some());
        drop(one);
        let again = begin("2001:db8::3");
        assert!(again.is_some() && begin("2001:db8::4").is_none());
        drop((two, again));
        assert!(networks.counts().is_empty());
    }
}
