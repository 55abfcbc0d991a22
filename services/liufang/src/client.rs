//! Outside clients, as other companies would write them: generated clients over a channel to the gateway's port.
//!
//! Owns sign-in, token renewal, idempotency keys and the practitioners' SM2 signatures. Deliberately does not know
//! anything from inside the services: the demo and the behaviour tests see the mesh exactly as a HIS, a POS, a platform
//! or a patient's app does. Invariant: a write is never repeated under another key than its own.

mod calls;

mod agency;
mod courier;
mod gateway;
mod his;
mod machine;
mod operator;
mod patient;
mod platform;
mod pos;
mod practitioner;
mod public;
mod refusal;
mod services;
mod session;
mod supervisor;
pub mod verification;

pub use agency::Agency;
pub use courier::Courier;
pub use gateway::{ConnectError, Gateway};
pub use his::His;
pub use machine::{Machine, MachineKey};
pub use operator::Operator;
pub use patient::{Citizen, Patient, fee_order};
pub use platform::PlatformClient;
pub use pos::{Claimed, Pos};
pub use practitioner::{Practitioner, PractitionerKeyError};
pub use public::Public;
pub use refusal::Refusal;
pub use session::{Answer, Session};
pub use supervisor::Supervisor;
