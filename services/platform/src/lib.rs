//! All that touches the world: configuration, telemetry, databases, tokens, the mesh, the bus, workers.
//!
//! Services are written against this crate and the contracts only. It is the one place that reads the environment,
//! builds a gRPC `Status`, opens a transaction or knows whether a peer lives in this process or across a network.

pub mod access;
pub mod admin;
pub mod audit;
pub mod auth;
pub mod bus;
pub mod call;
pub mod causes;
pub mod cipher;
pub mod clock;
pub mod config;
pub mod db;
pub mod deadline;
pub mod feed;
pub mod gated;
pub mod hash;
pub mod health;
pub mod https;
pub mod ids;
pub mod mesh;
pub mod metrics;
pub mod migrate;
pub mod module;
pub mod network;
pub mod outgoing;
pub mod peer;
pub mod point;
pub mod regions;
pub mod retry;
pub mod rpc;
pub mod rsa;
pub mod sealed;
pub mod settings;
pub mod stack;
pub mod status;
pub mod sweep;
pub mod telemetry;
pub mod testing;
pub mod worker;

pub use auth::{AuthFault, Claims, Principal, PrincipalKind, Tokens};
pub use bus::{Consumer, Event};
pub use call::{Call, CallMeta};
pub use cipher::{Cipher, CipherError, DataKeys};
pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use db::{Begun, Db, DbFault, Work};
pub use ids::Ids;
pub use mesh::{Mesh, Peers};
pub use migrate::Migration;
pub use module::{Deps, Module, Port};
pub use peer::PeerFault;
pub use regions::Regions;
pub use sealed::SealedTable;
pub use settings::Settings;
pub use sweep::Sweep;
pub use worker::Worker;
