# Two commands to begin with: `make demo` and `make test`. Both make the environment first.
PYTHON ?= python3
BIN := .venv/bin
UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help env demo test check lint bench picture lock clean

help:  ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: .venv/.ready  ## make the environment in .venv (about a minute, once)

.venv/.ready: requirements-dev.lock requirements-mongo-test.lock pyproject.toml scripts/make_env.sh
	@PYTHON="$(PYTHON)" sh scripts/make_env.sh

demo: env  ## collect a seeded world from loopback platforms, report on it beside the planted truth, serve the API (20 seconds to the first table)
	@echo "Collecting a seeded world from seven loopback platforms, then reporting on it: about 20 seconds. The API follows, until Ctrl-C."
	@$(BIN)/social-crm demo

test: env  ## run all tests, on SQLite and on a MongoDB server of their own (about nine minutes)
	@echo "Running all tests, on SQLite and on a MongoDB server of their own: about nine minutes."
	@sh scripts/run_tests.sh

check: env lint  ## style, types, floors, house rules and the quick tests (under 90 seconds)
	@echo "Running the quick tests: about a minute."
	@sh scripts/run_tests.sh -m "not slow"

lint: env
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: env  ## measure what we promise about speed, each beside a limit or a rival
	@for file in benchmarks/bench_*.py; do $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

picture: env  ## draw the picture of the README anew
	@$(BIN)/python -m scripts.draw_report

lock:  ## renew the three locks (needs uv)
	$(UV_COMPILE) pyproject.toml --output-file requirements.lock
	$(UV_COMPILE) pyproject.toml --group dev --output-file requirements-dev.lock
	$(UV_COMPILE) --group mongo-test --constraint requirements-dev.lock --output-file requirements-mongo-test.lock

clean:  ## remove the environment and all caches
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info build dist
