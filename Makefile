# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help demo test slow check references coverage sbc bench clean

help:  ## list what a contributor can do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	@touch $@

$(VENV)/.check: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[check]'
	@touch $@

demo: $(VENV)/.demo  ## install, run the embedded analysis, write tables and figures to demo-results/
	$(BIN)/forwhom demo --out demo-results

test: $(VENV)/.test  ## install with test extras, run the tests on all cores
	$(BIN)/python -m pytest -n auto --dist worksteal

slow: $(VENV)/.test  ## the tests that take minutes each
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.check  ## what CI runs before the tests: ruff, mypy strict, the layer order
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

references: $(VENV)/.test  ## posteriors of NUTS that tests compare with (CASES="beta- gamma-log-group": some)
	$(BIN)/python -m tests.reference.nuts.make $(CASES)

coverage: $(VENV)/.test  ## interval coverage over 1,000 simulated data sets per baseline (benchmarks/interval_coverage.md)
	$(BIN)/python benchmarks/interval_coverage.py

sbc: $(VENV)/.test  ## simulation-based calibration of families by quadrature (benchmarks/sbc.md)
	$(BIN)/python benchmarks/sbc.py --write

bench: $(VENV)/.bench  ## speed against lme4, rstan and nutpie (those that are installed), and growth
	$(BIN)/python benchmarks/run.py

clean:  ## remove what the targets above made
	rm -rf $(VENV) demo-results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
