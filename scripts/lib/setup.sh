# Shared by the scripts: installs what is missing, and builds. Sourced, by scripts with `set -e`; ROOT is the project's
# folder if that is not the one they run in.

# Debian packages that the build links against.
PACKAGES="libzmq3-dev libsqlite3-dev libopenblas-dev libpng-dev libjpeg62-turbo-dev libwebp-dev libgif-dev"

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

# Installs, and builds products in that configuration; BIN is the folder that they are in.
build() {
  require_swift
  install_packages
  for product in "$@"; do
    # shellcheck disable=SC2086
    swift build $BUILD_FLAGS --product "$product" >&2
  done
  # shellcheck disable=SC2086
  BIN="$(swift build $BUILD_FLAGS --show-bin-path)"
}

# ATELIER: the binary that the environment names, else the release build's, which must be there.
require_atelier() {
  # shellcheck disable=SC2086
  ATELIER="${ATELIER:-$(swift build --package-path "${ROOT:-.}" $BUILD_FLAGS --show-bin-path)/atelier}"
  [ -x "$ATELIER" ] || { say "There is no '$ATELIER'; build it first: swift build $BUILD_FLAGS --product atelier"; return 1; }
}

# PYTHON: the interpreter that the environment names, else one in .venv/NAME, where pip installs what each further
# argument says: require_python NAME PACKAGES...
require_python() {
  [ -n "${PYTHON:-}" ] && return 0
  folder="${ROOT:-.}/.venv/$1"
  shift
  PYTHON="$folder/bin/python"
  [ -x "$PYTHON" ] && return 0
  python3 -m venv "$folder"
  for packages in "$@"; do
    # shellcheck disable=SC2086
    "$PYTHON" -m pip install -q $packages
  done
}

# The packages in the versions of training/requirements.txt: pinned NAME...
pinned() {
  for name in "$@"; do grep "^$name=" "${ROOT:-.}/training/requirements.txt"; done
}
