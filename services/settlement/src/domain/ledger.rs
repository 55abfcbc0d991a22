//! The double-entry ledger: accounts, balanced transfers, the hash chain.
//!
//! Owns what a posting is and how a chain is checked. Deliberately does not know where transfers are stored. Invariant:
//! the entries of a [`Draft`] sum to zero, every transfer's hash covers its own text and its predecessor's hash, and a
//! transfer moves accounts of one region 统筹区 alone: each region's chain and sum stand by themselves.

mod account;
mod chain;
mod linked;
mod posting;
mod transfer;

#[cfg(test)]
mod model;

pub use account::{Account, Limit};
pub use chain::{Chain, ChainAudit, Flaw, GENESIS, Links};
pub use linked::{Link, Linked};
pub use posting::{CaptureFacts, capture, claim_payment, credit, refund};
pub use transfer::{ChainEnd, Draft, Entry, Transfer, TransferKind, Unbalanced};
