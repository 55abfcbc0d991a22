#!/usr/bin/env bash
# From one release to the next under load: builds the program of REVISION (default: the parent of HEAD) beside this one, starts a whole
# installation of it, migrates with this tree's program and replaces one process after the other. Not one call may fail.
#
#   scripts/upgrade-drill.sh v0.1.0
set -euo pipefail
source "$(dirname "$0")/lib.sh"
revision=$(git rev-parse --verify "${1:-HEAD~1}^{commit}")
install_servers
folder=$root/target/upgrade
rm -rf "$folder/source"
git worktree prune
git worktree add --quiet --detach "$folder/source" "$revision"
trap 'git worktree remove --force "$folder/source"' EXIT
(cd "$folder/source" && CARGO_TARGET_DIR=$folder/target cargo build --quiet -p liufang-tests --bin liufang-under-test)
echo "from $(git log -1 --format='%h %s' "$revision")"
LIUFANG_TEST_PROGRAM_BEFORE=$folder/target/debug/liufang-under-test \
  cargo test --quiet -p liufang-tests -- --ignored --exact suite::upgrade::from_the_release_before --nocapture
