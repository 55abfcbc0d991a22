//! What the outside parties decide: magic numbers, failure dials, the channel's and the insurer's books.

pub mod bill;
pub mod channel;
pub mod dial;
pub mod insurer;
pub mod job;
pub mod magic;
pub mod sheet;
