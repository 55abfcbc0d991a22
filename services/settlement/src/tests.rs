//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
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
mod wire;
mod world;
