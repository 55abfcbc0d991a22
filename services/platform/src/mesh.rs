//! Calls between roles. A peer may live in this process or across a network: the generated client, the deadlines, the
//! status details and the whole server stack are the same, and the caller cannot tell.
//!
//! Cycles (order calls inventory, inventory asks prescription) are broken by late binding: a peer is looked up when it is
//! called, not when the caller is built.

mod accept;
mod balance;
mod client;
mod connect;
mod handshakes;
mod key;
mod limits;
mod names;
mod roles;
mod rotate;
mod target;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::util::BoxCloneSyncService;

use crate::stack::ServerStack;

pub use accept::{MeshPeer, MeshStream, PublicListener, mesh as incoming};
pub use balance::{Remote, RemoteOptions};
pub use connect::Security;
pub use handshakes::HandshakeLimits;
pub use key::MeshKey;
pub use limits::ClientLimits;
pub use names::Names;
pub use roles::{SUFFIX, dns_name};
pub use rotate::TlsError;
pub use target::{Target, parse as parse_targets};
pub use tls::{MeshFiles, MeshTls, OutsideTls, PublicTls, Validity};

/// A client connection to a peer, for generated clients.
pub type Mesh = BoxCloneSyncService<Request<Body>, Response<Body>, MeshError>;

/// The call did not get an answer from the peer. The status inside is what the generated client reports.
#[derive(Debug, thiserror::Error)]
#[error("call to {peer} failed")]
pub struct MeshError {
    pub peer: String,
    #[source]
    pub status: Status,
}

/// A role of this process behind something that may lose or delay calls to it.
pub type Bent = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Puts something between the callers of this process and one of its roles, by name. For simulations: no configuration
/// names one.
pub type Between = Arc<dyn Fn(&'static str, ServerStack) -> Bent + Send + Sync>;

/// Where a peer lives.
#[derive(Clone)]
pub enum Place {
    Local(ServerStack),
    Bent(Bent),
    Remote(Remote),
}

/// The peers of a process, by role (`inventory`) or hook (`hook.payment`).
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    places: OnceLock<HashMap<String, Place>>,
    key: MeshKey,
    limits: limits::Limits,
}

impl Directory {
    pub fn new(key: MeshKey) -> Directory {
        Directory::with_limits(key, ClientLimits::default())
    }

    pub fn with_limits(key: MeshKey, limits: ClientLimits) -> Directory {
        Directory(Arc::new(Inner { places: OnceLock::new(), key, limits: limits::Limits::new(limits) }))
    }

    /// Binds every peer, once, after all modules are built; later calls change nothing.
    pub fn bind(&self, places: HashMap<String, Place>) {
        let _ = self.0.places.set(places);
    }

    /// The peers as one role sees them.
    pub fn peers(&self, own_role: &str) -> Peers {
        Peers { own_role: Arc::from(own_role), directory: self.clone() }
    }

    fn place(&self, name: &str) -> Option<&Place> {
        self.0.places.get()?.get(name)
    }
}

/// The peers of one role; cheap to clone.
#[derive(Clone)]
pub struct Peers {
    own_role: Arc<str>,
    directory: Directory,
}

impl Peers {
    /// A client for a peer. Calls carry this role's identity.
    pub fn mesh(&self, peer: &str) -> Mesh {
        self.client(peer, client::Identity::Role)
    }

    /// A client that passes the outside caller's own credential on; for the gateway.
    pub fn forwarding(&self, peer: &str) -> Mesh {
        self.client(peer, client::Identity::Forwarded)
    }

    fn client(&self, peer: &str, identity: client::Identity) -> Mesh {
        BoxCloneSyncService::new(client::Client::new(self.clone(), peer, identity))
    }
}
