"""Fits that travel: pickled, copied or made in several threads, they stay the same."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES, KNOWN_GAUSSIAN
from forwhom.methods import threads

from .reference.ballot import DATA, fit

VOTED = {"vote": (DATA["vote"] > 2.5).astype(float)}
ESTIMATES = {"effect": DATA["vote"], "error": np.full(len(DATA["vote"]), 0.5), "age": DATA["age"]}

PLAIN = {"modifiers": "woman", "spread": "none", "baseline": "modifiers"}  # fast by NUTS

FITS: dict[str, Callable[[], Any]] = {
    "exact": fit,
    "quadrature": lambda: fit(VOTED, family="bernoulli"),
    "nuts": lambda: fit(method="nuts", **PLAIN),
    "laplace of categories": lambda: fit({"vote": DATA["region"]}, family="categorical", **PLAIN),
    "estimates": lambda: fw.fit(
        ESTIMATES, "effect", std_error="error", modifiers="age", method="quadrature", draws=100
    ),
    "prior predictive": lambda: fw.prior_predictive(
        DATA | VOTED, outcome="vote", treatment="letter", modifiers="woman",
        family="bernoulli", draws=50,
    ),
}  # fmt: skip
TRAVELS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda made: pickle.loads(pickle.dumps(made)),
    "copy": copy.deepcopy,
}


def told(made: Any) -> dict[str, Any]:
    """Everything a fit, or a simulation from the priors, says in tables and words."""
    if isinstance(made, fw.Fit):
        tables = {name: table.to_dict() for name, table in made.tables().items()}
    else:
        tables = {name: getattr(made, name)().to_dict() for name in ("outcome", "effects")}
    return tables | {"summary": made.summary()}


@pytest.mark.parametrize("name", FITS)
def test_a_fit_is_the_same_after_travelling(name: str) -> None:
    made = FITS[name]()
    before = {way: travel(made) for way, travel in TRAVELS.items()}  # nothing asked of it yet
    expected = told(made)
    after = {f"{way}, asked": travel(made) for way, travel in TRAVELS.items()}
    for way, again in (before | after).items():
        np.testing.assert_equal(told(again), expected, way)


def test_joblib_and_another_process_read_the_same_pickle(tmp_path: Path) -> None:
    made = FITS["quadrature"]()
    joblib.dump(made, tmp_path / "fit.joblib")
    expected = made.tables()["effects"].to_csv()
    assert joblib.load(tmp_path / "fit.joblib").tables()["effects"].to_csv() == expected
    (tmp_path / "fit.pickle").write_bytes(pickle.dumps(made))
    script = "import pickle, sys; print(pickle.load(sys.stdin.buffer).tables()['effects'].to_csv())"
    with (tmp_path / "fit.pickle").open("rb") as held:
        found = subprocess.run(
            [sys.executable, "-c", script], stdin=held, capture_output=True, check=True, timeout=60
        )
    assert found.stdout.decode().strip() == expected.strip()


@pytest.mark.parametrize("family", [*FAMILIES.values(), KNOWN_GAUSSIAN])
def test_a_family_travels_by_its_place_in_the_table(family: Any) -> None:
    assert pickle.loads(pickle.dumps(family)) is copy.deepcopy(family) is family


class _Library:
    """A BLAS library with a number of threads, of which one thing is asked: is it put back?"""

    def __init__(self) -> None:
        self.threads = 7
        self.set: list[int] = []

    def limit(self, limits: int) -> _Library:
        self.found, self.threads = self.threads, limits
        self.set.append(limits)
        return self

    def restore_original_limits(self) -> None:
        self.threads = self.found
        self.set.append(self.found)


def test_the_last_to_leave_puts_the_threads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    library = _Library()
    monkeypatch.setattr(threads, "_controller", lambda: library)
    one, two = threads.one_blas_thread(), threads.one_blas_thread()
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)  # the first in is the first out
    assert library.threads == 1
    two.__exit__(None, None, None)
    assert library.set == [1, 7]
    with pytest.raises(KeyError), threads.one_blas_thread():
        raise KeyError
    assert library.threads == 7


def test_eight_threads_of_fits_leave_blas_as_it_was() -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    def counts() -> list[int]:
        return [row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"]

    alone = [fit(VOTED, family="bernoulli", seed=seed).effects().to_csv() for seed in range(4)]
    with threadpool_limits(limits=3, user_api="blas"):
        found = counts()
        assert found
        with ThreadPoolExecutor(8) as pool:
            made = pool.map(
                lambda k: fit(VOTED, family="bernoulli", seed=k % 4).effects().to_csv(), range(24)
            )
            together = list(made)
        assert counts() == found
    assert together == alone * 6
