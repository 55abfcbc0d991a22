# Shared by the scripts; source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# install PROGRAM PACKAGE: installs a Debian package when its program is missing.
apt_updated=
install_missing() {
  local program=$1 package=$2
  if command -v "$program" >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/$program" >/dev/null; then
    return 0
  fi
  local sudo=
  if [ "$(id -u)" != 0 ]; then sudo=sudo; fi
  if [ -z "$apt_updated" ]; then
    $sudo apt-get update -qq
    apt_updated=1
  fi
  # no service of this name may be started: the tests run servers of their own
  $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$package" >/dev/null
}

install_servers() {
  install_missing initdb postgresql
  install_missing redis-server redis-server
  install_missing setpriv util-linux
}
