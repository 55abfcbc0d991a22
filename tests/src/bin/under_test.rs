//! `liufang` as the tests start it: the same command line, on the story's clock.

use std::process::ExitCode;
use std::sync::Arc;

use liufang_platform::ManualClock;

#[tokio::main]
async fn main() -> ExitCode {
    let clock = ManualClock::default();
    let offset = std::env::var("LIUFANG_TEST_CLOCK_OFFSET").ok().and_then(|text| text.parse().ok());
    clock.advance_seconds(offset.unwrap_or_default());
    liufang::cli::run_at(Arc::new(clock)).await
}
