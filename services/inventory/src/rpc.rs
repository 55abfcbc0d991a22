//! The generated traits: parse, call the use case, render.

mod catalogue;
mod offer;
mod reservation;
mod stock;

use liufang_platform::rpc::Calls;

use crate::app::App;

/// Serves all four gRPC services.
#[derive(Clone)]
pub struct Rpc {
    pub(crate) calls: Calls,
    pub(crate) app: App,
}
