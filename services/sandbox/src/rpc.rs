//! The generated traits of the hooks and of the tester's side.

mod control;
mod hooks;
mod mobile;

use liufang_platform::rpc::Calls;

use crate::app::App;

/// Serves every contract of this role.
#[derive(Clone)]
pub struct Rpc {
    pub calls: Calls,
    pub app: App,
}
