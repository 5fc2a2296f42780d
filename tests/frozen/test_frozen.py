"""A move of the code changes no number and no word: small fits of everything, held to a file.

``cases.py`` makes the fits, from the package's own tables; ``content.py`` asks them, by the public
interface; ``make freeze`` writes what they say to ``numbers.json.xz``: of every array of draws and
of every table's numbers a digest of the bits and a few numbers, and all texts.

Equal digests pass. Another processor or another BLAS rounds otherwise, so where they differ

- numbers must agree to a relative 1e-7;
- where rounding made other draws, shapes must be equal, and means within 5 Monte Carlo standard
  errors; the numbers of its tables, and what is said of its check, are then not compared. NUTS
  makes other draws wherever anything rounds otherwise; quadrature does where it falls on the other
  side of a limit (another round of learning, a finer rule), which a few cases may, no more.

``make frozen`` holds a move on one machine to the same bits (FORWHOM_SAME_BITS=1): freeze before
the move, run after every step. Only sums taken in another order are let through, a relative 1e-11
of the few numbers, for NUTS too; one of these is a sum with weights, so that order is seen.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from tests.frozen import content
from tests.frozen.cases import CASES, NUTS, Case
from tests.frozen.inside import (
    BASELINES,
    DISTRIBUTIONS,
    FAMILIES,
    METHODS,
    PRESETS,
    SIGMA_BY,
    SPREADS,
    WEIGHTS_KINDS,
)

SAME_BITS = bool(os.environ.get("FORWHOM_SAME_BITS"))
CLOSE = 1e-11 if SAME_BITS else 1e-7
ERRORS = 5  # Monte Carlo standard errors
FEW = 0.05  # of the cases without chains
OF_DRAWS = ("diagnostics", "checks sensitivity", "loo", "waic", "checks loo", "checks check")
TINY = re.compile(r"\d(\.\d+)?e-\d+")  # a difference that is rounding alone, told in words
other_draws: list[str] = []  # cases without chains in which rounding made other draws


@cache
def frozen() -> dict[str, Any]:
    return content.stored()["cases"]


@pytest.mark.parametrize("name", CASES)
def test_numbers_and_words_are_as_they_were(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    fit = content.made(case)
    by_chains = not case.prior and content.method_of(fit) == NUTS
    if not case.prior and case.method != "auto":
        assert content.method_of(fit) == case.method
    found, expected = content.told(case, fit), frozen()[name]
    assert list(found["arrays"]) == list(expected["arrays"])
    free = not SAME_BITS and not same_draws(found["arrays"], expected["arrays"])
    if free and not by_chains:
        other_draws.append(name)
    compare_words(found, expected, free)
    for key, array in found["arrays"].items():
        compare_array(array, expected["arrays"][key], key, free)
    if not free:
        for key, table in found["tables"].items():
            compare_table(table, expected["tables"][key], key)
    if not case.prior:
        check_saved(case, fit, tmp_path / "fit.nc")


def test_rounding_makes_other_draws_in_few_cases_without_chains() -> None:
    count = sum(case.method not in (NUTS, "auto") for case in CASES.values())
    assert len(other_draws) <= FEW * count, other_draws


def same_draws(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether all arrays are equal but for rounding."""
    try:
        for name, array in found.items():
            compare_array(array, expected[name], name)
    except AssertionError:
        return False
    return True


def compare_words(found: dict[str, Any], expected: dict[str, Any], free: bool) -> None:
    """Every text; ``free``: but for those that hold numbers of other draws."""
    if not free:
        assert list(found["tables"]) == list(expected["tables"])
    for key in found["texts"]:
        if not (free and key in ("summary", "refused")):  # too few draws to judge sensitivity by
            assert _words(found["texts"][key]) == _words(expected["texts"][key]), key
    for key, table in found["tables"].items():
        if not (free and key in OF_DRAWS):
            other = expected["tables"][key]
            one, two = (_words(row.get("words", {})) for row in (table, other))
            parts = [part for part in one if not (free and part == "notes")]
            assert [one[part] for part in parts] == [two.get(part) for part in parts], key
            assert table.get("same") == other.get("same"), key


def _words(texts: Any) -> Any:
    """As they stand; without sizes of rounding errors, where these may differ."""
    return texts if SAME_BITS else json.loads(TINY.sub("tiny", json.dumps(texts)))


def compare_array(
    found: dict[str, Any], expected: dict[str, Any], name: str, free: bool = False
) -> None:
    """One array of draws, or one statistic of the sampler."""
    assert found["shape"] == expected["shape"], name
    if found["digest"] == expected["digest"]:
        return
    if not free:
        scale = _floats([found["few"][:1], expected["few"][:1]]).max()
        close(found["few"], expected["few"], scale, name)
    elif "ess" in expected:
        one, other = _floats(found["few"])[3], _floats(expected["few"])[3]
        error = np.hypot(*(row["sd"] / np.sqrt(row["ess"]) for row in (found, expected)))
        assert abs(one - other) <= ERRORS * error + 1e-12, name


def compare_table(found: dict[str, Any], expected: dict[str, Any], name: str) -> None:
    """The numbers of one table, a column at a time."""
    if found.get("digest") == expected.get("digest"):
        return
    assert list(found["numbers"]) == list(expected["numbers"]), name
    for column, few in found["numbers"].items():
        scale = np.abs(_floats([few, expected["numbers"][column]])).max(initial=0.0)
        close(few, expected["numbers"][column], scale, f"{name}: {column}")


def close(found: list[Any], expected: list[Any], scale: float, name: str) -> None:
    """Within rounding, relative to the size of the numbers that were summed."""
    atol = 0.0 if np.isnan(scale) else CLOSE * scale
    np.testing.assert_allclose(
        _floats(found), _floats(expected), rtol=CLOSE, atol=atol, equal_nan=True, err_msg=name
    )


def _floats(values: Any) -> np.ndarray:
    return np.array(values, dtype=float)


def check_saved(case: Case, fit: Any, path: Path) -> None:
    """A loaded fit has the tables of the fit it was saved from, and its draws."""
    again = fw.load(fit.save(path))
    tables = fit.tables()
    for key, table in again.tables().items():
        np.testing.assert_equal(table.to_dict(), tables[key].to_dict(), key)  # NaN is NaN
        assert (table.title, table.notes) == (tables[key].title, tables[key].notes)
    if case.whole:
        assert content.arrays(again) == content.arrays(fit)
        assert again.summary() == fit.summary()


def test_the_file_holds_the_cases_and_no_others() -> None:
    assert sorted(frozen()) == sorted(CASES), "a new case, or one less: make freeze"


def test_every_name_in_the_tables_has_a_case() -> None:
    asked = [case.asked for case in CASES.values() if not case.prior]

    def given(key: str) -> set[Any]:
        return {keywords[key] for keywords in asked if key in keywords}

    assert given("family") == set(FAMILIES)
    assert given("method") - {"auto"} == set(METHODS) - {"auto"}
    assert given("preset") == set(PRESETS)
    assert given("spread") == set(SPREADS)
    assert given("weights_kind") == set(WEIGHTS_KINDS)
    assert given("sigma_by") == set(SIGMA_BY)
    pairs = {(keywords.get("family"), keywords.get("baseline")) for keywords in asked}
    assert pairs >= {(family, baseline) for family in FAMILIES for baseline in BASELINES}
    links = {(keywords.get("family"), keywords.get("link")) for keywords in asked}
    assert links >= {(row.name, link) for row in FAMILIES.values() for link in row.links[1:]}
    both = {(keywords.get("family"), keywords["method"]) for keywords in asked}
    assert both >= {(family, NUTS) for family in FAMILIES}
    told = " ".join(str(keywords.get("priors")) for keywords in asked)
    assert not [name for name in DISTRIBUTIONS if name not in told]


# What the comparisons let through, and what they do not


DRAWS = np.random.default_rng(1).standard_normal((2, 15, 4))


def of(values: np.ndarray) -> dict[str, Any]:
    return content.array(values) | content.spread(values)


def test_equal_bits_pass_and_every_nan_is_alike() -> None:
    holes = np.where(np.arange(4) == 1, np.nan, DRAWS)
    compare_array(of(holes), of(holes.copy()), "a")


def test_rounding_passes() -> None:
    compare_array(of(DRAWS), of(DRAWS * (1 + 1e-13)), "a")


@pytest.mark.parametrize(
    "other",
    [DRAWS[:, ::-1], DRAWS + 1e-6, np.where(np.arange(4) == 2, 0, DRAWS), DRAWS[:, :, :3], -DRAWS],
)
def test_other_draws_fail(other: np.ndarray) -> None:
    with pytest.raises(AssertionError, match="a"):
        compare_array(of(DRAWS), of(other), "a")


def test_other_chains_pass_within_monte_carlo_error_alone() -> None:
    other = np.random.default_rng(2).standard_normal(DRAWS.shape)
    compare_array(of(DRAWS), of(other), "a", free=True)
    with pytest.raises(AssertionError, match="a"):
        compare_array(of(DRAWS), of(other + 2), "a", free=True)


def test_a_table_is_held_by_its_numbers() -> None:
    numbers = {"estimate": [0.5, -0.2]}
    one = {"digest": "1", "numbers": numbers, "words": {}}
    compare_table(one, one | {"digest": "2"}, "effects")
    other = {"digest": "2", "numbers": {"estimate": [0.5, -0.2001]}, "words": {}}
    with pytest.raises(AssertionError, match="effects: estimate"):
        compare_table(one, other, "effects")
