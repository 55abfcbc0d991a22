#!/usr/bin/env bash
# Measures a release build and prints ratios against a reference of the same run. Arguments: seconds per measurement (10), and a
# part alone: `pre-check` (the rules of a prescription), `benefit` (the settlement of a basket), `reconcile` (a million lines).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
seconds=${1:-10} part=${2:-all}
if [ "$part" = pre-check ] || [ "$part" = all ]; then
  cargo run --release --quiet -p liufang-prescription --example pre_check -- "$seconds"
fi
if [ "$part" = benefit ] || [ "$part" = all ]; then
  cargo run --release --quiet -p liufang-settlement --example benefit -- "$seconds"
fi
if [ "$part" = reconcile ] || [ "$part" = all ]; then
  cargo run --release --quiet -p liufang-settlement --example reconcile
fi
[ "$part" = all ] || exit 0
echo
install_servers
cargo build --release --quiet -p liufang --bin liufang -p liufang-tests --bin bench
exec target/release/bench target/release/liufang "$seconds"
