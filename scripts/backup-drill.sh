#!/usr/bin/env bash
# Backs up, destroys, restores and reconciles a small installation on private servers: deploy/backup/README.md.
# LIUFANG_BINARY: a program built before; otherwise it is built.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
binary=${LIUFANG_BINARY:-}
if [ -z "$binary" ]; then
  cargo build --quiet -p liufang --bin liufang
  binary=target/debug/liufang
fi
exec python3 deploy/backup/drill.py "$binary"
