#!/usr/bin/env bash
# Changes the pure code of money in one place at a time (cargo-mutants) and runs its tests: a change that no test notices has
# survived. services/settlement/MUTANTS.md says which did, and why.
#
#   scripts/mutants.sh [FILE...]      files as in services/settlement/src/domain/ledger/posting.rs or services/kernel/src/money.rs;
#                                     none: every file of the list below
#   MUTANTS_ARGS='--list'             more arguments for cargo-mutants
#   PROPTEST_CASES=32                 a quick pass; the next run without it asks about its survivors again with all cases
#
# The domain has no database and no network: it is compiled by itself with the kernel, in a small workspace of its own under
# target/mutants, so that a change costs seconds. The results are in target/mutants/mutants.out, which a later run adds to.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
tools=$root/target/tools
PATH=$tools/bin:$PATH
version=27.1.0
if ! cargo mutants --version 2>/dev/null | grep -qF "$version"; then
  cargo install cargo-mutants --version "$version" --locked --root "$tools" --target-dir "$tools/build"
fi
domain=services/settlement/src/domain
if [ $# -eq 0 ]; then
  set -- services/kernel/src/money.rs $domain/{accumulate,refund,lane,claim,payout,reconcile}.rs $domain/ledger/*.rs \
    $domain/payment/{machine,insurer,part,journal}.rs $domain/benefit/{exact,fund,line,legs,totals,identities,answer}.rs
fi
here=$root/target/mutants
mkdir -p "$here/services/settlement/src"
rm -rf "$here"/services/*/src "$here/deploy"
mkdir -p "$here/deploy" "$here/services/settlement/src" "$here/services/kernel"
cp -a deploy/regions "$here/deploy/"
cp -a services/kernel/Cargo.toml services/kernel/src "$here/services/kernel/"
cp -a services/settlement/src/domain services/settlement/src/domain.rs "$here/services/settlement/src/"
cp Cargo.lock "$here/"
sed 's|^members = .*|members = ["services/*"]|; /^default-members/d; /^exclude/d' Cargo.toml >"$here/Cargo.toml"
printf '#![allow(dead_code)]\npub mod domain;\n' >"$here/services/settlement/src/lib.rs"
# what the domain uses of all that the service does
python3 - services/settlement/Cargo.toml "$here/services/settlement/Cargo.toml" <<'PY'
import re
import sys

own = {"liufang-kernel", "rust_decimal", "serde", "serde_json", "thiserror", "time", "proptest", "expect-test"}
kept = [line for line in open(sys.argv[1]) if not (found := re.match(r"([\w-]+)\.workspace", line)) or found[1] in own
        or found[1] in {"version", "edition", "rust-version", "license", "publish"} or line.startswith("workspace")]
open(sys.argv[2], "w").writelines(kept)
PY
files=()
for file in "$@"; do
  files+=(--file "$file")
done
cd "$here"
# in place: one at a time, and nothing is copied
# shellcheck disable=SC2086
exec cargo mutants --in-place --no-shuffle --iterate --workspace --minimum-test-timeout 60 --colors never "${files[@]}" \
  ${MUTANTS_ARGS:-} -- --lib
