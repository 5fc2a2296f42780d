"""Spread of counts over Poisson's: right in size, and silent where counts are Poisson."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers import dispersion as measured
from forwhom.answers.dispersion import Dispersion, dispersion
from forwhom.fitted import Estimand


def poisson(seed: int, times: float = 1.0, level: float = 3.0, **more: Any) -> fw.Fit:
    """A fit of 200 rows in 6 groups; ``times`` spreads counts out with their means unchanged."""
    rng = np.random.default_rng(seed)
    g, d = rng.integers(0, 6, 200), rng.integers(0, 2, 200)
    mean = np.exp(level + 0.4 * rng.normal(size=6)[g] + d * (0.3 + 0.2 * rng.normal(size=6)[g]))
    size = rng.gamma(2.0, 0.5, 200)
    y = rng.poisson(mean * size) if times == 1 else times * rng.poisson(mean * size / times)
    data = {"y": y, "d": d, "g": g, "size": size}
    asked = {"groups": "g", "exposure": "size", "draws": 200} | more
    return fw.fit(data, "y", "d", family="poisson", method="quadrature", **asked)


def test_counts_of_poissons_law_are_no_cause_for_alarm() -> None:
    """As standard errors from one the ratios have mean 0 and sd 1 or less: 24 fits."""
    fits = [poisson(seed, level=(-1.0, 0.0, 3.0, 9.0)[seed % 4]) for seed in range(24)]
    found = [dispersion(fit.estimands[0]) for fit in fits if fit.passed]
    off = np.array([(one.ratio - 1) / one.error for one in found if one is not None])
    assert len(off) > 20
    assert abs(off.mean()) < 4 / np.sqrt(len(off))
    assert 0.5 < off.std() < 1.4
    assert not any(one.large for one in found if one is not None)


@pytest.mark.parametrize("times", [2, 10])
def test_what_is_so_many_times_as_spread_out_is_said_to_be(times: int) -> None:
    fit = poisson(5, times)
    assert fit.passed
    found = dispersion(fit.estimands[0])
    assert found is not None
    assert found.large
    # the ratio's own error, at that many times Poisson's spread
    assert abs(found.ratio - times) < 4 * times * found.error


def test_rows_about_their_cells_means_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used where draws of groups are not kept, or cannot be trusted."""
    fit = poisson(2, 5, exposure=None)
    kept = dispersion(fit.estimands[0])
    monkeypatch.setattr(measured, "KEPT", 0)
    found = dispersion(fit.estimands[0])
    assert kept is not None
    assert found is not None
    cell = fit.fitted.cells.likelihood
    assert cell is not None
    assert cell.summed is not None
    squares = freedom = 0.0
    for k in range(len(cell.group)):  # the long way
        mine = cell.summed.cell == k
        y = np.repeat(cell.summed.outcome.y[mine], cell.summed.count[mine].astype(int))
        squares += ((y - y.mean()) ** 2).sum() / y.mean()
        freedom += len(y) - 1
    assert found.ratio == pytest.approx(squares / freedom)
    assert found.ratio == pytest.approx(kept.ratio, rel=0.1)


def test_sums_speak_where_rows_are_not_kept() -> None:
    fit = poisson(2, 5)
    cells = replace(fit.fitted.cells, likelihood=replace(fit.fitted.cells.likelihood, summed=None))
    other = replace(fit.fitted, problem=replace(fit.fitted.problem, cells=cells))
    rows, sums = (
        dispersion(fit.estimands[0]),
        dispersion(Estimand(other, fit.estimands[0].quantity)),
    )
    assert rows is not None
    assert sums is not None
    assert sums.ratio == pytest.approx(rows.ratio)  # each row has an exposure of its own


@pytest.mark.parametrize(
    ("ratio", "error", "large"),
    [(1.4, 0.01, False), (1.6, 0.01, True), (1.6, 0.13, False), (30.0, 7.0, False)],
)
def test_what_is_far_more_than_chance(ratio: float, error: float, large: bool) -> None:
    assert Dispersion(ratio, error).large == large
