#!/bin/sh
# Make the virtual environment and install the locked packages: setup.sh VENV LOCK...
set -eu

venv=$1
shift

fail() {
    echo "setup: $1" >&2
    exit 2
}

usable() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

if ! usable "$venv/bin/python"; then
    python=
    for name in ${PYTHON:-python3.13 python3 python3.14 python3.12 python}; do
        if usable "$name"; then
            python=$name
            break
        fi
    done
    [ -n "$python" ] || fail "no Python 3.12 or newer found: install one, or name it: make PYTHON=/path/to/python3 ..."
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null 2>&1 ||
        fail "$python cannot make a virtual environment: install its venv module (on Debian: apt install python3-venv)"
fi

echo "setup: installing the locked packages into $venv"
log=$venv/setup.log
packages=
for lock in "$@"; do
    packages="$packages -r $lock"
done
# shellcheck disable=SC2086 # one word a lock file
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes $packages >"$log" 2>&1; then
    grep -iE '^(error|warning: retrying)' "$log" | tail -n 2 >&2 || true
    fail "the locked packages could not be installed: connect to the network and try again (all of it is in $log)"
fi
"$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable . >"$log" 2>&1 ||
    fail "the project itself could not be installed (all of it is in $log)"
"$venv/bin/python" -m compileall -q scripts
# What examples may not write: pytest keeps its plugins here as it has rewritten them.
env -u PYTHONDONTWRITEBYTECODE "$venv/bin/python" -m pytest -c /dev/null --collect-only "$venv/setup.log" >/dev/null 2>&1 || true
touch "$venv/.ready"
