//! Visits and electronic prescriptions 电子处方: booking, the online consultation, issue, signatures, circulation.
//!
//! Owns slots, visits, prescriptions, claims and hand-outs. Does not own: persons and practitioners (identity), drugs and
//! prices (inventory), money and the choice of a pharmacy (order). Invariants: one prescription, one trace code, one
//! holder at a time; the signed bytes never change; terminal states never change.

pub mod domain;
mod migrations;
mod signature;
mod store;
