"""Times laid out over intervals: cells against their rows, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.cells import reduce_rows
from forwhom.data import load
from forwhom.design import build_design
from forwhom.families import FAMILIES
from forwhom.plan import make_plan

ENDS = (0.5, 1.5, 2.0)


@pytest.mark.parametrize(
    "weights", [{}, {"weights": "w", "weights_kind": "frequency"}], ids=["rows", "weights"]
)
def test_cells_hold_the_time_and_the_events_of_their_rows(weights: dict[str, Any]) -> None:
    rng = np.random.default_rng(5)
    n = 120
    data = {
        "y": np.round(rng.exponential(size=n) + 0.05, 1).clip(0.1),
        "e": rng.integers(0, 2, n).astype(float),
        "d": rng.integers(0, 2, n).astype(float),
        "m": rng.integers(0, 4, n).astype(float),
        "w": rng.integers(1, 4, n).astype(float),
    }
    plan = make_plan(
        outcome="y",
        treatment="d",
        modifiers="m",
        family="piecewise_exponential",
        event="e",
        breaks=ENDS,
        **weights,
    )
    cells = reduce_rows(*build_design(plan, load(data, plan.columns)), "rows").likelihood
    found = cells.outcome
    ends = [*ENDS, data["y"].max()]
    assert found.ends.tolist() == ends
    assert found.levels == 4
    assert len(found.y) == 8  # two arms in four groups
    weight = data["w"] if weights else np.ones(n)
    at_risk, ended = np.zeros((8, 4)), np.zeros((8, 4))
    for i in range(n):
        (cell,) = np.flatnonzero(
            (cells.d[:, 0] == data["d"][i]) & (cells.effect_rows[0][:, 1] == data["m"][i])
        )
        left = data["y"][i]
        for j, (begin, end) in enumerate(zip([0.0, *ends], ends, strict=False)):
            at_risk[cell, j] += weight[i] * min(left, end - begin)
            left -= min(left, end - begin)
            if begin < data["y"][i] <= end:
                ended[cell, j] += weight[i] * data["e"][i]
    np.testing.assert_allclose(found.at_risk, at_risk, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.ended, ended, rtol=1e-12)
    kinds = cells.kinds(FAMILIES["piecewise_exponential"])  # the rows behind the sums
    assert kinds is not None
    for name in ("at_risk", "ended"):
        sums = np.zeros((8, 4))
        np.add.at(sums, kinds.cell, kinds.count[:, None] * getattr(kinds.outcome, name))
        np.testing.assert_allclose(sums, getattr(found, name), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.ended.sum(axis=1), found.event)
    np.testing.assert_allclose(found.at_risk.sum(axis=1), found.y)
