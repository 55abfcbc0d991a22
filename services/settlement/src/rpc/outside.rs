//! Calls to identity, the payment channel and the insurer, answered in the domain's words.

mod channel;
mod identity;
mod insurer;
mod mobile;
mod statement;

use liufang_platform::{Mesh, Peers};

pub use identity::{InstitutionFacts, PersonFacts};
pub use insurer::Asked;
pub use mobile::{Giving, MobileOrder, MobileState};

/// Everybody this service calls; cheap to clone.
#[derive(Clone)]
pub struct Outside {
    peers: Peers,
}

impl Outside {
    pub fn new(peers: Peers) -> Outside {
        Outside { peers }
    }

    fn mesh(&self, peer: &str) -> Mesh {
        self.peers.mesh(peer)
    }
}
