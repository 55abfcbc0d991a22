//! Kits that outside parties and integrators run against their own servers: every promise of a contract is tried, and the end
//! says whether all were kept.
//!
//! Nothing here looks into a database: everything goes through a server's own door.

pub mod channel;
pub mod hospital;
pub mod insurer;
pub mod prescription;
pub mod verification;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use liufang_platform::config::{Config, Layers};
use liufang_platform::{Mesh, SharedClock};
use tonic::{Response, Status};

use crate::compose;

/// What is tried, and where.
#[derive(Subcommand)]
pub enum Conformance {
    /// A provider of real-name verification: registry, carrier, messages, faces.
    Verification(Box<verification::Options>),
    /// A hospital's own system that is told of reviews and settlements (7108, 7109).
    Hospital(hospital::Options),
    /// An insurer's centre: trial, settlement, reversal, what becomes of a lost answer (2101, 2102, 2103, 2601, 5206).
    Insurer(insurer::Options),
    /// A payment channel: payments, refunds, closing, statements.
    Channel(channel::Options),
    /// Play the table of a prescription's states (proto/liufang/prescription/v1/states.txt) cell by cell through a gateway.
    /// It changes what it plays with: only for installations that hold the demo rows of `liufang seed` and a sandbox.
    Prescription(prescription::Options),
}

/// Runs a kit. Ends with 0 when every promise was kept, with 1 when one was not.
///
/// # Errors
/// The target cannot be asked at all, or `out` cannot be written.
pub async fn run(
    kit: &Conformance,
    layers: &Layers,
    clock: &SharedClock,
    out: &mut impl Write,
) -> Result<ExitCode> {
    let kept = match kit {
        Conformance::Verification(options) => verification::at(&Config::load(layers)?, options, out).await?,
        Conformance::Hospital(options) => hospital::at(&Config::load(layers)?, options, out).await?,
        Conformance::Insurer(options) => insurer::at(&Config::load(layers)?, options, clock, out).await?,
        Conformance::Channel(options) => channel::at(&Config::load(layers)?, options, clock, out).await?,
        Conformance::Prescription(options) => {
            return prescription::run(options, layers, clock, out).await;
        }
    };
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The server of an outside party.
#[derive(Args, Clone)]
pub struct Target {
    /// The server's address, http:// or https://.
    #[arg(long = "target", value_name = "URL")]
    url: String,
    /// The target is the sandbox of this installation: prove the role by mesh.secret.
    #[arg(long)]
    sandbox: bool,
}

impl Target {
    /// A connection as `caller` has one to its `hook`.
    fn mesh(&self, config: &Config, caller: &str, hook: &str) -> Result<Mesh> {
        compose::hook(config, caller, hook, &self.url, self.sandbox)
    }
}

/// The answer of a call; after `patience` there is none.
async fn patiently<T>(
    patience: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Status> {
    match tokio::time::timeout(patience, call).await {
        Ok(answer) => answer.map(Response::into_inner),
        Err(_) => Err(Status::deadline_exceeded("no answer in time")),
    }
}

/// A call that failed, for people: its message may repeat what was told.
fn failed(status: &Status) -> String {
    format!("the call failed with {:?}", status.code())
}

/// What came of the cases of a kit.
#[derive(Debug, Default)]
pub struct Tally {
    kept: usize,
    broken: usize,
}

impl Tally {
    /// Tells one case: what was promised, and what was seen instead.
    fn note(&mut self, out: &mut impl Write, case: &str, seen: Result<(), String>) -> Result<()> {
        match seen {
            Ok(()) => {
                self.kept += 1;
                writeln!(out, "ok    {case}")?;
            }
            Err(seen) => {
                self.broken += 1;
                writeln!(out, "WRONG {case}: {seen}")?;
            }
        }
        Ok(())
    }

    /// Tells the sum; whether everything was kept.
    fn end(&self, out: &mut impl Write) -> Result<bool> {
        writeln!(out, "{} kept, {} broken", self.kept, self.broken)?;
        Ok(self.broken == 0)
    }
}
