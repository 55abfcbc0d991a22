//! The settlement service: benefits, personal accounts, payments over channels, the ledger, claims.
//!
//! Wiring only. Rules are in [`domain`], one page about everything is in `README.md`.

mod app;
pub mod audit;
pub mod boundary;
pub mod domain;
mod error;
mod events;
mod gauges;
mod migrations;
mod rpc;
mod store;
#[cfg(test)]
mod tests;
mod wire;
mod workers;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable};
use liufang_proto::settlement::v1 as pb;
use pb::account_service_server::AccountServiceServer;
use pb::claim_service_server::ClaimServiceServer;
use pb::ledger_service_server::LedgerServiceServer;
use pb::payment_service_server::PaymentServiceServer;
use pb::person_need_service_server::PersonNeedServiceServer;
use pb::quote_service_server::QuoteServiceServer;
use pb::reconcile_service_server::ReconcileServiceServer;

pub const ROLE: &str = "settlement";
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = store::sealed::SEALED;
/// Every reason this service can answer with.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Builds the service.
pub fn module(deps: Deps) -> Module {
    let app = app::App::new(&deps);
    let rpc = rpc::Rpc { app: app.clone(), calls: deps.calls() };
    let module = Module::new(ROLE)
        .service(QuoteServiceServer::new(rpc.clone()))
        .service(PaymentServiceServer::new(rpc.clone()))
        .service(AccountServiceServer::new(rpc.clone()))
        .service(LedgerServiceServer::new(rpc.clone()))
        .service(ClaimServiceServer::new(rpc.clone()))
        .service(PersonNeedServiceServer::new(rpc.clone()))
        .service(ReconcileServiceServer::new(rpc));
    let module = workers::all(&app).into_iter().fold(module, Module::worker);
    let module = gauges::all(&app).into_iter().fold(module, Module::gauge);
    module.opening(move || async move { app.packs_hold().await })
}
