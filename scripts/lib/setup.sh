# Shared by the scripts: installs what is missing, and builds. Sourced, from the project's root.

# Debian packages that the build links against.
PACKAGES="libzmq3-dev libsqlite3-dev libopenblas-dev libpng-dev libturbojpeg0-dev"

# One configuration for everything: debug numerics are too slow to test, and a second configuration would
# double the build. Testability costs a release build nothing that was measured.
BUILD_FLAGS="-c release -Xswiftc -enable-testing"

say() { printf '%s\n' "$*" >&2; }

install_packages() {
  missing=""
  for package in $PACKAGES; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  say "Installing:$missing"
  sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "These Debian packages are needed; install them as root:$missing"; return 1; }
    sudo="sudo"
  fi
  $sudo apt-get update -q >/dev/null
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing >/dev/null
}

require_swift() {
  command -v swift >/dev/null || { say "There is no 'swift' on the PATH; install Swift 6.2 or later from https://swift.org/install."; return 1; }
}
