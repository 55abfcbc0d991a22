//! The binary as a library: command line, composition, outside clients, seed data, demo, and what operators look with.

/// Of every binary made of this: a settlement makes thousands of small things, and the C library's allocator took a fifth of its time.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
