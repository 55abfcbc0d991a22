//! Calls to the other services, in the words of the domain. Every write carries the key of its journal row, so it may be
//! repeated after a crash.

mod dispatch;
mod identity;
mod inventory;
mod numbers;
mod prescription;
mod settlement;

use liufang_platform::Mesh;

pub use identity::Institution;
pub use inventory::{PriceAsked, Priced};
pub use prescription::{PrescribedLine, Prescription};

/// The services an order goes through.
#[derive(Clone)]
pub struct Peers(liufang_platform::Peers);

impl Peers {
    pub fn new(peers: liufang_platform::Peers) -> Peers {
        Peers(peers)
    }

    fn identity(&self) -> Mesh {
        self.0.mesh("identity")
    }

    fn inventory(&self) -> Mesh {
        self.0.mesh("inventory")
    }

    fn prescription_mesh(&self) -> Mesh {
        self.0.mesh("prescription")
    }

    fn settlement(&self) -> Mesh {
        self.0.mesh("settlement")
    }

    fn dispatch(&self) -> Mesh {
        self.0.mesh("dispatch")
    }
}
