//! `liufang` as the tests start it: the same command line, on the story's clock when they name its file, and mortal at the points
//! that they name.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use liufang_platform::{SharedClock, SystemClock, point};
use liufang_tests::clock::{self, StoryClock};
use liufang_tests::points;

#[tokio::main]
async fn main() -> ExitCode {
    let clock: SharedClock = match std::env::var_os(clock::VARIABLE) {
        Some(path) => Arc::new(StoryClock::follow(Path::new(&path))),
        None => Arc::new(SystemClock),
    };
    if std::env::var_os(points::VARIABLE).is_some() {
        point::watch(points::die_where_named);
    }
    liufang::cli::run_at(clock).await
}
