#!/bin/sh
# Makes a mesh CA and one certificate per role: make-certs.sh FOLDER [DAYS]. For trials and for clusters without cert-manager.
#
# FOLDER/ca/{ca.pem,ca.key}              keep the key away from the roles
# FOLDER/<role>/tls/{ca.pem,cert.pem,key.pem}
#
# The certificate of a role carries the DNS name <role>.liufang.mesh and is good for serving and for calling. Running it again
# keeps the CA and renews every certificate; the roles read them again within seconds, no restart is needed.
#
# LIUFANG_SERVERS="postgres redis" makes certificates for those host names too, good for serving alone: they are no role's.
# PostgreSQL reads its own again at a reload, Redis after CONFIG SET tls-cert-file.
set -eu
folder=$1
days=${2:-90}
roles=${LIUFANG_ROLES:-gateway identity prescription inventory settlement order dispatch supervision sandbox channels}
servers=${LIUFANG_SERVERS:-}
umask 077
mkdir -p "$folder/ca"
if [ ! -f "$folder/ca/ca.key" ]; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$folder/ca/ca.key" 2>/dev/null
  openssl req -x509 -new -key "$folder/ca/ca.key" -sha256 -days 3650 -subj "/CN=liufang mesh" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -out "$folder/ca/ca.pem"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# issue FOLDER COMMON-NAME ALTERNATIVE-NAMES USAGE
issue() {
  mkdir -p "$1/tls"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" 2>/dev/null
  openssl req -new -key "$work/key.pem" -subj "/CN=$2" -out "$work/request.pem"
  cat >"$work/extensions" <<TXT
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = $4
subjectAltName = $3
TXT
  serial=0x$(openssl rand -hex 16 | sed 's/^./7/')
  openssl x509 -req -in "$work/request.pem" -CA "$folder/ca/ca.pem" -CAkey "$folder/ca/ca.key" -set_serial "$serial" \
    -sha256 -days "$days" -extfile "$work/extensions" -out "$work/cert.pem" 2>/dev/null
  # the certificate last: a reader in between finds a pair that does not fit and keeps the old one
  for file in key.pem cert.pem; do
    cp "$work/$file" "$1/tls/$file.new"
    mv "$1/tls/$file.new" "$1/tls/$file"
  done
  cp "$folder/ca/ca.pem" "$1/tls/ca.pem"
}
for role in $roles; do
  issue "$folder/$role" "$role.liufang.mesh" "DNS:$role.liufang.mesh" "serverAuth, clientAuth"
done
for server in $servers; do
  issue "$folder/$server" "$server" "DNS:$server, DNS:localhost" serverAuth
done
