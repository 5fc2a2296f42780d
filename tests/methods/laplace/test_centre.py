"""Centres: at the mode the density is flat; averaged, they are the mean of a law that leans."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.laplace.build import build_levels
from forwhom.methods.laplace.centre import Smoothing, find_centres, spread_of_predictors
from tests.methods.laplace.cases import CASES, problem


@pytest.mark.parametrize("name", CASES)
def test_the_mode(name: str) -> None:
    model = build_levels(problem(name))
    rng = np.random.default_rng(3)
    x = rng.normal(0, 0.6, (4, model.n_x))
    at = model.at(x)
    start = np.repeat(model.begin()[None], 4, axis=0)
    found = find_centres(model, at, start, Smoothing.none(model))
    # none of many steps around it is higher by more than what a step so short may leave
    around = found.precision.spread(rng.normal(size=(4, model.n_v, 40)) * 0.3)
    tried = model.log_density(found.v[:, :, None] + around, at)
    assert (tried.max(axis=1) < model.log_density(found.v[:, :, None], at)[:, 0] + 0.05).all()
    again = find_centres(model, at, found.v, Smoothing.none(model))
    np.testing.assert_allclose(again.v, found.v, atol=0.05)


@pytest.mark.parametrize("name", ["clusters", "cluster effects, poisson", "categories, clusters"])
def test_averaged_slopes_bring_the_weights_together(name: str) -> None:
    model = build_levels(problem(name))
    rng = np.random.default_rng(3)
    x = np.full((1, model.n_x), 0.7)
    at = model.at(x)
    mode = find_centres(model, at, model.begin()[None], Smoothing.none(model))
    noise = rng.normal(size=(1, model.n_v, 1000))
    smoothing = spread_of_predictors(model, at, mode, noise)
    centre = find_centres(model, at, mode.v, smoothing)
    varies = []
    for one in (mode, centre):
        v = one.v[:, :, None] + one.precision.spread(noise)
        log_q = -0.5 * (noise**2).sum(axis=1) + one.precision.half_log_det[:, None]
        varies.append((model.log_density(v, at) - log_q).std())
    assert varies[1] < varies[0]
