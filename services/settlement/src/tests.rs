//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
mod fakes;
mod faults;
mod less;
mod linked;
mod measure;
mod notices;
mod packs;
mod payments;
mod quotes;
mod refunds;
mod regions;
mod simulation;
mod stuck;
mod wire;
mod world;
