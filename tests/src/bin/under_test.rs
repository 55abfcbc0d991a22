//! `liufang` as the tests start it: the same command line, on the story's clock when they name its file.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use liufang_platform::{SharedClock, SystemClock};
use liufang_tests::clock::{self, StoryClock};

#[tokio::main]
async fn main() -> ExitCode {
    let clock: SharedClock = match std::env::var_os(clock::VARIABLE) {
        Some(path) => Arc::new(StoryClock::follow(Path::new(&path))),
        None => Arc::new(SystemClock),
    };
    liufang::cli::run_at(clock).await
}
