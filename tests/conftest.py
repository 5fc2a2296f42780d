"""What every test run shares: one BLAS thread, and what becomes of tests of the paper's data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before numpy is imported: the suite already has a process for each core, and two processes that
# split small matrices over both cores wait for one another most of the time.
for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

pytest_plugins = ["tests.paper_needed"]

# The files that take longest, begun first so that no process is left with one at the end. A file's
# tests run in one process (--dist loadfile), since they share what they fit.
LONGEST = (
    "test_stan_joint.py",
    "fuzz/test_random_questions.py",
    "frozen/test_frozen.py",
    "test_joint_end_to_end.py",
    "methods/quadrature/test_against_nuts.py",
    "methods/nuts/test_sampler.py",
    "methods/exact/test_against_nuts.py",
    "test_families_end_to_end.py",
    "test_fallback.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    rank = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
