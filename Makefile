SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)

.PHONY: setup run test check bench

# Everything a fresh checkout needs; done again only when the dependencies change.
setup: $(VENV)/.done

$(VENV)/.done: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one: make run PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# honcho stands between the stages and the terminal, so that is looked for here.
run: setup
	@if [ -t 1 ] && [ -z "$$AFFECT_LOG_FORMAT" ] && ! grep -qs '^AFFECT_LOG_FORMAT=.' .env; then export AFFECT_LOG_FORMAT=console; fi; exec honcho -e /dev/null start

test: setup
	python -m pytest $(ARGS)

check: setup
	ruff check .
	ruff format --check .
	mypy

bench: setup
	python -m benchmarks $(ARGS)
