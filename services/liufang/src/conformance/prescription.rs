//! The published table of a prescription's states against a running installation.
//!
//! The people and machines of the demo rows act, each through the gateway with a credential of their own. Time cannot be
//! turned there, so what only the end of a validity leads to is left out and said so.

mod callers;
mod calls;
mod consistent;
mod counter;
mod house;
mod outcome;
mod parts;
mod player;
mod series;
mod sheet;
mod stage;
mod table;
mod walk;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use liufang_platform::config::{Config, Layers};
use liufang_platform::{PrincipalKind, SharedClock};

pub use player::{Outcome, Play, play};
pub use table::Table;

use crate::client::Gateway;
use crate::compose;

/// Arguments of `liufang conformance prescription`.
#[derive(Args)]
pub struct Options {
    /// The gateway's address, http://host:port.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    target: String,
    /// Another table than the published one.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// File with an operator's token (liufang token); none: one is signed with the key of the configuration.
    #[arg(long, value_name = "FILE")]
    operator_token: Option<PathBuf>,
    /// Print every cell as state, operation, caller, status code, answer with tabs between, and end.
    #[arg(long)]
    cells: bool,
}

/// Reads the table, plays it, and names every cell that differs.
///
/// # Errors
/// The table cannot be read, the gateway does not answer, or the rows of the seed are not loaded.
pub async fn run(
    options: &Options,
    layers: &Layers,
    clock: &SharedClock,
    out: &mut impl Write,
) -> Result<ExitCode> {
    let text = match &options.table {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("--table {}", path.display()))?,
        None => liufang_proto::PRESCRIPTION_STATES.to_owned(),
    };
    let table = Table::read(&text).context("the table")?;
    if options.cells {
        for cell in table.cells() {
            writeln!(out, "{cell}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let operator_token = match &options.operator_token {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            text.with_context(|| format!("--operator-token {}", path.display()))?.trim().to_owned()
        }
        None => compose::token_from_config(&Config::load(layers)?, clock, PrincipalKind::Operator, "ops")?,
    };
    let gateway = Gateway::connect(&options.target).await?.with_clock(clock.clone());
    let outcome = play(Play { gateway, operator_token, table, pass_time: None }).await?;
    write!(out, "{outcome}")?;
    Ok(if outcome.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
