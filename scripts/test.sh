#!/usr/bin/env bash
# Runs every test: units, and the behaviour suite on SQLite, on real PostgreSQL + Redis, and as separate processes inside
# mutual TLS, two of every role (LIUFANG_TEST_REPLICAS=1: one). Arguments go to cargo test, e.g. scripts/test.sh -p liufang-kernel.
# What tests write is in memory (/dev/shm) where 6 GiB are free there, and in TMPDIR where that is set.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
if [ $# -eq 0 ]; then
  set -- --workspace
fi
exec cargo test "$@"
