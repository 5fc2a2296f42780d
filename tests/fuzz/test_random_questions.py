"""Random tables and plans end in a finite, diagnosed result or in words, and in nothing else.

1,000 examples in ``make test``, always the same ones; 20,000 new ones in ``make fuzz``. Families
that take long have fewer of them, and as many as the others in ``make slow``. Warnings are errors
here as everywhere, so a RuntimeWarning that leaks from arithmetic fails an example.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import forwhom as fw
from forwhom.data import Tidy
from forwhom.families import FAMILIES
from tests.chains import short_chains
from tests.fuzz.questions import Question, questions

NAMES = ("auto", *FAMILIES)
LIBRARIES = ("Traceback", "duckdb", "pyarrow", "pyreadstat", "numpy", "Conversion Error", "0x")
# families that take long, the first of them always by chains: examples for one of the others'
LONG = {"categorical": 1 / 6, "student": 1 / 3, "ordered_beta": 1 / 2, "weibull": 1 / 2}
EACH = 1_000 / sum(LONG.get(name, 1.0) for name in NAMES)
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.fixture(autouse=True)
def short() -> Iterator[None]:
    """What is seen here of chains too short to pass their check is that they say so."""
    with short_chains(10, depth=3, CHAINS=2):
        yield


@pytest.mark.parametrize("family", NAMES)
def test_examples(family: str, tmp_path: Path) -> None:
    _search(family, tmp_path, settings(max_examples=_count(family, 1), derandomize=True))


@pytest.mark.slow
@pytest.mark.parametrize("family", LONG)
def test_more_examples_of_families_that_take_long(family: str, tmp_path: Path) -> None:
    _search(family, tmp_path, settings(max_examples=ceil(EACH), derandomize=True))


@pytest.mark.fuzz
@pytest.mark.parametrize("family", NAMES)
def test_many_examples(family: str, tmp_path: Path) -> None:
    _search(family, tmp_path, settings(max_examples=_count(family, 20)))


def _count(family: str, times: int) -> int:
    """Examples of a family: 1,000 times ``times`` over all of them."""
    return ceil(times * EACH * LONG.get(family, 1.0))


def _search(family: str, folder: Path, how: settings) -> None:
    """Run the examples of one family; each must be answered or refused."""

    @settings(how, deadline=None, database=None, suppress_health_check=QUIET, print_blob=True)
    @given(questions(family))
    def run(question: Question) -> None:
        try:
            fit = fw.fit(question.data(folder), **question.keywords)
        except fw.ForWhomError as error:
            _check_words(str(error))
        else:
            _check_fit(fit, question)

    run()


def _check_words(said: str) -> None:
    assert len(said) > 20
    for word in LIBRARIES:
        assert word not in said, said


def _check_fit(fit: fw.Fit, question: Question) -> None:
    """Numbers are numbers and in order; what cannot be relied on says so."""
    assert fit.summary()
    assert fit.passed or fit.warnings
    for name, table in fit.tables().items():
        _check_table(name, table)
    link = fit.effects(scale="link")
    _check_table("effects on the link", link if isinstance(link, Tidy) else None)
    again = pickle.loads(pickle.dumps(fit))
    assert again.summary() == fit.summary()
    some = {name: values[:2] for name, values in question.columns.items()}
    try:
        _check_table("predict", fit.predict(some))
    except fw.ForWhomError as error:
        _check_words(str(error))


def _check_table(name: str, table: Any) -> None:
    if not isinstance(table, Tidy):
        return
    columns = table.columns
    if name == "who":  # a sentence may have no number, but is there
        said = np.isfinite(np.asarray(columns["estimate"], dtype=float)).tolist()
        assert all(numbers or text for numbers, text in zip(said, columns["text"], strict=True))
        return
    for column in ("estimate", "conf_low", "conf_high", "prob_positive"):
        if column in columns:
            assert np.isfinite(np.asarray(columns[column], dtype=float)).all(), (name, column)
    if "conf_low" in columns and "estimate" in columns:
        low, middle, high = (np.asarray(columns[k]) for k in ("conf_low", "estimate", "conf_high"))
        assert (low <= middle).all() and (middle <= high).all(), name
    if "std_error" in columns and np.isnan(np.asarray(columns["std_error"], dtype=float)).any():
        assert table.notes, (name, "std_error")
