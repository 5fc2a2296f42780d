"""Linear dependence told from cross-products, and what is said of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.cells.dependence import first_dependent, null_space

RNG = np.random.default_rng(4)
N = 200
A, B = RNG.integers(0, 5, N).astype(float), RNG.normal(size=N)
D = RNG.integers(0, 2, N)
TOWN = RNG.integers(0, 6, N)


def cross(*columns: np.ndarray) -> np.ndarray:
    centred = np.column_stack(columns)
    centred = centred - centred.mean(axis=0)
    return np.asarray(centred.T @ centred)


def test_the_last_of_a_dependent_set_is_found() -> None:
    found = first_dependent(cross(A, B, A - 2 * B, A * B))
    assert found is not None
    last, others, weights = found
    size = np.array([A.std(), B.std(), (A - 2 * B).std()])
    assert (last, others.tolist()) == (2, [0, 1])
    np.testing.assert_allclose(weights * size[2] / size[:2], [1, -2], rtol=1e-9)
    assert first_dependent(cross(A, B, A * B)) is None


def test_a_small_difference_is_a_difference() -> None:
    """Of a ten-thousandth of the spread; of a billionth it is rounding."""
    noise = RNG.normal(size=N) * A.std()
    assert first_dependent(cross(A, A + 1e-4 * noise)) is None
    assert first_dependent(cross(A, A + 1e-9 * noise)) is not None


def test_null_space_adds_up_to_nothing() -> None:
    columns = np.column_stack([A, B, A + B, np.zeros(N)])
    columns -= columns.mean(axis=0)
    directions = null_space(columns.T @ columns)
    assert directions.shape == (4, 2)
    assert np.abs(columns @ directions).max() < 1e-9


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"modifiers": "a + twin"}, "'twin' is a copy of 'a', so their coefficients cannot be "
                                    "told apart. Leave out 'a' or 'twin'."),
        ({"modifiers": "a + b + total"}, "'total' is the sum of 'a' and 'b', so"),
        ({"modifiers": "a + b + mixed"}, "'mixed' follows from 'a' and 'b', so"),
        ({"modifiers": "a*b + total"}, "'total' is the sum of 'a' and 'b', so"),
        ({"modifiers": "C(town) + county"}, "'county[y]' is the sum of 'C(town)[3]', 'C(town)[4]' "
                                            "and 'C(town)[5]', so their coefficients cannot be "
                                            "told apart. Leave out 'C(town)' or 'county' as a "
                                            "whole, or merge some of its levels."),
        ({"modifiers": "a", "controls": "sent"}, "'d' is a copy of 'sent', so their coefficients "
                                                 "cannot be told apart. Leave out 'sent'."),
        ({"modifiers": "a + twin", "baseline": "shared"}, "'twin' is a copy of 'a'"),
        ({"modifiers": "day + copy"}, "'copy' is a copy of 'day'"),
    ],
)  # fmt: skip
def test_which_is_made_of_which(plan: dict[str, Any], words: str) -> None:
    data = {
        "y": RNG.normal(size=N), "d": D, "a": A, "b": B, "twin": 3 * A - 1, "total": A + B,
        "mixed": A - 2 * B, "town": TOWN, "county": np.where(TOWN > 2, "y", "x"), "sent": D,
        "day": 20160101 + A, "copy": 5 * A + 7,
    }  # fmt: skip
    with pytest.raises(fw.DataError) as caught:
        fw.fit(data, "y", "d", draws=200, **plan)
    assert "are collinear: " + words in str(caught.value)
