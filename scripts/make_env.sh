#!/bin/sh
# Makes .venv from the locks. The MongoDB server of the tests may be missing from the registry: then its half of the suite
# skips and says so (with CI=true that is a failure).
set -eu
python="${PYTHON:-python3}"
"$python" - <<'PY' || exit 1
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}: set PYTHON=/path/to/python3.11")
PY
echo "Making the environment in .venv (about a minute, once) ..."
[ -x .venv/bin/python ] || "$python" -m venv .venv
pip=".venv/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --require-hashes -r requirements-dev.lock
$pip install --no-deps --no-build-isolation --editable .
rm -f .venv/.no-mongo
if ! $pip install --require-hashes -r requirements-mongo-test.lock 2>.venv/mongo-test.log; then
    echo "The MongoDB server of the tests cannot be installed (see .venv/mongo-test.log): its tests will be skipped."
    touch .venv/.no-mongo
fi
touch .venv/.ready
echo "Ready."
