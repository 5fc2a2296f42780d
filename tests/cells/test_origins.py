"""Columns as written are the moved ones times a matrix, whatever the formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.cells import reduce_rows
from forwhom.cells.columns import chunks
from forwhom.cells.origins import find_origins
from forwhom.data import load
from forwhom.design import build_design
from forwhom.plan import make_plan

RNG = np.random.default_rng(6)
N = 90
D = RNG.integers(0, 2, N).astype(float)
NEAR = RNG.integers(0, 4, N).astype(float)


def built(**plan: Any) -> tuple[Any, Any]:
    data = {
        "y": RNG.normal(size=N), "d": D, "x": 2016 + NEAR, "v": 300 + RNG.normal(size=N),
        "w": RNG.normal(size=N), "r": np.array(["a", "b", "c"])[RNG.integers(0, 3, N)],
        "one": np.where(D == 1, 2017.25, 2016 + NEAR), "dose": RNG.gamma(2, 1, N),
    }  # fmt: skip
    asked = make_plan(**{"outcome": "y", "treatment": "d"} | plan)
    return build_design(asked, load(data, asked.columns))


@pytest.mark.parametrize(
    "plan",
    [
        {"modifiers": "x"},
        {"modifiers": "x*w"},
        {"modifiers": "x*v*r"},
        {"modifiers": "r + x:r"},
        {"modifiers": "w + x:w"},
        {"modifiers": "x*w", "controls": "x:v + v"},
        {"modifiers": "x*v", "controls": "v*r", "baseline": "shared"},
        {"modifiers": "poly(v, 2)*x", "treatment": "dose"},
        {"modifiers": "log(x)*w"},
        {"treatment": {"d": "x*w", "dose": "x"}},
    ],
)
def test_columns_as_written_are_moved_ones_times_a_matrix(plan: dict[str, Any]) -> None:
    design, rows = built(**plan)
    origins, cells = find_origins(design, rows), reduce_rows(design, rows)
    assert origins.moved
    ((_, written),) = chunks(design, rows)
    ((_, moved),) = chunks(design, rows, origins)
    used = np.arange(written.shape[1] - 1)
    if not design.delta_names:
        first = 1 + len(design.controls.names)
        used = np.delete(used, slice(first, first + len(design.modifiers.names)))
    coefficients = RNG.normal(size=len(used))
    np.testing.assert_allclose(
        written[:, used] @ (cells.unmove @ coefficients),
        moved[:, used] @ coefficients,
        atol=1e-16 * np.abs(written[:, used]).max() * np.abs(cells.unmove).max() * len(used),
    )
    # the columns inside are of size one and no two nearly the same
    inner = (moved[:, used][:, 1:] - cells.inner_center[1:]) / cells.inner_scale[1:]
    assert np.linalg.cond(inner) < 1e3


@pytest.mark.parametrize("formula", ["w", "w*r", "w:r", "x:r", "x:w"])
def test_what_is_near_or_cannot_be_moved_stays(formula: str) -> None:
    """Without the terms that it would leave behind a product has no other place to be."""
    design, rows = built(modifiers=formula)
    cells = reduce_rows(design, rows)
    assert not find_origins(design, rows).moved
    np.testing.assert_array_equal(cells.unmove, np.eye(len(cells.unmove)))
    np.testing.assert_array_equal(cells.inner_center, cells.center)


def test_a_predictor_of_one_value_among_the_treated_becomes_zero_there() -> None:
    design, rows = built(modifiers="one + w")
    ((_, moved),) = chunks(design, rows, find_origins(design, rows))
    assert not moved[:, 4].any()  # [1, one, w, d, d one, d w, y]
