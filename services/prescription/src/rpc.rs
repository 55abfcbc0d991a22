//! The generated traits, a few lines per RPC, and the calls this service makes to other roles.

pub mod circulation;
pub mod hospital;
pub mod identity;
pub mod inventory;
pub mod prescribing;
pub mod prescriptions;
pub mod visits;
