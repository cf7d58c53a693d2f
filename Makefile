# Two commands for a machine with git, make and Python >= 3.11:
#   make demo   installs into .venv, runs the example study, writes demo-output/
#   make test   installs into .venv, runs the whole test suite
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUTPUT ?= demo-output

.PHONY: demo test lint conformance bench coverage clean help

help:
	@sed -n '1,3p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "interurban needs Python 3.11 or later; call: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make virtual environments here; on Debian or Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/interurban demo --output $(OUTPUT) --overwrite

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Writes docs/conformance.md; the reference numbers are in $INTERURBAN_SHARED or ../shared.
conformance: $(VENV)/.installed
	$(BIN)/python scripts/conformance.py

# Times interurban beside its peers in the same run; writes docs/benchmarks.md.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --editable ".[peers]"
	$(BIN)/python benchmarks/run.py

# Simulates how often the intervals of the regressions hold the truth; writes docs/coverage.md.
coverage: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/monte_carlo_coverage.py

clean:
	rm -rf $(VENV) demo-output build *.egg-info
