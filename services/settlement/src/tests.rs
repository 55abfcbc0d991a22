//! Whole flows over a real database, with identity, channel and insurer played here.

mod books;
mod channels;
mod claims;
mod fakes;
mod faults;
mod insurer;
mod lane;
mod less;
mod linked;
mod measure;
mod notices;
mod offers;
mod oracle;
mod packs;
mod payments;
mod quotes;
mod random;
mod reconcile;
mod refunds;
mod regions;
mod relatives;
mod simulation;
mod statements;
mod stuck;
mod wire;
mod world;
