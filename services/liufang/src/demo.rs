//! The demonstration.

use std::io::Write;

use anyhow::Result;

/// Plays both journeys.
pub async fn run(_gateway_url: &str, _operator_token: &str, _out: &mut impl Write) -> Result<()> {
    Ok(())
}
