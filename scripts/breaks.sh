#!/usr/bin/env bash
# Shows that the tests can fail: compiles the deliberate faults of tests/breaks/breaks.toml into a copy of the tree, wakes one at
# a time and runs the behaviour it must turn red. Arguments are names of single faults.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
exec python3 scripts/breaks.py "$@"
