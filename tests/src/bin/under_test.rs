//! `liufang` as the tests start it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    liufang::cli::run().await
}
