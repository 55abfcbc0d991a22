//! The purchase: basket → quote → payment → dispensing → hand-over, and the way back. The only service that calls
//! several others; it meets them in the contracts alone.
//!
//! Owns orders, their story and the saga's journal. Deliberately owns no stock, money, prescription or delivery.
//! Invariant: every call to another service is a journal row first, and every row that holds something has one that
//! gives it back.

mod app;
pub mod audit;
mod domain;
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
use liufang_proto::order::v1::order_service_server::OrderServiceServer;
use liufang_proto::order::v1::person_need_service_server::PersonNeedServiceServer;

/// The role's name.
pub const ROLE: &str = "order";
/// Migrations of the order database.
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = store::sealed::SEALED;
/// Every reason this service can answer with.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Wires the service.
pub fn module(deps: Deps) -> Module {
    let calls = deps.calls();
    let app = app::App::new(deps);
    let workers = workers::workers(&app);
    let consumers = events::consumers(&app);
    let gauges = gauges::gauges(&app);
    let persons = rpc::persons::Persons { app: app.clone(), calls: calls.clone() };
    let mut module = Module::new(ROLE)
        .service(OrderServiceServer::new(rpc::OrderRpc::new(app, calls)))
        .service(PersonNeedServiceServer::new(persons));
    for worker in workers {
        module = module.worker(worker);
    }
    for consumer in consumers {
        module = module.consumer(consumer);
    }
    gauges.into_iter().fold(module, Module::gauge)
}
