//! Payment channels: WeChat Pay v3 and Alipay in their own wire formats, behind `liufang.hooks.v1.PaymentChannel`.
//!
//! Owns what was asked of a channel, before it is asked, and what a channel told. Deliberately does not know: orders,
//! benefits, the ledger; settlement asks and is told, and decides. One page about everything: README.md.

mod app;
mod domain;
mod error;
mod listener;
mod migrations;
mod peers;
mod rpc;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod wire;
mod workers;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable};
use liufang_proto::hooks::v1::payment_channel_server::PaymentChannelServer;

use crate::app::App;
use crate::rpc::Rpc;

/// Name of the role.
pub const ROLE: &str = "channels";
/// Schema of its database.
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = store::sealed::SEALED;
/// Every reason it can answer.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Wires the role.
pub fn module(deps: Deps) -> Module {
    let (settings, mistakes) = settings::Settings::read(&deps.settings);
    let app = App::new(&deps, settings);
    let rpc = Rpc { calls: deps.calls(), app: app.clone() };
    let mut module = Module::new(ROLE)
        .service(PaymentChannelServer::new(rpc))
        .port(listener::port(app.clone()))
        .worker(workers::deliver_notices(app));
    module.mistakes = mistakes;
    module
}
