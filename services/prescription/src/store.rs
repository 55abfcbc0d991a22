//! Queries. The only place that names tables.
//!
//! Changes of visits, slots and prescriptions are guarded updates: they name the version (or the vacancy) they were
//! decided on and answer whether they took place. Personal text goes in and out sealed; see [`sealed`].

pub mod audit;
pub mod change;
pub mod counter;
pub mod hand_out;
pub mod in_hand;
pub mod line;
pub mod notice;
pub mod prescription;
pub mod sealed;
pub mod slot;
pub mod visit;

use liufang_platform::DbFault;

/// Why a row could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Db(#[from] DbFault),
    /// A column holds a value this build does not know, or text that cannot be opened.
    #[error("row cannot be read: {0}")]
    Corrupt(&'static str),
    /// A unique index refused the row.
    #[error("row exists")]
    Exists,
}

impl From<sea_orm::DbErr> for StoreError {
    fn from(error: sea_orm::DbErr) -> StoreError {
        if DbFault::is_unique(&error) { StoreError::Exists } else { StoreError::Db(error.into()) }
    }
}
