# make ask Q="What is mode collapse?"   sets up, ingests the course once, answers with citations
# make test                             sets up, runs all tests

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV_OPTIONS := --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export RAG_DATA_DIR ?= $(CURDIR)/.rag
override Q := $(value Q)
export Q

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev ask chat test lint types contracts coverage check format lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

setup: $(VENV)/run.stamp  ## install what the program needs into .venv
setup-dev: $(VENV)/dev.stamp  ## install what its development needs too

ask: setup  ## answer a question: make ask Q="What is mode collapse?"
	@$(BIN)/rag ask "$$Q"

chat: setup  ## ask in a conversation
	@$(BIN)/rag chat

test: setup-dev  ## run all tests
	$(BIN)/python -m pytest --numprocesses 2

lint: setup-dev  ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup-dev  ## check types
	$(BIN)/mypy

contracts: setup-dev  ## check which part imports which
	$(BIN)/lint-imports

coverage: setup-dev  ## run all tests and measure what they reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: lint types contracts test  ## everything that must hold before a change is accepted

format: setup-dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## pin the newest versions that fit pyproject.toml (needs uv)
	uv pip compile $(UV_OPTIONS) pyproject.toml requirements/dev.in -o requirements/dev.txt
	uv pip compile $(UV_OPTIONS) --constraint requirements/dev.txt --override requirements/lean.txt \
		pyproject.toml -o requirements/run.txt
	sed -i -E "/sys_platform == 'never'|^(cuda-|nvidia-|triton)/d" requirements/run.txt requirements/dev.txt

clean:  ## remove the environment, the index and caches
	rm -rf $(VENV) .rag .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: install it, then run this again."; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || \
		{ echo "Python 3.11 or 3.12 is needed; run: make PYTHON=python3.11"; exit 2; }
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) (once, a minute or two) …" >&2
	@$(PIP) --no-deps -r requirements/run.txt
	@$(PIP) --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "Installing the development tools (once, a few minutes) …" >&2
	@$(PIP) -r requirements/dev.txt
	@touch $@
