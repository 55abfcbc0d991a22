//! `liufang`: every role of the mesh in one program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    liufang::cli::run().await
}
