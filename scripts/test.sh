#!/usr/bin/env bash
# Runs every test: units, and the behaviour suite on SQLite and on real PostgreSQL + Redis, in one process and as separate
# processes. Arguments go to cargo test, e.g. scripts/test.sh -p liufang-kernel.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
if [ $# -eq 0 ]; then
  set -- --workspace
fi
exec cargo test "$@"
