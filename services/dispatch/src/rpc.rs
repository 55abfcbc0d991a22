//! The generated traits.

mod courier;
mod delivery;

use liufang_platform::rpc::Calls;

use crate::app::App;

/// Serves both contracts.
#[derive(Clone)]
pub struct Rpc {
    pub calls: Calls,
    pub app: App,
}
