//! The double-entry ledger: accounts, balanced transfers, the hash chain.
//!
//! Owns what a posting is and how a chain is checked. Deliberately does not know where transfers are stored. Invariant:
//! the entries of a [`Draft`] sum to zero, and every transfer's hash covers its own text and its predecessor's hash.

mod account;
mod chain;
mod posting;
mod transfer;

#[cfg(test)]
mod model;

pub use account::Account;
pub use chain::{Chain, ChainAudit, Flaw, GENESIS};
pub use posting::{CaptureFacts, capture, claim_payment, credit, refund};
pub use transfer::{Draft, Entry, Transfer, TransferKind, Unbalanced};
