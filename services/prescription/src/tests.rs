//! The service behind its real server stack on SQLite, with identity and inventory played by the test.

mod archive;
mod booking;
mod circulation;
mod counter;
mod issue;
mod peers;
mod practice;
mod queue;
mod repeats;
mod revocation;
mod world;
