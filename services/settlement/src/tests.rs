//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
mod claims;
mod fakes;
mod faults;
mod linked;
mod measure;
mod notices;
mod payments;
mod quotes;
mod reconcile;
mod regions;
mod simulation;
mod statements;
mod wire;
mod world;
