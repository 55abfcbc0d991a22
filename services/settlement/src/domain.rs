//! What the money service decides: benefits, legs, the ledger, the payment machine, claims. Pure functions only.

pub mod accumulate;
pub mod audit;
pub mod benefit;
pub mod claim;
pub mod decide;
pub mod entitlement;
pub mod fetch;
pub mod lane;
pub mod ledger;
pub mod payment;
pub mod payout;
pub mod quote;
pub mod reconcile;
pub mod refund;
pub mod statement;
