//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
mod channels;
mod fakes;
mod faults;
mod measure;
mod notices;
mod payments;
mod quotes;
mod regions;
mod simulation;
mod wire;
mod world;
