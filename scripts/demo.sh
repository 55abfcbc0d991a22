#!/usr/bin/env bash
# Plays both journeys on embedded SQLite.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
exec cargo run --quiet -- demo
