//! From the pharmacy to the door.
//!
//! Owns deliveries, couriers' shifts and positions, hand-over codes, cold-chain logs and the assignment of couriers.
//! Deliberately knows nothing of what is in the box or how it was paid. Invariant: goods that were picked up end with
//! the recipient or back at the pharmacy.

mod app;
pub mod audit;
mod domain;
mod error;
mod events;
mod migrations;
mod peers;
mod rpc;
mod store;
#[cfg(test)]
mod tests;
mod wire;
mod workers;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable};
use liufang_proto::dispatch::v1::courier_service_server::CourierServiceServer;
use liufang_proto::dispatch::v1::delivery_service_server::DeliveryServiceServer;

use crate::app::App;
use crate::rpc::Rpc;

/// Name of the role.
pub const ROLE: &str = "dispatch";
/// Schema of its database.
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = store::sealed::SEALED;
/// Every reason it can answer.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Wires the role.
pub fn module(deps: Deps) -> Module {
    let app = App::new(&deps);
    let rpc = Rpc { calls: deps.calls(), app: app.clone() };
    Module::new(ROLE)
        .service(DeliveryServiceServer::new(rpc.clone()))
        .service(CourierServiceServer::new(rpc))
        .worker(workers::assign(app.clone()))
        .worker(workers::outside(app.clone()))
        .worker(workers::forget_contacts(app))
}
