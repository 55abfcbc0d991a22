//! What is asked of a channel and what it says, in our own words.

pub mod bill;
pub mod order;
pub mod said;

pub use bill::{Billed, Broken, Form};
pub use order::{Channel, Order, Refund, RefundState, Scene, State};
pub use said::{Created, RefundSaid, Said, Told};
