#!/bin/sh
# Lays out the root file system of the image: rootfs.sh PROGRAM FOLDER. Needs ldd and the certificates of public authorities
# of the machine it runs on.
set -eu
program=$1
out=$2
mkdir -p "$out/usr/bin" "$out/etc/ssl/certs" "$out/tmp" "$out/var/lib/liufang"
chmod 1777 "$out/tmp"
cp "$program" "$out/usr/bin/liufang"
chmod 0755 "$out/usr/bin/liufang"
# the loader and the libraries, where the program looks for them
ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | sort -u | while read -r library; do
  mkdir -p "$out$(dirname "$library")"
  cp -L "$library" "$out$library"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/ca-certificates.crt"
printf 'liufang:x:10001:10001::/var/lib/liufang:/sbin/nologin\n' >"$out/etc/passwd"
printf 'liufang:x:10001:\n' >"$out/etc/group"
# names: files first, then DNS
printf 'hosts: files dns\n' >"$out/etc/nsswitch.conf"
