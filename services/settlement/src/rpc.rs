//! The generated server traits, a few lines per RPC, and the calls this service makes to others.

mod claim;
mod ledger;
pub mod outside;
mod payment;
mod persons;
mod quote;
mod reconcile;

use liufang_platform::rpc::Calls;

use crate::app::App;

/// The server of every contract of this service; cheap to clone.
#[derive(Clone)]
pub struct Rpc {
    pub(crate) app: App,
    pub(crate) calls: Calls,
}
