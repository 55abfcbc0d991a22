#!/usr/bin/env bash
# Checks deploy/ without a cluster: alert rules with their tests, Prometheus configuration, dashboards, compose, Dockerfile,
# runbooks. The image itself is not built here. Arguments go to check_deploy.py.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
install_missing promtool prometheus
install_missing openssl openssl
python=python3
if ! python3 -c 'import yaml' 2>/dev/null; then
  python3 -m venv target/venv
  target/venv/bin/pip install --quiet pyyaml
  python=target/venv/bin/python
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# quiet PROGRAM ...: shows its output only when it fails
quiet() {
  "$@" >"$work/output" 2>&1 || {
    cat "$work/output" >&2
    return 1
  }
}
sh -n deploy/rootfs.sh && sh -n deploy/tls/make-certs.sh && sh -n deploy/compose/make-secrets.sh && sh -n deploy/compose/create-databases.sh
"$python" scripts/check_deploy.py --queries "$work/queries.yaml" "$@"
quiet promtool check rules "$work/queries.yaml"
quiet promtool check rules deploy/prometheus/rules.yaml
sed "s|/etc/prometheus/rules.yaml|$root/deploy/prometheus/rules.yaml|" deploy/prometheus/prometheus.yaml >"$work/prometheus.yaml"
quiet promtool check config "$work/prometheus.yaml"
quiet promtool test rules deploy/prometheus/rules.test.yaml
echo "deploy/: promtool finds rules, their tests, queries and configuration good"
