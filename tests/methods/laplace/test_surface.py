"""The density of points: exact where given them everything is normal; v's by their weights."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.collapse.build import build_collapsed
from forwhom.methods.importance.mixture import log_sum
from forwhom.methods.laplace.build import build_levels
from forwhom.methods.laplace.centre import Smoothing
from forwhom.methods.laplace.density import LevelModel
from forwhom.methods.laplace.surface import Starts, Surface
from tests.methods.laplace.cases import problem


def surface(model: LevelModel, pairs: int = 2) -> Surface:
    return Surface(model, Smoothing.none(model), 3, Starts.of(model, model.begin()), pairs)


def test_where_all_is_normal_it_is_the_collapsed_density() -> None:
    given = problem("gaussian")
    levels, collapsed = build_levels(given), build_collapsed(given)
    x = np.random.default_rng(4).normal(0, 0.7, (6, levels.n_x))
    n = levels.scales.size
    sds = levels.scales.values(x)[:, levels.scales.sds]
    sigma = np.exp(x[:, n:])  # here the last coordinate, there the first
    theirs_at = collapsed.scales.coordinates(np.hstack([sigma, sds]))
    theirs = collapsed.log_density(theirs_at) - collapsed.scales.log_slope(theirs_at)
    change = levels.scales.log_slope(x[:, :n]) + x[:, n]
    for found in (surface(levels).rough(x), surface(levels).estimate(x)):
        ours = found - change
        np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], atol=1e-6)


@pytest.mark.parametrize("name", ["clusters", "categories"])
def test_estimates_are_right_on_average(name: str) -> None:
    """By few v's and by many, the same within their error."""
    model = build_levels(problem(name))
    x = np.full((1, model.n_x), 0.6)
    many = surface(model, 20_000)
    expected = many.estimate(x)[0]
    few = surface(model, 1).estimate(np.repeat(x, 4000, axis=0))
    ratio = np.exp(few - expected)
    error = ratio.std() / np.sqrt(len(few))
    assert abs(ratio.mean() - 1) < 4 * np.hypot(error, error)
    assert ratio.std() < 1


def test_v_is_picked_by_weight() -> None:
    model = build_levels(problem("clusters"))
    found = surface(model, 3)
    found.estimate(np.full((2, model.n_x), 0.6))
    found.estimate(np.full((3, model.n_x), 0.5))
    picked = np.repeat([4, 1, 4, 0], [3000, 2000, 3000, 1])
    v = found.pick(picked, np.random.default_rng(1))
    for point, batch, place in ((4, 1, 2), (1, 0, 1)):
        log_weight = found.log_weight[batch][place]
        share = np.exp(log_weight - log_sum(log_weight[:, None])[0])
        mine = v[picked == point]
        for s, one in enumerate(found.v[batch][place].T):
            count = (mine == one).all(axis=1).sum()
            assert abs(count - share[s] * len(mine)) <= 1  # as evenly as may be
    assert any((v[-1] == one).all() for one in found.v[0][0].T)


@pytest.mark.parametrize("name", ["clusters", "categories, clusters"])
def test_points_in_chunks_are_those_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_levels(problem(name))
    x = np.random.default_rng(4).normal(0.3, 0.4, (9, model.n_x))
    whole = surface(model).rough(x)
    monkeypatch.setattr("forwhom.methods.laplace.surface.VALUES", 1)
    np.testing.assert_allclose(surface(model).rough(x), whole, atol=1e-3)


def test_starts_are_where_searches_end() -> None:
    model = build_levels(problem("clusters"))
    found = surface(model)
    rng = np.random.default_rng(4)
    x = rng.normal(0.3, 0.4, (200, model.n_x))
    found.rough(x)
    new = rng.normal(0.3, 0.3, (20, model.n_x))
    predicted = found.starts.predict(new)
    found.rough(new)
    off = predicted - found.starts.v[-20:]
    assert np.sqrt((off**2).mean()) < 0.1 * found.starts.v.std()
    # far out, where an sd is thousands of times as large, levels stay where they were
    far = np.repeat(x[:1], 2, axis=0)
    far[1, model.scales.sds] += 12
    mixes = model.at(far).mixes
    eta = model.predictor(found.starts.predict(far)[:, :, None], mixes)
    assert np.abs(eta).max() < 20
