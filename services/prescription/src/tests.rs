//! The service behind its real server stack on SQLite, with identity and inventory played by the test.

mod archive;
mod booking;
mod circulation;
mod counter;
mod hospital;
mod issue;
mod notices;
mod parts;
mod peers;
mod practice;
mod queue;
mod repeats;
mod revocation;
mod world;
