//! The rules of identity: verification, credentials, mutual aid, agreements.
//!
//! Owns decisions as pure functions. Deliberately knows no database, no provider and no clock: time, identifiers and
//! hashes are arguments. Invariant: a step passes only on an explicit pass, never on silence.

pub mod access_purpose;
pub mod agreement;
pub mod authority;
pub mod certificate;
pub mod coded;
pub mod day;
pub mod erasure;
pub mod face_proof;
pub mod guardian;
pub mod institution;
pub mod machine;
pub mod mutual_aid;
pub mod open_check;
pub mod person;
pub mod phone_code;
pub mod practitioner;
pub mod step_event;
pub mod throttle;
pub mod token_family;
pub mod verification;
