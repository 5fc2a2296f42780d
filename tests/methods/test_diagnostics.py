"""What never counts as passed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import forwhom as fw
from forwhom.methods.diagnostics import Diagnostics, WeightCheck, move

GOOD = WeightCheck(1250, 0.2, 0.9, 990, 5000)
DRAWS = 1000


def test_good_weights_pass() -> None:
    assert GOOD.passed(DRAWS)
    assert Diagnostics("exact", "", DRAWS, GOOD).passed
    assert replace(GOOD, k_hat=-0.6).passed(DRAWS)


@pytest.mark.parametrize("k_hat", [float("-inf"), float("inf"), float("nan"), 0.71])
def test_a_k_hat_that_is_no_number_or_large_does_not(k_hat: float) -> None:
    assert not replace(GOOD, k_hat=k_hat).passed(DRAWS)


@pytest.mark.parametrize("share", [float("nan"), 0.04])
def test_few_or_unknown_effective_draws_do_not(share: float) -> None:
    assert not replace(GOOD, effective_share=share).passed(DRAWS)


def test_a_scale_that_never_moves_does_not() -> None:
    assert not replace(GOOD, distinct=1).passed(DRAWS)
    assert not move(np.column_stack([np.arange(5.0), np.full(5, 1e-5)]))
    assert move(np.column_stack([np.arange(5.0), 1e-12 * np.arange(5.0)]), np.empty((5, 0)))


def test_simulations_from_the_prior_pass() -> None:
    assert Diagnostics("prior", "", 100, None).passed


RNG = np.random.default_rng(8)
SITE = np.repeat(np.arange(8), 15)
D = RNG.integers(0, 2, 120).astype(float)
M = (SITE % 3).astype(float)
Y = 100 + 0.5 * M + D + RNG.normal(0, 0.5, 8)[SITE] + RNG.normal(size=120)


@pytest.mark.parametrize("width", ["1e-12", "1e-3", "1"])
def test_quadrature_finds_groups_far_from_where_their_prior_is(width: str) -> None:
    """A baseline held at zero against data around 100: every group's own is six of its sds off.

    A search that gives up on the way there leaves the grid over the spreads in the wrong place.
    """
    plan = {"groups": "site", "draws": 2000, "priors": {"alpha": f"normal(0, {width})"}}
    data = {"y": Y, "d": D, "m": M, "site": SITE}
    exact, other = (
        fw.fit(data, "y", "d", "m", method=way, **plan) for way in ("exact", "quadrature")
    )
    assert exact.passed
    assert other.passed
    for name in ("sigma_theta", "sigma_b", "sigma"):
        one, two = (np.asarray(getattr(found.estimands[0], name)) for found in (exact, other))
        # errors of means of 2,000 nearly independent draws
        error = np.sqrt((one.var() + two.var()) / 2000)
        assert abs(one.mean() - two.mean()) < 5 * error, name


@pytest.mark.parametrize("width", ["1e-9", "1e-4"])
@pytest.mark.parametrize("key", ["sigma_theta", "sigma_b"])
def test_quadrature_follows_a_spread_that_is_held_near_zero(key: str, width: str) -> None:
    found = fw.fit(
        {"y": Y - 100, "d": D, "m": M, "site": SITE}, "y", "d", "m", groups="site", draws=2000,
        method="quadrature", priors={key: f"half_normal({width})"},
    )  # fmt: skip
    assert found.passed
    drawn = np.asarray(getattr(found.estimands[0], key)) / float(width)
    # the data say nothing of so small a spread: a half normal's mean and sd
    assert abs(drawn.mean() - np.sqrt(2 / np.pi)) < 5 * np.sqrt((1 - 2 / np.pi) / 2000)
