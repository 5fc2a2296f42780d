"""Simultaneous intervals hold together as often as they say, over posteriors that are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from forwhom.answers.simultaneous import simultaneous
from forwhom.answers.summarise import summarise

SIMULATIONS = 500
FRESH = 400  # draws of the truth for each, so that the simulation's own error is below 0.1 %


def covered(kind: str, rows: int, draws: int, level: float) -> float:
    """How often all rows' truths lie in their intervals, of pairwise differences of levels."""
    rng = np.random.default_rng(7)
    of, against = np.nonzero(np.tri(rows, k=-1))
    found = []
    for _ in range(SIMULATIONS):
        place = rng.normal(size=(rows, 1))

        def sample(size: int, place: NDArray[np.float64] = place) -> NDArray[np.float64]:
            noise = rng.normal(size=(rows, size))
            if kind == "skewed":
                noise = np.exp(0.5 * noise)
            if kind == "heavy":
                noise /= np.abs(rng.normal(size=(rows, size)))  # Cauchy
            levels = place + noise
            return np.asarray(levels[of] - levels[against])

        low, high = simultaneous(sample(draws), level)
        truth = sample(FRESH)
        inside = (truth >= low[:, None]) & (truth <= high[:, None])
        found.append(inside.all(axis=0).mean())
    return float(np.mean(found))


@pytest.mark.parametrize("kind", ["normal", "skewed", "heavy"])
@pytest.mark.parametrize("rows", [2, 5])
def test_they_hold_together_as_often_as_they_say(kind: str, rows: int) -> None:
    assert 0.935 < covered(kind, rows, 2000, 0.95) < 0.965


def test_one_row_keeps_its_own_interval() -> None:
    draws = np.random.default_rng(1).gamma(2.0, size=(1, 4000))
    low, high = simultaneous(draws, 0.9)
    alone = summarise(draws, 0.9)
    assert low[0] == pytest.approx(alone["conf_low"][0], abs=0.01)
    assert high[0] == pytest.approx(alone["conf_high"][0], abs=0.01)


def test_they_are_never_within_the_rows_own() -> None:
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(8, 3000)) * rng.gamma(2.0, size=(8, 1))
    low, high = simultaneous(draws, 0.95)
    alone = summarise(draws, 0.95)
    assert (low <= alone["conf_low"]).all() and (high >= alone["conf_high"]).all()


def test_one_wild_row_does_not_stretch_the_others() -> None:
    rng = np.random.default_rng(3)
    calm = rng.normal(size=(4, 4000))
    wild = rng.standard_cauchy(size=(1, 4000))
    low, high = simultaneous(np.concatenate([calm, wild]), 0.95)
    assert (np.abs(np.concatenate([low[:4], high[:4]])) < 3.6).all()
    assert high[4] > 15


def test_draws_that_are_all_equal_are_a_point() -> None:
    draws = np.stack([np.full(500, 2.0), np.random.default_rng(4).normal(size=500)])
    low, high = simultaneous(draws, 0.95)
    assert low[0] == high[0] == 2.0
    assert np.isfinite([low[1], high[1]]).all()
