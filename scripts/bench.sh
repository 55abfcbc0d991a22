#!/usr/bin/env bash
# Measures a release build and prints ratios against a reference of the same run. Argument: seconds per measurement (10).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
cargo build --release --quiet -p liufang --bin liufang -p liufang-tests --bin bench
exec target/release/bench target/release/liufang "${1:-10}"
