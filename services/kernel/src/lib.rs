//! Pure words of the trade, shared by every service: money, quantities, time, identity and drug codes, faults.
//!
//! Owns value types and their arithmetic. Deliberately does not know: databases, gRPC, clocks, randomness, the
//! environment. Invariant: nothing here does I/O, and no amount ever passes through a binary float.

pub mod codes;
pub mod combined;
pub mod document;
pub mod fault;
pub mod idcard;
pub mod money;
pub mod phone;
pub mod quantity;
pub mod region;
pub mod sensitive;
pub mod timestamp;
pub mod violations;

pub use fault::{Class, Fault, INTERNAL, ReasonDoc};
pub use money::{Fen, Ratio, UnitPrice};
pub use quantity::Quantity;
pub use sensitive::Sensitive;
pub use time::Date;
pub use timestamp::Timestamp;
pub use violations::Violations;
