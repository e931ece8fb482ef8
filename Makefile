# emoconsent: everything is set up by the command that needs it. Start with `make demo` or `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without compiled files every process that a test starts would compile the package again.
unexport PYTHONDONTWRITEBYTECODE
# $(call apt,PACKAGE): installs it when root, fails otherwise. Old package lists are renewed once.
INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends
apt = { test "$$(id -u)" = 0 && { $(INSTALL) $(1) || { apt-get update -q && $(INSTALL) $(1); }; } >&2; }

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# DEMO_SERVE=0 makes sure that the portal starts and answers, and exits.
demo: $(STAMP) ## watch consent gate real recognizers, then try the portal (Ctrl-C ends it)
	$(BIN)/emoconsent demo --portal $(if $(filter 0,$(DEMO_SERVE)),check,serve)

test: $(STAMP) debian lint types ## lint, types, and every test but the long ones
	$(PYTEST)

coverage: $(STAMP) debian ## the same tests, with branch coverage (a third slower)
	$(PYTEST) --cov --cov-report=term

test-long: $(STAMP) debian ## the lanes that take minutes each
	$(PYTEST) -m long

bench: $(STAMP) ## the gate alone, a call with its durable entry, the portal's pages
	$(BIN)/python tests/benchmarks/bench_gate.py
	$(BIN)/python tests/benchmarks/bench_portal.py

lint: $(STAMP) ## ruff
	$(BIN)/ruff check emoconsent portal migrations tests docs

types: $(STAMP) ## mypy --strict on both packages
	$(BIN)/mypy

tour: $(STAMP) ## docs/tour/*.png, from the seeded demo (Chromium)
	PYTHONPATH=. $(BIN)/python docs/tour/make.py

wheel: $(STAMP) ## dist/: one wheel with both packages, migrations and templates
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel

lock: ## rewrite requirements.txt from pyproject.toml (network; uv in a venv of its own)
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	cp requirements.txt build/lock/  # what is locked stays, unless it no longer fits
	env -u PIP_FIND_LINKS build/lock/bin/uv pip compile pyproject.toml -o build/lock/requirements.txt \
	  --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra demo --extra portal --extra postgres --extra dev
	! grep -n '://' build/lock/requirements.txt
	{ grep -B99 -m1 'names no host' requirements.txt; cat build/lock/requirements.txt; } > build/lock/new
	mv build/lock/new requirements.txt

clean: ## remove what these commands made (your data folders stay)
	rm -rf $(VENV) build dist htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Debian's python3 lacks ensurepip until python3-venv is there: root gets it, others are told.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "emoconsent needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(call apt,python3-venv) \
	  || { echo "venv is missing; run: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The lock first, by hash; then the project itself, editable, with nothing more from anywhere.
# Without dependencies: the lock is whole, and pip would take the newest release for a name with an
# extra (`coverage[toml]`), whatever is pinned for the name without it.
$(STAMP): requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what requirements.txt locks (a minute or two, once) ..."
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.txt
	$(BIN)/python -m pip check
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# From Debian: recorded speech for the voice tests, which otherwise use a synthesised voice, and the
# browser (with Chinese type) for the portal's, which fail without it.
SPEECH := /usr/share/asterisk/sounds/en_US_f_Allison
debian:
	@test -d $(SPEECH) || $(call apt,asterisk-core-sounds-en-wav) \
	  || echo "no recorded speech: sudo apt-get install asterisk-core-sounds-en-wav" >&2
	@test -x /usr/bin/chromium || $(call apt,chromium fonts-noto-cjk) \
	  || echo "no browser for the portal's tests: sudo apt-get install chromium fonts-noto-cjk" >&2

.PHONY: help demo test coverage test-long bench lint types tour wheel lock clean debian
