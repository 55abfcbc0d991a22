//! The generated traits: parse, use case, render. One file per gRPC service.

mod certificate;
mod guardian;
mod institution;
mod person;
mod token;
mod verification;

use liufang_platform::Deps;
use liufang_platform::rpc::Calls;

use crate::app::App;

/// Answers the services of identity; cheap to clone.
#[derive(Clone)]
pub struct Rpc {
    calls: Calls,
    app: App,
}

impl Rpc {
    pub fn new(deps: &Deps) -> Rpc {
        Rpc { calls: deps.calls(), app: App::new(deps) }
    }
}
