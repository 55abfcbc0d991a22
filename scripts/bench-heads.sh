#!/usr/bin/env bash
# Captures a second with one head of the ledger and with four, 8 clients, on a PostgreSQL of its own with its own defaults:
# the statements of a capture by pgbench, in turns. Arguments: seconds a turn (15), turns (3).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
seconds=${1:-15} turns=${2:-3} clients=8
bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
folder=$(mktemp -d /tmp/liufang-heads-XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then
  chown nobody "$folder"
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$folder")
fi
here() { (cd "$folder" && "${as[@]}" "$@"); }
trap 'here "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
here "$bin/initdb" -D "$folder/data" -U liufang -A trust >/dev/null
here "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-k $folder -c listen_addresses=''" start >/dev/null
sql() { psql -q -X -v ON_ERROR_STOP=1 -h "$folder" -U liufang "$@"; }
sql -d postgres -c 'CREATE DATABASE settlement'
for file in services/platform/src/migrate/*.sql services/settlement/src/migrations/*.sql; do sql -d settlement -f "$file"; done
sql -d settlement >/dev/null <<'SQL'
INSERT INTO region_head (region, sequence, hash) SELECT '13030' || n, 0, repeat('0', 64) FROM generate_series(0, 3) n;
INSERT INTO personal_account (person_id, balance_fen, held_fen, region)
  SELECT 'per' || n, 1000000000000, 0, '13030' || n % 4 FROM generate_series(0, 39999) n;
INSERT INTO payment SELECT 'pay' || n, 'quo' || n, 'ord' || n, 'per' || n, 'P13030200001', '130300', '310', '130300', 'pending', 'book',
  0, 0, 1, repeat('x', 400), 500, 0, 'wechat', 'LF' || n, '', '', '', '', 0, 0, 0, '', '', 0 FROM generate_series(0, 39999) n;
VACUUM ANALYZE;
SQL
# what `book_capture` sends, in its order: one fund leg, one account leg, one leg of the channel
capture() {
  cat <<SQL
\\set region :client_id % $1
\\set one random(1, 1000000000000000)
\\set person 4 * random(0, 9999) + :region
BEGIN;
UPDATE region_head SET sequence = sequence WHERE region = '13030' || :region RETURNING sequence + 1 AS next \\gset
UPDATE payment SET state = 'captured', version = version + 1, step = 'idle', setl_id = 'S' || :one WHERE payment_id = 'pay' || :person;
INSERT INTO region_transfer VALUES ('13030' || :region, :next, 'trf_' || :one, 'capture', 'pay_' || :one, 1, repeat('a', 64));
INSERT INTO region_entry VALUES ('13030' || :region, :next, 0, 'receivable:agency:P13030200001', 1500),
  ('13030' || :region, :next, 1, 'receivable:channel:P13030200001', 500), ('13030' || :region, :next, 2, 'fund:130300:310', -1000),
  ('13030' || :region, :next, 3, 'person:' || :person, -500), ('13030' || :region, :next, 4, 'channel:wechat', -500);
SELECT hold_id FROM hold WHERE payment_id = 'pay' || :person AND state = 'held' ORDER BY person_id, hold_id;
UPDATE personal_account SET balance_fen = balance_fen - 500 WHERE person_id = 'per' || :person AND balance_fen >= 500 RETURNING balance_fen;
INSERT INTO statement_row SELECT 'per' || :person, CASE WHEN last >= :next THEN last + 1 ELSE :next END, 1, 'capture', -500, 1, 'ord', false
  FROM (SELECT COALESCE(MAX(sequence), 0) AS last FROM statement_row WHERE person_id = 'per' || :person) so_far;
INSERT INTO accumulator VALUES ('per' || :person, 2026, '310', 'all', 0, 1500, 1000) ON CONFLICT (person_id, year, insutype, scope)
  DO UPDATE SET expense_fen = accumulator.expense_fen + excluded.expense_fen, fund_paid_fen = accumulator.fund_paid_fen + excluded.fund_paid_fen;
INSERT INTO accumulator VALUES ('per' || :person, 2026, '310', 'disease', 0, 1500, 1000) ON CONFLICT (person_id, year, insutype, scope)
  DO UPDATE SET expense_fen = accumulator.expense_fen + excluded.expense_fen, fund_paid_fen = accumulator.fund_paid_fen + excluded.fund_paid_fen;
SELECT stmt_date FROM closed_day WHERE fixmedins_code = 'P13030200001' AND stmt_date = '2026-11-22';
INSERT INTO settlement_row VALUES ('pay_' || :one, false, '2026-11-22', 'P13030200001', '310', '41', '130300', 2000, 1000, 500, 500);
INSERT INTO receivable VALUES ('pay_' || :one, false, 'agency', 'P13030200001', '130300', 1500, '2026-11-22', 1, true);
INSERT INTO receivable VALUES ('pay_' || :one, false, 'channel', 'P13030200001', 'wechat', 500, '2026-11-22', 1, true);
SQL
  local row
  for row in "'channel:wechat', -500" "'fund:130300:310', -1000" "'person:' || :person, -500" \
    "'receivable:agency:P13030200001', 1500" "'receivable:channel:P13030200001', 500"; do
    echo "INSERT INTO region_balance VALUES ('13030' || :region, $row) ON CONFLICT (region, account)" \
      "DO UPDATE SET balance_fen = region_balance.balance_fen + excluded.balance_fen;"
  done
  cat <<SQL
UPDATE region_head SET sequence = :next, hash = repeat('b', 64) WHERE region = '13030' || :region AND sequence <= :next;
INSERT INTO outbox (id, topic, key, payload, traceparent, created_at_us, leased_until_us, attempts)
  VALUES ('out_' || :one, 'settlement.captured', 'pay', decode(repeat('00', 300), 'hex'), '', 1, 0, 0);
COMMIT;
SQL
}
for heads in 1 4; do capture "$heads" >"$folder/$heads.sql"; done
chmod -R a+r "$folder"/*.sql
run() {
  pgbench -n -M simple -h "$folder" -U liufang -c "$clients" -j 2 -T "$seconds" -f "$folder/$1.sql" settlement 2>>"$folder/log" |
    sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}
PATH=$bin:$PATH
run 1 >/dev/null # warms up
for turn in $(seq "$turns"); do
  before=$(cut -d' ' -f1 /proc/loadavg)
  one=$(run 1) four=$(run 4)
  awk -v t="$turn" -v a="$one" -v b="$four" -v l="$before" \
    'BEGIN { printf "turn %d: one head %d captures a second, four heads %d, ratio %.2f (load before %s)\n", t, a, b, b / a, l }'
done
