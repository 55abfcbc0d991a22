#!/bin/sh
# Makes what deploy/compose.yaml must not contain, under /secrets: passwords, keys, certificates. Passwords and keys that are
# there are kept, certificates are made anew.
#
# /secrets/<role>/secrets.toml   what this role alone may know; mounted as /etc/liufang
# /secrets/<role>/tls/           its mesh certificate
# /secrets/identity/token-signing.key, public key in everybody's secrets.toml
# /secrets/operator/             for `liufang migrate`, `liufang token` and `liufang seed`
# /secrets/postgres/<role>.password, /secrets/redis/redis.conf, and a tls/ of each: both speak TLS alone
set -eu
secrets=${SECRETS:-/secrets}
here=$(cd "$(dirname "$0")/.." && pwd)
services="identity prescription inventory settlement order dispatch supervision sandbox channels"
umask 077
random() { openssl rand -hex 24; }
# keep FILE COMMAND: the output of the command, unless the file is there
keep() {
  file=$1
  shift
  [ -s "$file" ] || { "$@" >"$file.new" && mv "$file.new" "$file"; }
}
mkdir -p "$secrets/postgres" "$secrets/redis" "$secrets/shared" "$secrets/identity" "$secrets/operator" "$secrets/gateway"
# new certificates at every start, under the same authority: they live for ninety days, and processes take them without a restart
LIUFANG_SERVERS="postgres redis" sh "$here/tls/make-certs.sh" "$secrets"

keep "$secrets/postgres/admin.password" random
keep "$secrets/redis/password" random
# Another data key: put it into shared/data-key-2, with 1 in shared/data-version while it is not to seal yet. When version 1 is no
# longer used: mv shared/data-secret shared/blind-secret (deploy/README.md, "Changing the data key").
[ -s "$secrets/shared/blind-secret" ] || keep "$secrets/shared/data-secret" random
keep "$secrets/shared/channel-key" random
signing_key() { openssl genpkey -algorithm ed25519 -outform DER | base64 | tr -d '\n'; }
keep "$secrets/identity/token-signing.key" signing_key
public=$(base64 -d "$secrets/identity/token-signing.key" | openssl pkey -inform DER -pubout -outform DER | tail -c 32 | base64)
redis=$(cat "$secrets/redis/password")
cat >"$secrets/redis/redis.conf" <<TXT
requirepass $redis
appendonly yes
maxmemory-policy noeviction
dir /data
port 0
tls-port 6379
tls-cert-file /secrets/tls/cert.pem
tls-key-file /secrets/tls/key.pem
tls-ca-cert-file /secrets/tls/ca.pem
tls-auth-clients no
TXT

# shared NAME: what is in the file; nothing when there is none
shared() { [ ! -s "$secrets/shared/$1" ] || cat "$secrets/shared/$1"; }
crypto() {
  printf '[crypto]\ndata_secret = "%s"\nblind_secret = "%s"\n' "$(shared data-secret)" "$(shared blind-secret)"
  printf 'data_version = %s\n[crypto.data_keys]\n' "$(shared data-version | grep . || echo 0)"
  for key in "$secrets"/shared/data-key-*; do
    [ ! -s "$key" ] || printf '%s = "%s"\n' "${key##*-}" "$(cat "$key")"
  done
}
# common ROLE: what every role knows
common() {
  cat <<TXT
[bus]
url = "rediss://:$redis@redis:6379/"
ca_file = "/etc/liufang/tls/ca.pem"
$(crypto)
[auth]
$1
TXT
}
verify="verify_keys = [\"$public\"]"
sign='signing_key_file = "/etc/liufang/token-signing.key"'
url() {
  printf 'postgres://liufang_%s:%s@postgres:5432/liufang_%s?sslmode=verify-full&sslrootcert=/etc/liufang/tls/ca.pem' \
    "$1" "$(cat "$secrets/postgres/$2.password")" "$1"
}
urls=
for role in $services; do
  keep "$secrets/postgres/$role.password" random
  mkdir -p "$secrets/$role"
  auth=$verify
  [ "$role" != identity ] || auth=$sign
  {
    common "$auth"
    printf '[database.urls]\n%s = "%s"\n' "$role" "$(url "$role" "$role")"
    case $role in
      settlement | sandbox)
        printf '[role.%s]\nchannel_key = "%s"\n' "$role" "$(cat "$secrets/shared/channel-key")"
        ;;
    esac
  } >"$secrets/$role/secrets.toml"
  urls="$urls$role = \"$(url "$role" "$role")\"
"
done
common "$verify" >"$secrets/gateway/secrets.toml"
cp "$secrets/identity/token-signing.key" "$secrets/operator/token-signing.key"
mkdir -p "$secrets/operator/tls"
cp "$secrets/ca/ca.pem" "$secrets/operator/tls/ca.pem"
{
  common "$sign"
  printf '[database.urls]\n%s' "$urls"
} >"$secrets/operator/secrets.toml"

# every process reads its own folder and no other
owner() { [ "$(id -u)" != 0 ] || chown -R "$1" "$2"; }
for role in gateway $services operator; do
  owner 10001:10001 "$secrets/$role"
done
owner 999:999 "$secrets/postgres"
owner 999:999 "$secrets/redis"
echo "secrets are ready"
