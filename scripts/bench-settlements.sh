#!/usr/bin/env bash
# Settlements a second (quote, authorise, capture) at 1, 16 and 64 clients beside pgbench TPC-B, on a PostgreSQL of its own with
# its own defaults, and the CPU of each. Arguments: seconds a measurement (10), postings to fill the books with (0; 10000000 takes
# about 8 GB of disk while it runs), numbers of clients (1,16,64).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
seconds=${1:-10} fill=${2:-0} clients=${3:-1,16,64}
[ -n "${LIUFANG_BENCH:-}" ] || cargo build --release --quiet -p liufang-settlement --example settlements
bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
folder=$(mktemp -d /tmp/liufang-settlements-XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then
  chown nobody "$folder"
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$folder")
fi
here() { (cd "$folder" && "${as[@]}" "$@"); }
trap 'here "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
here "$bin/initdb" -D "$folder/data" -U liufang -A trust >/dev/null
port=$((20000 + $$ % 10000))
here "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-k $folder -p $port -c listen_addresses=127.0.0.1" start >/dev/null
url="postgres://liufang@127.0.0.1:$port"
for database in settlement tpcb; do "$bin/psql" -q -X "$url/postgres" -c "CREATE DATABASE $database"; done
"$bin/pgbench" -i -q -s 10 "$url/tpcb" >/dev/null 2>&1
"${LIUFANG_BENCH:-target/release/examples/settlements}" "$url/settlement" "$url/tpcb" "$bin/pgbench" "$(head -1 "$folder/data/postmaster.pid")" "$seconds" "$fill" "$clients"
