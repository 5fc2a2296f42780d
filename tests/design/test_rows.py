"""Which rows are used: complete cases, counted, and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.errors import DataError, PlanError
from forwhom.plan import make_plan

NA = None
DATA: dict[str, Any] = {
    "y": [1.0, 2, NA, 4, 5, 6, 7, 8],
    "t": [0, 1, 0, 1, NA, 1, 0, 1],
    "m": ["a", "b", "a", "z", NA, "b", "a", NA],
    "x": [1.0, 2, 3, 4, 5, 6, NA, 8],
    "w": [1.0, 2, 3, 4, 5, 0, 1, 1],
    "unused": [NA] * 8,
}


def design(data: dict[str, Any], **plan: Any) -> tuple[Design, Rows]:
    made = make_plan(**{"outcome": "y", "treatment": "t", "modifiers": "m"} | plan)
    return build_design(made, load(data, made.columns))


def test_complete_cases_are_counted_by_column() -> None:
    found, rows = design(DATA)
    usage = found.usage
    assert (usage.n_read, usage.n_used, usage.zero_weight) == (8, 5, 0)
    assert dict(usage.missing) == {"y": 1, "t": 1, "m": 2}
    assert rows.y.tolist() == [1, 2, 4, 6, 7]
    assert rows.d.tolist() == [[0], [1], [1], [1], [0]]


def test_a_level_lost_with_its_rows_is_no_level() -> None:
    data = DATA | {"y": [1.0, 2, 3, NA, 5, 6, 7, 8]}
    found, _ = design(data)
    assert found.modifiers.names == ("m[b]",)
    assert found.groups.display == (("a", "b"),)


def test_sampling_weights_sum_to_the_rows_and_zeros_leave() -> None:
    found, rows = design(DATA, weights="w")
    assert (found.usage.n_used, found.usage.zero_weight) == (4, 1)
    assert rows.weights is not None
    np.testing.assert_allclose(rows.weights, np.array([1, 2, 4, 1]) * 4 / 8, rtol=1e-15)
    assert "1 row with zero weight left out." in found.notes
    assert any("pseudo-posterior, whose intervals ignore the design" in n for n in found.notes)


def test_frequency_weights_stay_as_they_are() -> None:
    _, rows = design(DATA, weights="w", weights_kind="frequency")
    assert rows.weights is not None
    assert rows.weights.tolist() == [1, 2, 4, 1]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1, -2, 1, 1, 1, 1, -3, 1], r"weights 'w' are negative in 2 rows \(smallest -3\)"),
        ([0] * 8, "weights 'w' sum to zero over the complete rows"),
        ([0, 0, 9, 0, 9, 0, 0, 9], "weights 'w' sum to zero over the complete rows"),
        (["a"] * 8, "weights 'w' hold text; weights are numbers"),
        ([1, 2, 3, 4, 5, float("inf"), 7, 8], "column 'w' holds infinite values in 1 row"),
    ],
)
def test_weights_that_are_none(weights: list[Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        design(DATA | {"w": weights}, weights="w")


def test_a_prior_for_a_term_that_is_not_there() -> None:
    with pytest.raises(
        PlanError, match=r"'lambda' has no coefficient 'm\[bb\]'.*Did you mean 'm\[b\]'"
    ):
        design(DATA, priors={"lambda": {"m[bb]": "normal(0, 1)"}})
