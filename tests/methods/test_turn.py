"""Priors from very tight to very wide, and predictors far from zero, against sixty digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.cells import Priors, Problem, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import build_design
from forwhom.methods.exact.build import build_model
from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.methods.exact.sampler import sample_exact
from forwhom.methods.quadrature.build import build_latent
from forwhom.methods.quadrature.density import Rule
from forwhom.plan import make_plan
from tests.reference.digits import Dense, dense

RNG = np.random.default_rng(5)
N = 18
GROUP = np.repeat(np.arange(6), 3)
X = RNG.integers(0, 4, N).astype(float)
D = np.tile([0.0, 1.0, 1.0], 6)
Y = 1 + 0.4 * X + D * (0.8 - 0.3 * X) + RNG.normal(0, 0.6, 6)[GROUP] + RNG.normal(size=N)
TAU, SIGMA = np.array([[0.4, 0.3], [0.0, 1.1], [1.3, 0.02]]), np.array([0.9, 1.4, 0.5])
DRAWS = 20_000
WIDTHS = [1e-12, 1e-6, 1e-2, 1.0, 1e4, 1e12]


def made(x: np.ndarray, y: np.ndarray, priors: dict[str, Any], **plan: Any) -> Problem:
    asked = make_plan(outcome="y", treatment="d", modifiers="x", groups="g", priors=priors, **plan)
    table = load({"y": y, "d": D, "x": x, "g": GROUP}, asked.columns)
    design, rows = build_design(asked, table)
    cells = reduce_rows(design, rows, "rows")
    return Problem(design, cells, resolve_priors(design, cells))


def by_hand(x: np.ndarray, y: np.ndarray, priors: Priors) -> list[Dense]:
    F = np.column_stack([np.ones(N), x, D, D * x])
    own = np.column_stack([np.ones(N), D])
    mean, sd = np.array([entry.prior.parameters for entry in priors.coefficients]).T
    return [dense(F, y, GROUP, own, mean, sd, t, s) for t, s in zip(TAU, SIGMA, strict=True)]


def own_prior(model: CollapsedGaussian) -> np.ndarray:
    """What the model adds for the scales themselves."""
    value = np.log(SIGMA) + model.sigma_prior.log_density(SIGMA)
    for r, prior in enumerate(model.tau_priors):
        value = value + prior.log_density(TAU[:, r])
    return np.asarray(value)


def check(x: np.ndarray, y: np.ndarray, priors: dict[str, Any]) -> None:
    problem = made(x, y, priors)
    model = build_model(problem)
    unit = model.basis.outcome_scale
    tau, easy = TAU / unit, np.log(SIGMA / unit)[:, None]
    theirs = by_hand(x, y, problem.priors)
    ours = model.log_density(tau, easy) - own_prior(model)
    hand = np.array([one.log_density for one in theirs])
    # what is added up is of the size of the log density; of its digits at least nine remain
    size = np.abs(np.diff(hand)).max()
    np.testing.assert_allclose(np.diff(ours), np.diff(hand), rtol=0, atol=1e-7 + 1e-7 * size)
    rng = np.random.default_rng(2)
    for k, one in enumerate(theirs):
        some = np.full(DRAWS, k)
        drawn = model.to_original(model.draw_coefficients(tau[some], easy[some], rng))
        error = (drawn.mean(axis=0) - one.mean) / one.sd * np.sqrt(DRAWS)
        assert np.abs(error).max() < 4.5  # Monte Carlo errors; 12 are compared in each case
        np.testing.assert_allclose(drawn.std(axis=0), one.sd, rtol=4.5 / np.sqrt(2 * DRAWS))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("far", [0.0, 100.0])
@pytest.mark.parametrize(
    "priors",
    [
        {"alpha": "normal(0, {})"},
        {"lambda": {"Intercept": "normal(0, {})"}},
        {"lambda": {"x": "normal(0.2, {})"}, "alpha": "normal(0, 1e-3)"},
        {"delta": "normal(1, {})", "lambda": {"Intercept": "normal(0, 1e-9)"}},
    ],
)
def test_any_width_is_exact(priors: dict[str, Any], far: float, width: float) -> None:
    check(X, Y + far, _fill(priors, width))


@pytest.mark.parametrize("width", [1e-12, 1e-3, 1e3])
@pytest.mark.parametrize("x", [2016 + X, 20160101 + X, 1.45e9 + 86400 * X, 1e-9 * X, 1e12 * X])
def test_any_width_is_exact_for_predictors_anywhere(x: np.ndarray, width: float) -> None:
    check(x, Y, {})
    check(x, Y, {"alpha": f"normal(0, {width})"})
    check(x, Y, {"lambda": {"Intercept": f"normal(0, {width})"}})


@pytest.mark.parametrize("width", [1e-12, 1e-6, 1.0, 1e12])
@pytest.mark.parametrize("x", [X, 20160101 + X])
def test_cells_have_the_same_density(x: np.ndarray, width: float) -> None:
    """Quadrature's model, in which nothing but the groups is integrated out."""
    priors = {"alpha": f"normal(3, {width})", "lambda": {"x": f"normal(0, {width})"}}
    problem = made(x, Y, priors, method="quadrature")
    model, exact = build_latent(problem), build_model(problem)
    rng = np.random.default_rng(3)
    tau, easy = TAU / model.basis.outcome_scale, np.log(SIGMA / model.basis.outcome_scale)[:, None]
    phi = exact.draw_coefficients(tau, easy, rng)
    np.testing.assert_allclose(model.to_original(phi), exact.to_original(phi), rtol=1e-12)
    rule = Rule((9,) * len(model.segments), (None,) * len(model.segments))
    ours = model.log_density(tau, np.hstack([phi, easy]), rule)
    coefficients = exact.to_original(phi)
    unit = exact.basis.outcome_scale
    theirs = exact.log_likelihood(phi, tau, SIGMA / unit)
    theirs += exact.log_prior(coefficients, TAU, SIGMA) + easy[:, 0]
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("width", [1e-12, 1e-9, 1e-3, 1e9])
@pytest.mark.parametrize("key", ["sigma_theta", "sigma_b", "sigma"])
def test_spreads_of_any_width_follow_their_prior_or_the_data(key: str, width: float) -> None:
    model = build_model(made(X, Y, {key: f"half_normal({width})"}))
    draws = sample_exact(model, 2000, 1, ("sigma_b", "sigma_theta"))
    assert draws.diagnostics.passed
    unit = model.basis.outcome_scale
    spreads = draws.tau * (unit / model.basis.random_scale)
    of = {"sigma_b": spreads[:, 0], "sigma_theta": spreads[:, 1]}
    if key == "sigma":
        # sums of squares S of n rows beside a prior of width s settle near (S s^2)^(1/4)
        assert width > 1 or (unit * draws.sigma).mean() < 20 * np.sqrt(width)
        return
    drawn = of[key]
    if width < 0.01:  # the data say nothing of so small a spread: it is the prior
        expected = width * np.sqrt(2 / np.pi)
        sd = width * np.sqrt((1 - 2 / np.pi) / 2000)
        assert abs(drawn.mean() - expected) < 4.5 * sd
    else:
        assert drawn.mean() < 20


def _fill(priors: dict[str, Any], width: float) -> dict[str, Any]:
    return {
        key: _fill(value, width) if isinstance(value, dict) else value.format(width)
        for key, value in priors.items()
    }
