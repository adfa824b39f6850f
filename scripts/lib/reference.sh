# Sourced, after setup.sh: a Python with the reference in it, and the comparison of models with what it gives.

require_reference() {
  requirements=Tests/UnCLIPTests/Fixtures/requirements.txt
  if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c 'import diffusers, transformers, torch' ||
      { say "PYTHON ($PYTHON) lacks the reference; install $requirements into it, or leave PYTHON unset."; return 1; }
    return 0
  fi
  PYTHON=.build/reference/bin/python
  [ -x "$PYTHON" ] && "$PYTHON" -c 'import diffusers, transformers, torch' 2>/dev/null && return 0
  say "Installing the reference into .build/reference ..."
  python3 -m venv .build/reference
  "$PYTHON" -m pip install -q -r "$requirements"
}

# Runs tests on a folder of models beside the committed ones, with the figures in LOG: compare MODELS LOG FILTER.
# 1 if a test fails; the log is there all the same.
compare() {
  # shellcheck disable=SC2086
  swift build $BUILD_FLAGS --build-tests >&2 || return
  status=0
  # shellcheck disable=SC2086
  ATELIER_PARITY_MODELS="$1" ATELIER_PARITY_REPORT=1 \
    swift test $BUILD_FLAGS --skip-build --filter "$3" >"$2" 2>&1 || status=1
  grep -E '^✘' "$2" >&2 || true
  say "$(tail -1 "$2")"
  return "$status"
}
