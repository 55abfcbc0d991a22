#!/bin/sh
# Makes a mesh CA and one certificate per role: make-certs.sh FOLDER [DAYS]. For trials and for clusters without cert-manager.
#
# FOLDER/ca/{ca.pem,ca.key}              keep the key away from the roles
# FOLDER/<role>/tls/{ca.pem,cert.pem,key.pem}
#
# The certificate of a role carries the DNS name <role>.liufang.mesh and is good for serving and for calling. Running it again
# keeps the CA and renews every certificate; the roles read them again within seconds, no restart is needed.
set -eu
folder=$1
days=${2:-90}
roles=${LIUFANG_ROLES:-gateway identity prescription inventory settlement order dispatch supervision sandbox}
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
for role in $roles; do
  mkdir -p "$folder/$role/tls"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" 2>/dev/null
  openssl req -new -key "$work/key.pem" -subj "/CN=$role.liufang.mesh" -out "$work/request.pem"
  cat >"$work/extensions" <<TXT
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:$role.liufang.mesh
TXT
  serial=0x$(openssl rand -hex 16 | sed 's/^./7/')
  openssl x509 -req -in "$work/request.pem" -CA "$folder/ca/ca.pem" -CAkey "$folder/ca/ca.key" -set_serial "$serial" \
    -sha256 -days "$days" -extfile "$work/extensions" -out "$work/cert.pem" 2>/dev/null
  # the certificate last: a reader in between finds a pair that does not fit and keeps the old one
  for file in key.pem cert.pem; do
    cp "$work/$file" "$folder/$role/tls/$file.new"
    mv "$folder/$role/tls/$file.new" "$folder/$role/tls/$file"
  done
  cp "$folder/ca/ca.pem" "$folder/$role/tls/ca.pem"
done
