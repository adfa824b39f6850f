# Sourced, after setup.sh: a Python with the reference in it.

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
