# Needs nothing but Python 3.11 or later. The first call makes .venv; later calls start at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Installed with the tools of a developer, or only with what the package itself needs.
DEV := $(VENV)/.stamp-dev
RUN := $(VENV)/.stamp-run

.PHONY: help test lint types unit demo docs format clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

test: lint types unit  ## run everything that has to pass: style, types, tests

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

unit: $(DEV)
	$(BIN)/pytest -n 2 -q

demo: $(RUN)  ## run the main job on the data that ships with the package
	$(BIN)/equipoise demo

docs: $(DEV)  ## write docs/cli.md and docs/findings.md anew from what they are about
	$(BIN)/python scripts/write_cli_docs.py
	$(BIN)/python scripts/write_findings_docs.py

format: $(DEV)  ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what the calls above made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is not Python 3.11 or later" >&2; echo "hint: name another, as in: make test PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $(DEV) $(RUN)

$(RUN): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e .
	@touch $(RUN)
