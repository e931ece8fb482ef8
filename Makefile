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

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(STAMP) ## watch consent gate real recognizers, about a minute
	$(BIN)/emoconsent demo

test: $(STAMP) debian lint types ## lint, types, and every test but the long ones
	$(PYTEST) --cov --cov-report=term

test-long: $(STAMP) debian ## the lanes that take minutes each
	$(PYTEST) -m long

bench: $(STAMP) ## the gate alone, and a call with its durable entry
	$(BIN)/emoconsent bench

lint: $(STAMP) ## ruff
	$(BIN)/ruff check emoconsent portal migrations tests

types: $(STAMP) ## mypy --strict on both packages
	$(BIN)/mypy

wheel: $(STAMP) ## dist/: one wheel with both packages, migrations and templates
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel

lock: ## rewrite requirements.txt from pyproject.toml (network; uv in a venv of its own)
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	env -u PIP_FIND_LINKS build/lock/bin/uv pip compile pyproject.toml -o build/lock/requirements.txt \
	  --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra demo --extra portal --extra postgres --extra dev
	! grep -n '://' build/lock/requirements.txt
	{ grep -B99 -m1 'names no host' requirements.txt; cat build/lock/requirements.txt; } > build/lock/new
	mv build/lock/new requirements.txt

clean: ## remove what these commands made (your data folders stay)
	rm -rf $(VENV) build dist htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	bash tools/venv.sh $(PYTHON) $(VENV)

# The lock first, by hash; then the project itself, editable, with nothing more from anywhere.
$(STAMP): requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Recorded speech for the voice tests, from Debian. Without it (and without root) they use a
# synthesised voice and say so.
SPEECH := /usr/share/asterisk/sounds/en_US_f_Allison
debian:
	@test -d $(SPEECH) || bash tools/apt.sh asterisk-core-sounds-en-wav

.PHONY: help demo test test-long bench lint types wheel lock clean debian
