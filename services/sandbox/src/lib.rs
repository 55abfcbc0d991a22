//! The outside parties of a development mesh: ID registry, carrier, payment channel, insurer, courier company, hospitals' systems.
//!
//! Owns made-up books and failure dials behind the real hook contracts. Deliberately knows nothing of orders. Never runs
//! in production. Magic numbers: README.md beside this crate.

mod app;
mod domain;
mod error;
mod migrations;
mod peers;
mod rpc;
mod store;
#[cfg(test)]
mod tests;
mod wire;
mod wires;
mod workers;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable};
use liufang_proto::hooks::v1::courier_hook_server::CourierHookServer;
use liufang_proto::hooks::v1::hospital_hook_server::HospitalHookServer;
use liufang_proto::hooks::v1::insurer_hook_server::InsurerHookServer;
use liufang_proto::hooks::v1::mobile_payment_server::MobilePaymentServer;
use liufang_proto::hooks::v1::payment_channel_server::PaymentChannelServer;
use liufang_proto::hooks::v1::verification_hook_server::VerificationHookServer;
use liufang_proto::sandbox::v1::sandbox_service_server::SandboxServiceServer;

use crate::app::App;
use crate::rpc::Rpc;

/// Name of the role.
pub const ROLE: &str = "sandbox";
/// Schema of its database.
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = store::sealed::SEALED;
/// Every reason it can answer.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Wires the role.
pub fn module(deps: Deps) -> Module {
    let (wires, mistakes) = wires::Wires::of(&deps);
    let app = App::new(&deps, wires);
    let rpc = Rpc { calls: deps.calls(), app: app.clone() };
    let mut module = Module::new(ROLE)
        .port(wires::port(app.clone()))
        .service(SandboxServiceServer::new(rpc.clone()))
        .service(VerificationHookServer::new(rpc.clone()))
        .service(PaymentChannelServer::new(rpc.clone()))
        .service(InsurerHookServer::new(rpc.clone()))
        .service(MobilePaymentServer::new(rpc.clone()))
        .service(CourierHookServer::new(rpc.clone()))
        .service(HospitalHookServer::new(rpc))
        .worker(workers::send_notices(app.clone()))
        .worker(workers::work_orders(app));
    module.mistakes = mistakes;
    module
}
