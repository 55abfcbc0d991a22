//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
mod channels;
mod fakes;
mod faults;
mod linked;
mod measure;
mod notices;
mod payments;
mod quotes;
mod regions;
mod simulation;
mod stuck;
mod wire;
mod world;
