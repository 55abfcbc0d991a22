//! What a running installation, or an outside party's server, answers beside what the contracts publish.
//!
//! Nothing here looks into a database: everything goes through the one door, with the credentials of the seed.

pub mod prescription;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use liufang_platform::SharedClock;
use liufang_platform::config::Layers;

/// `liufang conformance …`
#[derive(Subcommand)]
pub enum ConformanceCommand {
    /// Play the table of a prescription's states (proto/liufang/prescription/v1/states.txt) cell by cell through a gateway.
    /// It changes what it plays with: only for installations that hold the demo rows of `liufang seed` and a sandbox.
    Prescription(prescription::Options),
}

/// Runs one; ends with 0 when everything is as published and 1 when something is not.
///
/// # Errors
/// When it could not be looked at all: nobody answers, the rows of the seed are not there.
pub async fn run(
    command: &ConformanceCommand,
    layers: &Layers,
    clock: &SharedClock,
    out: &mut impl Write,
) -> Result<ExitCode> {
    match command {
        ConformanceCommand::Prescription(options) => prescription::run(options, layers, clock, out).await,
    }
}
