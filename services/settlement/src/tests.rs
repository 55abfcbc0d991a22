//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
mod channels;
mod fakes;
mod faults;
mod insurer;
mod lane;
mod less;
mod linked;
mod measure;
mod notices;
mod oracle;
mod packs;
mod payments;
mod quotes;
mod random;
mod reconcile;
mod refunds;
mod regions;
mod simulation;
mod stuck;
mod wire;
mod world;
