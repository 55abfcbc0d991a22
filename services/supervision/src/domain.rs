//! What a rule of supervision finds in the events, and what becomes of a case.

pub mod case;
pub mod fund;
pub mod rules;
