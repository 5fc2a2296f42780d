# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
# PYTHON=... names the Python to use; otherwise the first of these that runs and is recent enough.
PYTHONS := python3.13 python3.12 python3 python
RECENT  := import sys; sys.exit(sys.version_info < (3, 12))
VENV    := .venv
BIN     := $(VENV)/bin

.PHONY: help venv demo test slow lowest lock fuzz frozen freeze check references twin coverage sbc \
  bench clean

help:  ## list what a contributor can do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

venv:
	@if [ -d $(VENV) ]; then \
	  $(BIN)/python -c 'import pip; $(RECENT)' 2>/dev/null && exit 0; \
	  found=$$($(BIN)/python --version 2>/dev/null) || found='no Python that runs'; \
	  echo "$(VENV) holds $$found; forwhom needs Python 3.12 or later, with pip." \
	    "'make clean' removes $(VENV); then run make again."; \
	  exit 1; \
	fi; \
	for python in $(if $(PYTHON),'$(PYTHON)',$(PYTHONS)); do \
	  if "$$python" -c 'import venv, ensurepip; $(RECENT)' 2>/dev/null; then \
	    echo "$$python -m venv $(VENV)"; \
	    "$$python" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade pip && exit 0; \
	    rm -rf $(VENV); \
	    exit 1; \
	  fi; \
	done; \
	echo "forwhom needs Python 3.12 or later, with its modules venv and ensurepip (Debian: package" \
	  "python3-venv). Tried: $(or $(PYTHON),$(PYTHONS)). Install one, or name one:" \
	  "make PYTHON=/path/to/python3.13"; \
	exit 1

$(VENV)/.demo: pyproject.toml | venv
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.test: pyproject.toml requirements.lock | venv
	$(BIN)/python -m pip install --quiet -c requirements.lock -e '.[test]'
	@touch $@

$(VENV)/.reference: pyproject.toml | venv
	$(BIN)/python -m pip install --quiet -e '.[test,reference]'
	@touch $@

$(VENV)/.bench: pyproject.toml | venv
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	@touch $@

$(VENV)/.check: pyproject.toml requirements.lock | venv
	$(BIN)/python -m pip install --quiet -c requirements.lock -e '.[check]'
	@touch $@

$(VENV)/.lowest: pyproject.toml .ci/versions.py | venv
	$(BIN)/python .ci/versions.py lowest > $(VENV)/lowest.txt
	$(BIN)/python -m pip install --quiet -c $(VENV)/lowest.txt -e '.[test]'
	@touch $@

demo: $(VENV)/.demo  ## install, run the embedded analysis, write tables and figures to demo-results/
	$(BIN)/forwhom demo --out demo-results

test: $(VENV)/.test  ## install with test extras, run the tests on all cores
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lowest:  ## the tests on the lowest versions that pyproject.toml names, on Python 3.12 if it is there
	@$(MAKE) --no-print-directory VENV=.venv-lowest PYTHONS='python3.12 python3.13 python3 python' \
	  .venv-lowest/.lowest
	.venv-lowest/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lock: | venv  ## renew requirements.lock, the versions that the tests and checks are run with
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report $(VENV)/lock.json \
	  '.[test,check]'
	$(BIN)/python .ci/versions.py lock $(VENV)/lock.json > requirements.lock

slow: $(VENV)/.test  ## the tests that take minutes each
	$(BIN)/python -m pytest -m slow

fuzz: $(VENV)/.test  ## 20,000 random tables and plans
	$(BIN)/python -m pytest -m fuzz

frozen: $(VENV)/.test  ## the frozen numbers to the same bits: for moves of code, on the machine that froze them
	FORWHOM_SAME_BITS=1 $(BIN)/python -m pytest tests/frozen

freeze: $(VENV)/.test  ## freeze the numbers as they are now (tests/frozen); before a move, or where they had to change
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.frozen.make

check: $(VENV)/.check  ## what CI runs before the tests: ruff, mypy strict, the layer order
	$(BIN)/ruff check src tests benchmarks .ci
	$(BIN)/ruff format --check src tests benchmarks .ci
	$(BIN)/mypy
	$(BIN)/lint-imports

references: $(VENV)/.test  ## posteriors of NUTS that tests compare with (CASES="beta- gamma-log-group": some)
	$(BIN)/python -m tests.reference.nuts.make $(CASES)

twin: $(VENV)/.reference  ## the simulated twin of the paper's data and its posteriors by Stan (CASES="logit": some)
	$(BIN)/python -m tests.reference.twin.make $(CASES)

coverage: $(VENV)/.test  ## interval coverage over 1,000 simulated data sets per baseline (benchmarks/interval_coverage.md)
	$(BIN)/python benchmarks/interval_coverage.py

sbc: $(VENV)/.test  ## simulation-based calibration of families, arms, clusters, correlations (benchmarks/sbc*.md)
	$(BIN)/python benchmarks/sbc.py --write
	$(BIN)/python benchmarks/sbc_structures.py --write

bench: $(VENV)/.bench  ## speed against lme4, rstan and nutpie (those that are installed), and growth
	$(BIN)/python benchmarks/run.py

clean:  ## remove what the targets above made
	rm -rf $(VENV) .venv-lowest demo-results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
