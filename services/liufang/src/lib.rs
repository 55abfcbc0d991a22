//! The binary as a library: command line, composition, outside clients, seed data, demo, probe.

pub mod cli;
pub mod client;
pub mod compose;
pub mod demo;
pub mod probe;
pub mod seed;

pub use liufang_platform::config;
