//! Queries and rows; the only place that names tables.
//!
//! Every statement runs on SQLite and PostgreSQL alike. What several rows need is done in one statement with a row of
//! `VALUES` each, so that grouped requests stay cheap. Stock columns change by guarded updates only.

pub mod audit;
pub mod drug;
pub mod listing;
pub mod lot;
pub mod movement;
pub mod reservation;
mod sql;
pub mod trace;
