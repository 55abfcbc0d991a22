#!/usr/bin/env bash
# The statements of a claim, of a person's list, of a look-up by trace code, of a pharmacy's queue and of a person by number, on a
# PostgreSQL of its own with its own defaults and a gigabyte of buffers, which hold what is asked for: once among few prescriptions,
# once among many, in turns, with the ratio of their times, after the pages that one look touches on either side.
# Fails when a ratio is above 1.5 or a plan walks over a table. Both sides have queues of the same length and are asked about as many
# different persons and prescriptions, spread over all rows; the history behind them grows. (Asked about all of five millions in turn, a
# machine whose memory does not hold them measures its disk.) Arguments: prescriptions on the big side (5000000; five of a person), seconds a turn (10), turns (3).
# Five millions need 30 GB under /tmp.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_servers
many=${1:-5000000} seconds=${2:-10} turns=${3:-3} few=10000
bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
need=$((many * 6 / 1000000 + 2)) free=$(df -BG --output=avail /tmp | tail -1 | tr -dc 0-9)
if [ "$free" -lt "$need" ]; then
  echo "$many prescriptions need $need GB under /tmp, $free are free" >&2
  exit 2
fi
folder=$(mktemp -d /tmp/liufang-scale-XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then
  chown nobody "$folder"
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$folder")
fi
here() { (cd "$folder" && "${as[@]}" "$@"); }
trap 'tail -3 "$folder/said" >&2 2>/dev/null || true; here "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
serve() { here "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-k $folder -c listen_addresses='' $1" start >/dev/null; }
here "$bin/initdb" -D "$folder/data" -U liufang -A trust >/dev/null
# filled without the safety net, measured with it
serve "-c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=2GB -c maintenance_work_mem=512MB -c autovacuum=off"
sql() { psql -q -X -v ON_ERROR_STOP=1 -h "$folder" -U liufang "$@"; }
noise=$(head -c 9000 /dev/urandom | base64 -w0)

# Rows of true size: what is sealed is noise that does not compress. 1 in 5 of a person's is in force, 2000 wait at 100 pharmacies.
fill() {
  local name=$1 count=$2
  sql -d postgres -c "CREATE DATABASE $name"
  for file in services/platform/src/migrate/*.sql services/prescription/src/migrations/*.sql; do sql -d "$name" -f "$file"; done
  # as in production, the person's rows lie in a database of identity; its tables share this one, as no name meets another
  sql -d "$name" -c "$(sed '/^CREATE TABLE verification /,$d' services/identity/src/migrations/0001_init.sql)"
  sql -d "$name" -v count="$count" -v noise="$noise" >/dev/null <<'SQL'
-- built afterwards, all at once
\t on
\pset format unaligned
SELECT indexdef || ';' AS text FROM pg_indexes WHERE tablename = 'prescription' AND indexname NOT LIKE '%\_key' AND indexname NOT LIKE '%\_pkey' \g later.sql
SELECT 'DROP INDEX ' || indexname FROM pg_indexes WHERE tablename = 'prescription' AND indexname NOT LIKE '%\_key' AND indexname NOT LIKE '%\_pkey' \gexec
ALTER TABLE prescription ALTER document_sealed SET STORAGE EXTERNAL;
INSERT INTO prescription
SELECT 'RX' || lpad(n::text, 18, '0'), lpad((n * 7919 % 100000000019)::text, 20, '0'), 'MZ-' || n, 'vis_' || n, 'per_' || n % (:count / 5),
  'H1303020000' || n % 10, 'D13030200000' || n % 50, 'M03900', 'I10', true, '', n, CASE WHEN open OR n % 5 = 0 THEN 4102444800000000 ELSE n END,
  substr(:'noise', (1 + n % 8000)::int, 300), CASE WHEN open OR n % 5 = 0 THEN 1 ELSE 2 END, 1, CASE WHEN open THEN 1 ELSE 2 END,
  'P' || n % 100, CASE WHEN open THEN '' ELSE 'P' || n % 100 END, 'ord_' || n, n, 0,
  CASE WHEN open THEN 'token_' || n ELSE '' END, CASE WHEN open THEN substr(:'noise', (1 + n % 8000)::int, 100) ELSE '' END, md5(n::text) || md5('x'),
  'HY130302000001', substr(:'noise', (1 + n % 7000)::int, 90), 'YS130302000001', substr(:'noise', (1 + n % 6000)::int, 90), '',
  substr(:'noise', (1 + n % 5000)::int, 2100), substr(:'noise', (1 + n % 4000)::int, 88), substr(:'noise', (1 + n % 3000)::int, 88),
  substr(:'noise', (1 + n % 2000)::int, 88), substr(:'noise', (1 + n % 1000)::int, 88), 5, n
FROM (SELECT n, n > :count - 2000 AS open FROM generate_series(1::bigint, :count) n) rows;
INSERT INTO rx_line SELECT 'RX' || lpad(n::text, 18, '0'), l, 'XC08CAA456A001010100100', '苯磺酸氨氯地平片', '片剂', '5mg×7片/盒', '辉瑞制药有限公司',
  '1', 10000, '片', '11', 70000, 10000, '盒', 21300000, '0', 0 FROM generate_series(1::bigint, :count) n, generate_series(1, 2) l;
INSERT INTO person SELECT 'per_' || n, md5('c' || n) || md5('d' || n), substr(:'noise', (1 + n % 8000)::int, 60), substr(:'noise', (1 + n % 7000)::int, 70),
  substr(:'noise', (1 + n % 6000)::int, 60), substr(:'noise', (1 + n % 5000)::int, 200), n, n FROM generate_series(0::bigint, :count / 5 - 1) n;
INSERT INTO insurance SELECT 'per_' || n, 0, '310', '11', '130300', 1, '2020-01-01', NULL FROM generate_series(0::bigint, :count / 5 - 1) n;
INSERT INTO feed_head SELECT 'P' || n, 0 FROM generate_series(0, 99) n;
INSERT INTO feed_head SELECT 'H1303020000' || n, 0 FROM generate_series(0, 9) n;
SQL
  sql -d "$name" -f later.sql
  sql -d "$name" -c 'VACUUM ANALYZE'
}
cd "$folder"
ln -s "$root/services" services
fill few "$few"
date +"%T filled with $few"
fill many "$many"
date +"%T filled with $many: $(du -sh "$folder/data" | cut -f1)"
here "$bin/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null
# rows of many prescriptions lie on more pages than rows of few; pages that have to be copied in again for every look would be what
# is measured
serve "-c shared_buffers=1GB"

columns='hi_rxno, trace_code, hosp_rxno, visit_id, person_id, hospital, doctor, disease, diagnosis, long_rx, renews, issued_at_us,
 valid_until_us, findings_sealed, state, review, used, nominee, holder, order_id, nominated_at_us, claim_until_us, token_hash, token_sealed,
 secret_hash, hospital_pharmacist, hospital_opinion_sealed, pharmacy_pharmacist, review_opinion_sealed, end_reason_sealed, document_sealed,
 doctor_signature, pharmacist_signature, doctor_key, pharmacist_key, version, created_at_us, revoke_asked, series, use_no, uses,
 min_interval_days, opens_at_us, planned_at_us, later_uses, handed, keep_until_us, archived_at_us, document_hash, second_pharmacist'
columns=$(tr -d '\n' <<<"$columns")
# a list reads no more than it shows
shown=$columns
for unread in token_sealed hospital_opinion_sealed end_reason_sealed document_sealed doctor_signature pharmacist_signature doctor_key pharmacist_key; do
  shown=${shown/ $unread,/ \'\' AS $unread,}
done
waiting='hi_rxno, order_id, token_sealed, holder, nominated_at_us'
# what the store sends (services/prescription/src/store, services/identity/src/store), in its order
scripts() {
  local name=$1 count=$2 numbers=""
  # the five of a person
  for k in 0 1 2 3 4; do numbers+=", 'RX' || lpad((:person + $((k * count / 5)))::text, 18, '0')"; done
  cat >"$name-person.sql" <<SQL
\\set person random(0, 1999) * ($count / 10000)
SELECT $shown FROM prescription WHERE person_id = 'per_' || :person ORDER BY created_at_us DESC, hi_rxno DESC LIMIT 21;
SELECT * FROM rx_line WHERE hi_rxno IN (${numbers:2}) ORDER BY hi_rxno, line_no;
SQL
  cat >"$name-trace.sql" <<SQL
\\set n random(1, 10000) * ($count / 10000)
SELECT $columns FROM prescription WHERE trace_code = lpad((:n::bigint * 7919 % 100000000019)::text, 20, '0');
SQL
  cat >"$name-queue.sql" <<SQL
\\set pharmacy random(0, 99)
SELECT $waiting FROM prescription WHERE nominee = 'P' || :pharmacy AND state = 1 AND used IN (1, 3) AND valid_until_us > 1795312800000000
  ORDER BY nominated_at_us LIMIT 500;
SQL
  cat >"$name-number.sql" <<SQL
\\set n random(0, 1999) * ($count / 10000)
SELECT * FROM person WHERE certno_blind = md5('c' || :n) || md5('d' || :n);
SELECT * FROM insurance WHERE person_id = 'per_' || :n ORDER BY ordinal;
SQL
  cat >"$name-claim.sql" <<SQL
\\set n random($count - 1999, $count)
\\set one random(1, 1000000000000000)
SELECT scope FROM idempotency WHERE scope = 'scope' || :one;
SELECT $columns FROM prescription WHERE token_hash = 'token_' || :n;
SELECT * FROM rx_line WHERE hi_rxno IN ('RX' || lpad(:n::text, 18, '0')) ORDER BY hi_rxno, line_no;
SELECT hi_rxno FROM prescription WHERE person_id = 'per_' || :n % ($count / 5) AND state = 1 AND valid_until_us > 1795312800000000;
SELECT * FROM rx_line WHERE hi_rxno IN ('RX' || lpad(:n::text, 18, '0')) ORDER BY hi_rxno, line_no;
BEGIN;
INSERT INTO idempotency VALUES ('scope' || :one, repeat('a', 64), '', 1795312800000000) ON CONFLICT DO NOTHING;
SELECT hi_rxno, version FROM prescription WHERE hi_rxno = 'RX' || lpad(:n::text, 18, '0') \\gset
SELECT * FROM rx_line WHERE hi_rxno IN ('RX' || lpad(:n::text, 18, '0')) ORDER BY hi_rxno, line_no;
UPDATE prescription SET findings_sealed = '${noise:0:300}', state = 1, review = 1, used = 1, claim_until_us = 1795312800000000 + :one::bigint % 1000,
  secret_hash = repeat('b', 64), token_sealed = '', review_opinion_sealed = '${noise:0:90}', document_sealed = '${noise:0:2100}',
  version = :version + 1 WHERE hi_rxno = :hi_rxno AND version = :version;
UPDATE feed_head SET sequence = sequence + 1 WHERE institution = 'H1303020000' || :n % 10 RETURNING sequence AS hospital \\gset
INSERT INTO feed VALUES ('H1303020000' || :n % 10, :hospital, :hi_rxno, 1, 1, 1, 1);
UPDATE feed_head SET sequence = sequence + 1 WHERE institution = 'P' || :n % 100 RETURNING sequence AS pharmacy \\gset
INSERT INTO feed VALUES ('P' || :n % 100, :pharmacy, :hi_rxno, 1, 1, 1, 1);
INSERT INTO outbox (id, topic, key, payload, traceparent, created_at_us, leased_until_us, attempts)
  VALUES ('out_' || :one, 'prescription.claimed', 'rx', decode(repeat('00', 200), 'hex'), '', 1, 0, 0);
UPDATE idempotency SET reply = '${noise:0:3000}' WHERE scope = 'scope' || :one;
COMMIT;
SQL
  chmod a+r "$name"-*.sql
}
scripts few "$few"
scripts many "$many"

# no plan may walk over a table
walks=0
plan() {
  if sql -d many -At -c "EXPLAIN $2" | tee -a plans | grep -E 'Seq Scan on (prescription|rx_line|person|insurance)'; then
    echo "$1 walks over a table" >&2
    walks=1
  fi
}
n=$((many / 2))
plan person "SELECT $shown FROM prescription WHERE person_id = 'per_7' ORDER BY created_at_us DESC, hi_rxno DESC LIMIT 21"
plan trace "SELECT $columns FROM prescription WHERE trace_code = '00000000000000000007'"
plan queue "SELECT $waiting FROM prescription WHERE nominee = 'P7' AND state = 1 AND used IN (1, 3) AND valid_until_us > 1795312800000000 ORDER BY nominated_at_us LIMIT 500"
plan number "SELECT * FROM person WHERE certno_blind = md5('c7')"
plan token "SELECT $columns FROM prescription WHERE token_hash = 'token_$n'"
plan active "SELECT hi_rxno FROM prescription WHERE person_id = 'per_7' AND state = 1 AND valid_until_us > 1795312800000000"
plan lines "SELECT * FROM rx_line WHERE hi_rxno IN ('RX7')"
plan overdue "SELECT hi_rxno FROM prescription WHERE state = 1 AND valid_until_us <= 1795312800000000 ORDER BY valid_until_us LIMIT 100"
plan lapsed "SELECT hi_rxno FROM prescription WHERE state = 1 AND review = 1 AND claim_until_us > 0 AND claim_until_us <= 1795312800000000 ORDER BY claim_until_us LIMIT 100"
plan number_of_hospital "SELECT $columns FROM prescription WHERE hospital = 'H13030200001' AND hosp_rxno = 'MZ-7' AND person_id = 'per_7'"

# pages that one look touches, the second time
pages() {
  local name=$1 what=$2 sql=$3
  for _ in 1 2; do sql -d "$name" -At -c "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) $sql" >"$folder/look"; done
  echo "$what among $name: $(grep -m1 -o 'shared .*' "$folder/look" || true)"
}
for side in few many; do
  count=$few
  if [ "$side" = many ]; then count=$many; fi
  pages "$side" person "SELECT $shown FROM prescription WHERE person_id = 'per_$((count / 10))' ORDER BY created_at_us DESC, hi_rxno DESC LIMIT 21"
  pages "$side" trace "SELECT $columns FROM prescription WHERE trace_code = lpad(($((count / 10))::bigint * 7919 % 100000000019)::text, 20, '0')"
  pages "$side" queue "SELECT $waiting FROM prescription WHERE nominee = 'P7' AND state = 1 AND used IN (1, 3) AND valid_until_us > 1795312800000000 ORDER BY nominated_at_us LIMIT 500"
done

PATH=$bin:$PATH
run() {
  pgbench -n -M prepared -h "$folder" -U liufang -c 1 -T "$3" -f "$folder/$1-$2.sql" "$1" 2>>"$folder/said" |
    sed -n 's/^latency average = \([0-9.]*\) ms/\1/p'
}
# whatever else the machine does only adds to a turn
fastest() { sort -g "$1" | head -1; }
slow=0
for what in claim person trace queue number; do
  for side in few many; do run "$side" "$what" "$seconds" >/dev/null; done # warms up
  : >a
  : >b
  for _ in $(seq "$turns"); do
    run few "$what" "$seconds" >>a
    run many "$what" "$seconds" >>b
  done
  awk -v w="$what" -v a="$(fastest a)" -v b="$(fastest b)" -v few="$few" -v many="$many" -v l="$(cut -d' ' -f1 /proc/loadavg)" \
    'BEGIN { printf "%-7s %.3f ms among %d, %.3f ms among %d, ratio %.2f (fastest turns; load %s)\n", w, a, few, b, many, b / a, l; exit b / a > 1.5 }' || slow=1
done
if [ "$slow" = 1 ]; then echo "a ratio is above 1.5" >&2; fi
exit $((walks || slow))
