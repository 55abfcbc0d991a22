#!/usr/bin/env bash
# Format, lints without warnings, contracts, seed data, deployment files, chart.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- -D warnings

buf=$(command -v buf || true)
if [ -z "$buf" ]; then
  python3 -m venv target/venv
  target/venv/bin/pip install --quiet buf-bin
  buf=$root/target/venv/bin/buf
fi
(cd proto && "$buf" lint && "$buf" format --diff --exit-code >/dev/null) || {
  echo "proto/: buf lint or buf format found something (run: cd proto && buf lint && buf format -w)" >&2
  exit 1
}
# a contract may grow, never break what clients were built with: compare with the last landed one
if git rev-parse -q --verify HEAD^ >/dev/null && git cat-file -e HEAD^:proto/buf.yaml 2>/dev/null; then
  (cd proto && "$buf" breaking --against "../.git#ref=HEAD^,subdir=proto")
fi
python3 scripts/check-seed.py
scripts/check-deploy.sh
scripts/check-chart.sh
