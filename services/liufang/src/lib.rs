//! The binary as a library: command line, composition, outside clients, seed data, demo, and what operators look with.

pub mod audit;
pub mod bus;
pub mod cli;
pub mod client;
pub mod compose;
pub mod conformance;
pub mod demo;
pub mod keys;
pub mod probe;
pub mod seed;
pub mod statements;

pub use liufang_platform::config;
