SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

# torch (5 GB with CUDA's libraries) only where it can compute faster than the CPU; TORCH=0 or TORCH=1 decides otherwise.
TORCH ?= $(shell { [ "$$(uname -sm)" = "Darwin arm64" ] || nvidia-smi -L >/dev/null 2>&1; } && echo 1 || echo 0)
INSTALL := $(shell command -v uv >/dev/null && echo "uv pip install --python $(BIN)/python" || echo "$(BIN)/python -m pip install --disable-pip-version-check")
INSTALL += --constraint constraints.txt --editable
RESUMED := || { echo "Installing did not finish, for the reason above; the same command goes on from here." >&2; exit 1; }

# An environment cannot be added to if making it was interrupted, or if its Python has gone or become another version. It
# is then made anew.
SOUND := $(shell $(BIN)/python -c 'import os, sys, sysconfig; os.chdir(sysconfig.get_path("purelib")); sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && { command -v uv || $(BIN)/python -m pip --version; } >/dev/null 2>&1 && echo 1)
ANEW := $(if $(SOUND),,anew)

PAGE_TOOLS := tests/browser/node_modules/.package-lock.json

.PHONY: setup run recorder test check check-page bench anew

# What a fresh checkout needs to run; done again only when the dependencies change.
setup: $(VENV)/.run $(if $(filter 1,$(TORCH)),$(VENV)/.torch)

$(VENV)/bin/python: $(ANEW)
	@rm -rf $(VENV)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one: make run PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV), which takes 1 GB; once."
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt $(ANEW) | $(VENV)/bin/python
	@$(INSTALL) . $(RESUMED)
	@touch $@

$(VENV)/.torch: pyproject.toml constraints.txt $(ANEW) | $(VENV)/.run
	@echo "Adding torch for this machine's accelerator; TORCH=0 does without."
	@$(INSTALL) '.[torch]' $(RESUMED)
	@touch $@

# Parquet for `python -m recorder`.
recorder: $(VENV)/.recorder

$(VENV)/.recorder: pyproject.toml constraints.txt $(ANEW) | $(VENV)/.run
	@$(INSTALL) '.[recorder]' $(RESUMED)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(ANEW) | $(VENV)/bin/python
	@$(INSTALL) '.[dev]' $(RESUMED)
	@touch $@ $(VENV)/.run $(VENV)/.torch $(VENV)/.recorder

# honcho stands between the stages and the terminal, so that is looked for here. With job control (set -m) Ctrl-C reaches
# honcho and its stages alone, and what they end with then, 130, is no error.
run: setup
	@python -m affectstream.preflight
	@if [ -t 1 ] && [ -z "$$AFFECT_LOG_FORMAT" ] && ! grep -qs '^AFFECT_LOG_FORMAT=.' .env; then export AFFECT_LOG_FORMAT=console; fi; \
	if [ -t 0 ]; then set -m; fi; \
	honcho -e /dev/null start; code=$$?; [ $$code = 130 ] || exit $$code

test: $(VENV)/.dev
	python -m pytest $(ARGS)

check: $(VENV)/.dev
	ruff check .
	ruff format --check .
	mypy
	@if ! command -v npm >/dev/null; then echo "The page's JavaScript is not checked: that needs npm (of Node.js 20 or newer)."; \
	elif ! $(MAKE) --no-print-directory $(PAGE_TOOLS); then echo "The page's JavaScript is not checked: npm cannot install its tools."; \
	else $(MAKE) --no-print-directory check-page; fi

# The linter and the types of the page's JavaScript; nothing of them is needed to run it.
check-page: $(PAGE_TOOLS)
	npm --silent --prefix tests/browser run check

$(PAGE_TOOLS): tests/browser/package.json tests/browser/package-lock.json
	npm --silent --prefix tests/browser ci --no-audit --no-fund --fetch-retries 1
	@touch $@

bench: $(VENV)/.dev
	python -m benchmarks $(ARGS)
