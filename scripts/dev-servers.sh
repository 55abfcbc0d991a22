#!/usr/bin/env bash
# Starts a private PostgreSQL and Redis under ./data/servers for a developer, and prints the settings that use them.
# They run until this script ends (ctrl-c).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
if [ "$(id -u)" = 0 ]; then
  echo "PostgreSQL refuses root: run this as an ordinary user" >&2
  exit 1
fi
folder=$root/data/servers
mkdir -p "$folder"
bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
pg_port=${PG_PORT:-15432}
redis_port=${REDIS_PORT:-16379}
if [ ! -d "$folder/postgres" ]; then
  "$bin/initdb" -D "$folder/postgres" --username=liufang --auth=trust --encoding=UTF8 --locale=C >/dev/null
fi
"$bin/postgres" -D "$folder/postgres" -c port="$pg_port" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories="$folder" -c max_connections=200 >"$folder/postgres.log" 2>&1 &
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" >"$folder/redis.log" 2>&1 &
trap 'kill $(jobs -p) 2>/dev/null' EXIT
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$pg_port"; do sleep 0.1; done
for role in identity prescription inventory settlement order dispatch supervision sandbox channels; do
  "$bin/createdb" -h 127.0.0.1 -p "$pg_port" -U liufang "liufang_$role" 2>/dev/null || true
done
cat <<TXT
cargo run -- serve \\
  --set 'database.url=postgres://liufang@127.0.0.1:$pg_port/liufang_{role}' \\
  --set bus.kind=redis --set 'bus.url=redis://127.0.0.1:$redis_port/'
TXT
wait
