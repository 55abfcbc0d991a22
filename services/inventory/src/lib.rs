//! The inventory service: catalogue, listings and prices, stock by lot, trace codes, reservations.
//!
//! Wiring only; see `README.md` beside `Cargo.toml` for the service on one page.

mod app;
pub mod audit;
pub mod domain;
mod error;
mod events;
mod gauges;
mod migrations;
mod rpc;
mod store;
mod wire;
mod workers;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable};
use liufang_proto::inventory::v1::catalogue_service_server::CatalogueServiceServer;
use liufang_proto::inventory::v1::offer_service_server::OfferServiceServer;
use liufang_proto::inventory::v1::reservation_service_server::ReservationServiceServer;
use liufang_proto::inventory::v1::stock_service_server::StockServiceServer;

pub const ROLE: &str = "inventory";
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = &[];
/// Every reason this service can answer by itself.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// The service, wired.
pub fn module(deps: Deps) -> Module {
    let app = app::App::new(&deps);
    let rpc = rpc::Rpc { calls: deps.calls(), app: app.clone() };
    Module::new(ROLE)
        .service(CatalogueServiceServer::new(rpc.clone()))
        .service(StockServiceServer::new(rpc.clone()))
        .service(OfferServiceServer::new(rpc.clone()))
        .service(ReservationServiceServer::new(rpc))
        .worker(workers::expire_reservations(app.clone()))
        .gauge(gauges::trace_code_duplicates(app))
}

#[cfg(test)]
mod tests;
