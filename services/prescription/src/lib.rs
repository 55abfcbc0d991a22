//! Visits and electronic prescriptions 电子处方: booking, the online consultation, issue, signatures, circulation.
//!
//! Owns slots, visits, prescriptions, claims and hand-outs. Does not own: persons and practitioners (identity), drugs and
//! prices (inventory), money and the choice of a pharmacy (order). Invariants: one prescription, one trace code, one
//! holder at a time; the signed bytes never change; terminal states never change.

mod app;
pub mod audit;
pub mod domain;
mod error;
mod events;
mod gauges;
mod migrations;
mod rpc;
mod signature;
mod store;
mod wire;
mod workers;

#[cfg(test)]
mod tests;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module};
use liufang_proto::prescription::v1 as pb;
use pb::circulation_service_server::CirculationServiceServer;
use pb::prescribing_service_server::PrescribingServiceServer;
use pb::prescription_service_server::PrescriptionServiceServer;
use pb::visit_service_server::VisitServiceServer;

use app::App;

/// The name of this role in the mesh.
pub const ROLE: &str = "prescription";

/// The tables of this service, in order.
pub const MIGRATIONS: &[Migration] = migrations::ALL;

/// Every reason this service answers by itself.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// Wires the service.
pub fn module(deps: Deps) -> Module {
    let calls = deps.calls();
    let app = App::new(deps);
    let visits = rpc::visits::Visits { app: app.clone(), calls: calls.clone() };
    let prescribing = rpc::prescribing::Prescribing { app: app.clone(), calls: calls.clone() };
    let prescriptions = rpc::prescriptions::Prescriptions { app: app.clone(), calls: calls.clone() };
    let circulation = rpc::circulation::Circulation { app: app.clone(), calls };
    let module = Module::new(ROLE)
        .service(VisitServiceServer::new(visits))
        .service(PrescribingServiceServer::new(prescribing))
        .service(PrescriptionServiceServer::new(prescriptions))
        .service(CirculationServiceServer::new(circulation))
        .worker(workers::time_out_visits(app.clone()))
        .worker(workers::expire_prescriptions(app.clone()))
        .worker(workers::lapse_claims(app.clone()))
        .worker(workers::forget_counter_tokens(app.clone()))
        .worker(workers::archive(app.clone()))
        .worker(workers::send_notices(app.clone()))
        .worker(workers::forget_notices(app.clone()));
    let module = gauges::gauges(&app).into_iter().fold(module, Module::gauge);
    events::consumers(module, &app)
}
