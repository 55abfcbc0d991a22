//! The insurer's and regulator's eyes: cases from comparing events, and the fund view.
//!
//! Owns cases and the small books its rules compare with. Deliberately changes nothing anywhere else: it suspects, people
//! decide. Invariant: an event counts once, and open cases about the same thing are one case.

mod app;
mod domain;
mod error;
mod events;
mod gauges;
mod migrations;
mod peers;
mod rpc;
mod store;
#[cfg(test)]
mod tests;
mod wire;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable};
use liufang_proto::supervision::v1::supervision_service_server::SupervisionServiceServer;

use crate::app::App;
use crate::rpc::Rpc;

/// Name of the role.
pub const ROLE: &str = "supervision";
/// Schema of its database.
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = &[];
/// Every reason it can answer.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Wires the role.
pub fn module(deps: Deps) -> Module {
    let app = App::new(&deps);
    let rpc = Rpc { calls: deps.calls(), app: app.clone() };
    let module = Module::new(ROLE).service(SupervisionServiceServer::new(rpc));
    events::consumers(module, &app).gauge(gauges::trace_code_duplicates(app))
}
