# The two commands: make run, make test.
.DEFAULT_GOAL := help
.PHONY: help install run serve worker console test check bench

PORT ?= 8000
CONSOLE_PORT ?= 8001
SANDBOX_PORT ?= 2990
BIN := .venv/bin
export PORT SANDBOX_PORT EXAMPLES_TIMES

help:
	@echo "make run    the app and a local Jira site to use it in"
	@echo "make test   all tests"
	@echo "make check  linter, types, import rules"
	@echo "make bench  the measurements of docs/performance.md"
	@echo "make serve  the app alone, as in production"
	@echo "make worker a worker alone, as in production"
	@echo "make console  the console of support alone, as in production"

install: var/installed

var/installed: uv.lock package-lock.json dev/install.sh app/web/build_static.mjs
	@dev/install.sh
	@touch $@

run: install
	@exec $(BIN)/python -m dev.run

serve:
	@exec $(BIN)/uvicorn app.main:app --host 0.0.0.0 --port $(PORT) --proxy-headers \
		--no-access-log --no-server-header

worker:
	@exec $(BIN)/python -m app.worker

console:
	@exec $(BIN)/uvicorn app.support.console.main:app --host 0.0.0.0 --port $(CONSOLE_PORT) \
		--proxy-headers --no-access-log --no-server-header

# Bytecode is kept, whatever the environment says: both workers and all that they start read it.
test: install
	@dev/chromium.sh
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --maxschedchunk=1 $(ARGS)

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports

bench: install
	@$(BIN)/python -m bench $(ARGS)
