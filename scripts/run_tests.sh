#!/bin/sh
# Runs the tests on two processes. With CI=true a skipped MongoDB half is a failure (tests/conftest.py).
set -eu
if [ -f .venv/.no-mongo ]; then
    echo "Without the MongoDB half: its test server could not be installed (see .venv/mongo-test.log)."
fi
exec .venv/bin/python -m pytest -q -n 2 --dist loadgroup "$@"
