//! Seed data: what a fresh installation can load, read from `deploy/seed` and sent through the public API.
//!
//! Owns the tables (embedded, so the binary needs no files), the keys of invented practitioners and machines, and the
//! order of loading. Deliberately does not know any service from inside: it is one more outside client. Invariant:
//! loading twice changes nothing.

pub mod cast;
mod keys;
mod loader;
mod people;
mod report;
mod rows;
mod shelf;
mod stock;
mod table;
mod tables;
mod visits;

use anyhow::Result;

use crate::client::Gateway;

pub use keys::{machine_key, practitioner};
pub use report::SeedReport;
pub use rows::{
    DrugRow, GuardianRow, InstitutionRow, PersonRow, PractitionerRow, PriceRow, SlotRow, StockRow,
};
pub use shelf::Shelf;
pub use tables::Seed;

/// How much is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedSet {
    /// What the demo and the tests need: every drug and institution, a few hundred rows of people, stock and slots.
    Demo,
    /// Every row.
    Full,
}

/// Loads `set` through the gateway. `operator_token` is an operator's access token.
///
/// # Errors
/// A call that fails, and after everything was sent: any row that was refused.
pub async fn load(gateway: &Gateway, operator_token: &str, set: SeedSet) -> Result<SeedReport> {
    loader::Loader::new(Seed::read()?, gateway, operator_token, set).run().await
}
