//! Identity: persons, real-name verification, credentials, mutual aid, institutions and practitioners.
//!
//! Owns who somebody is and what the insurance knows about them. Deliberately does not know orders, money or drugs.
//! Invariant: nothing passes on silence; a credential is given once for each proof.

mod app;
mod certificate;
mod credential;
pub mod demo;
mod domain;
mod error;
mod gauges;
mod migrations;
mod reasons;
mod rpc;
mod store;
#[cfg(test)]
mod tests;
mod wire;
mod workers;
mod x509;

use std::time::Duration;

use liufang_kernel::ReasonDoc;
use liufang_platform::{Deps, Migration, Module, SealedTable, Settings, Worker};
use liufang_proto::identity::v1::certificate_service_server::CertificateServiceServer;
use liufang_proto::identity::v1::guardian_service_server::GuardianServiceServer;
use liufang_proto::identity::v1::institution_service_server::InstitutionServiceServer;
use liufang_proto::identity::v1::person_service_server::PersonServiceServer;
use liufang_proto::identity::v1::token_service_server::TokenServiceServer;
use liufang_proto::identity::v1::verification_service_server::VerificationServiceServer;

/// Name of the role.
pub const ROLE: &str = "identity";
/// Migrations of its database.
pub const MIGRATIONS: &[Migration] = migrations::ALL;
/// Where its tables keep sealed text.
pub const SEALED: &[SealedTable] = store::vault::SEALED;
/// Every reason this service answers.
pub const REASONS: &[&ReasonDoc] = error::REASONS;

/// How often what has run out is swept away.
const SWEEP: Duration = Duration::from_secs(30);

/// How often it is looked whose turn it is to be asked again.
const ASK: Duration = Duration::from_secs(1);

/// What is wrong with the settings of the role, looked at before anything starts.
///
/// # Errors
/// Every mistake in words.
pub fn check_settings(settings: &Settings) -> Result<(), Vec<String>> {
    x509::Authorities::load(settings).map(drop)
}

/// Wires the service.
pub fn module(deps: Deps) -> Module {
    let rpc = rpc::Rpc::new(&deps);
    let sweeper = workers::Sweeper::new(&deps);
    let asker = app::App::new(&deps);
    let gauges = gauges::gauges(&asker);
    let module = Module::new(ROLE)
        .service(VerificationServiceServer::new(rpc.clone()))
        .service(TokenServiceServer::new(rpc.clone()))
        .service(PersonServiceServer::new(rpc.clone()))
        .service(InstitutionServiceServer::new(rpc.clone()))
        .service(GuardianServiceServer::new(rpc.clone()))
        .service(CertificateServiceServer::new(rpc))
        .worker(Worker::new("sweep-identity", SWEEP, move || {
            let sweeper = sweeper.clone();
            async move { sweeper.step().await }
        }))
        .worker(Worker::new("ask-verification-providers", ASK, move || {
            let asker = asker.clone();
            async move { asker.ask_again().await }
        }));
    gauges.into_iter().fold(module, Module::gauge)
}
