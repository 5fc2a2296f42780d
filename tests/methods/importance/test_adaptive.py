"""Draws by the proposal that learns, from densities whose moments are known."""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma

import numpy as np
import pytest

from forwhom.methods.importance.adaptive import Adapted, explore_adaptively
from forwhom.methods.importance.peak import find_peak


def explore(log_density: Callable[[np.ndarray], np.ndarray], n: int, draws: int = 4000) -> Adapted:
    rng = np.random.default_rng(7)
    return explore_adaptively(log_density, find_peak(log_density, np.zeros(n), rng), draws, rng)


def skewed(x: np.ndarray) -> np.ndarray:
    """Logarithms of gammas of shape 1.5: skewed to the left, all alike."""
    return (1.5 * x - np.exp(np.minimum(x, 300.0))).sum(axis=1)


def banana(x: np.ndarray) -> np.ndarray:
    return -0.5 * (x[:, 0] ** 2 + 4 * (x[:, 1] - 0.5 * x[:, 0] ** 2) ** 2 + x[:, 2] ** 2)


def heavy(x: np.ndarray) -> np.ndarray:
    return -2.0 * np.log1p((x**2).sum(axis=1) / 3)


@pytest.mark.parametrize("n", [1, 4, 10])
def test_skewed(n: int) -> None:
    found = explore(skewed, n)
    assert found.k_hat < 0.5
    assert found.effective_share > 0.3
    np.testing.assert_allclose(np.exp(found.x).mean(axis=0), 1.5, atol=0.12)
    np.testing.assert_allclose(np.exp(found.x).var(axis=0), 1.5, atol=0.35)


def test_bent() -> None:
    found = explore(banana, 3)
    assert found.k_hat < 0.7
    assert found.effective_share > 0.4
    x = found.x
    np.testing.assert_allclose(x.mean(axis=0), [0.0, 0.5, 0.0], atol=0.08)
    np.testing.assert_allclose(x.var(axis=0), [1.0, 0.25 + 0.5, 1.0], atol=0.1)


def test_heavy_tails_keep_the_weights_bounded() -> None:
    assert explore(heavy, 1).k_hat < 0.7


def test_two_places() -> None:
    """A second mode near enough for the first look to see is learnt with its share."""

    def log_density(x: np.ndarray) -> np.ndarray:
        one, two = (-0.5 * ((x - m) ** 2 / s**2).sum(axis=1) for m, s in ((0.0, 0.3), (2.0, 0.3)))
        return np.logaddexp(one, np.log(0.5) + two)

    found = explore(log_density, 2)
    assert found.k_hat < 0.5
    assert (found.x[:, 0] > 1).mean() == pytest.approx(1 / 3, abs=0.04)


def test_fewer_where_points_are_dear() -> None:
    rng = np.random.default_rng(8)
    peak = find_peak(skewed, np.zeros(2), rng)
    few = explore_adaptively(skewed, peak, 4000, rng, most=500)
    assert len(few.x) == 4000
    assert few.proposals < 2000
    assert few.effective_share * few.proposals >= 500
    np.testing.assert_array_equal(np.unique(few.picked, return_index=False).size, few.distinct)


def test_the_same_seed_gives_the_same_draws() -> None:
    one, two = explore(banana, 3, 100), explore(banana, 3, 100)
    np.testing.assert_array_equal(one.x, two.x)
    assert one.proposals >= 1000  # a tail to judge the weights by


@pytest.mark.parametrize("n", [2, 6])
def test_the_integral_is_told_without_bias(n: int) -> None:
    """Forty seeds: learning where points lie takes nothing from it, and the errors are true."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        peak = find_peak(skewed, np.zeros(n), rng)
        found.append(explore_adaptively(skewed, peak, 1500, rng).mass)
    off = np.array([one.value for one in found]) - n * lgamma(1.5)
    sd = off.std(ddof=1)
    assert abs(off.mean()) < 4 * sd / np.sqrt(40)
    assert 0.7 < np.mean([one.error for one in found]) / sd < 1.4
