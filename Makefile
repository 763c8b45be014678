# Needs Python 3.11 or newer with venv, and make; everything else comes from requirements-dev.lock.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CLICKHOUSE := build/clickhouse
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help install run stack test check fuzz chaos bench clickhouse lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## create .venv and install Hedgerow and its development tools from the lock

run: $(STAMP) ## migrate, load the demo project once, serve on 127.0.0.1:8000
	$(BIN)/hedgerow db upgrade
	$(BIN)/hedgerow demo load
	exec $(BIN)/hedgerow serve

stack: $(STAMP) ## the team stack as local processes: PostgreSQL, Valkey, web servers, worker, scheduler
	exec $(BIN)/python -m tests.stack

test: $(STAMP) ## run the whole test suite
	$(BIN)/python -m pytest

check: $(STAMP) build/typing/hedgerow ## formatting, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(STAMP) ## send 100,000 generated requests and check every answer against the API description (about half an hour)
	$(BIN)/python -m tests.e2e.fuzzing 100000

bench: $(STAMP) ## run the benchmarks
	$(BIN)/python -m bench

clickhouse: $(CLICKHOUSE)/.installed ## install the ClickHouse engine, for the benchmarks to compare with

chaos: $(STAMP) ## kill the server 500 times under traffic; ROUNDS=n for another number
	$(BIN)/python -m tests.chaos --rounds $(or $(ROUNDS),500)

# Keeps the pins that still fit; delete the lock files first to take the newest release of everything.
lock: ## write the lock files again from pyproject.toml (needs uv)
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group bench --output-file requirements-bench.lock

$(STAMP): pyproject.toml requirements-dev.lock | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "Hedgerow needs Python 3.11 or newer with venv (on Debian: apt install python3-venv);" \
	           "another interpreter: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(CLICKHOUSE)/.installed: requirements-bench.lock
	$(PYTHON) -m venv $(CLICKHOUSE)
	$(CLICKHOUSE)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

build/typing/hedgerow:
	@mkdir -p $(@D)
	@ln -sfn ../../src $@
