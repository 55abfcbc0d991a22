//! Queries and entities; the only place that names tables.

pub mod audit;
pub mod contacts;
pub mod journal;
pub mod line;
pub mod orders;
pub mod purchase;
pub mod sealed;
pub mod story;
