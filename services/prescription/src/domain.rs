//! Decisions of visits and prescriptions as pure functions: no I/O, no clock, no randomness.
//!
//! Owns the states and what may happen in each of them ([`lifecycle`], [`visit`]), dispensing of lines ([`dispense`]),
//! the rules a prescription is checked by ([`rules`]), the bytes that are signed ([`document`]) and who may read what
//! ([`access`]). Does not know where anything is stored.

pub mod access;
pub mod booking;
pub mod counter;
pub mod dispense;
pub mod document;
pub mod frequency;
pub mod json;
pub mod lifecycle;
pub mod notice;
pub mod operation;
pub mod practitioner;
pub mod prescription;
pub mod refusal;
pub mod repeat;
pub mod retention;
pub mod rules;
pub mod slot;
pub mod state;
pub mod visit;
