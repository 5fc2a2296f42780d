"""The collapsed density against the multivariate normal of all rows, written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forwhom.cells import Problem
from forwhom.methods.collapse.build import build_collapsed
from forwhom.methods.collapse.density import CollapsedModel
from forwhom.methods.likelihood import likelihood_part
from tests.methods.collapse.cases import CASES, problem


def points(model: CollapsedModel, count: int = 6) -> np.ndarray:
    """From near zero to beyond the data; residual sds no smaller than a dense normal can bear."""
    x = np.random.default_rng(8).normal(0, 1.2, (count, model.scales.size))
    residual = 0 if model.scales.known else model.scales.classes
    x[:, :residual] = np.maximum(x[:, :residual], -1.0)
    return x


def brute_force(given: Problem, model: CollapsedModel, x: np.ndarray) -> np.ndarray:
    """Log density of the rows and the scales, up to a constant: one normal of all rows."""
    plan, found = given.design.plan, given.cells.likelihood
    part = likelihood_part(given)
    assert found is not None
    y = part.outcome.y - part.offset
    factors = [(found.group, found.own)] if given.design.random_names else []
    for k, cluster in enumerate(given.design.clusters):
        own = np.ones((len(y), 1))
        if cluster.effects:
            own = np.hstack([own, found.d / given.cells.dose_scale])
        factors.append((found.clusters[:, k], own))
    classes = found.arms[0] if plan.sigma_by == "arm" else np.zeros(len(y), dtype=int)
    error = part.outcome.error if given.design.estimates else np.ones(len(y))
    coefficients, basis = model.coefficients, model.basis
    at = model.scales.points(x)
    out = []
    for k in range(len(x)):
        # a row of weight w says as much as w rows: its variance is w times smaller
        variance = np.exp(2 * at.log_sigma[classes, k]) * error**2 / found.weight
        v = np.diag(variance)
        for f, (index, own) in enumerate(factors):
            covariance = at.covariance(f)[..., k]
            v += (own @ covariance @ own.T) * (index[:, None] == index)
        spread = coefficients.sd.copy()
        spread[coefficients.heavy] *= np.exp(0.5 * at.log_w[:, k])
        for shrinkage, log_s in zip(model.scales.shrinkage, at.log_s, strict=True):
            spread[shrinkage.where] = np.exp(log_s[:, k])
        f_original = part.columns @ np.linalg.inv(basis.matrix)
        mean = f_original @ (coefficients.mean - basis.offset)
        v += (f_original * spread**2) @ f_original.T
        off = np.linalg.solve(v, y - mean)
        value = -0.5 * np.linalg.slogdet(v)[1] - 0.5 * (y - mean) @ off
        # the log of sigma counts by weight, that of the variances above by row
        own_log = np.log(variance) / 2
        value += own_log.sum() - (found.weight * (at.log_sigma[classes, k] + np.log(error))).sum()
        out.append(value + at.log_prior[k] + at.log_jacobian[k])
    return np.array(out)


@pytest.mark.parametrize("name", CASES)
def test_the_density_is_that_of_all_rows(name: str) -> None:
    given = problem(name)
    model = build_collapsed(given)
    x = points(model)
    ours, theirs = model.log_density(x), brute_force(given, model, x)
    size = np.abs(theirs).max()
    np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], rtol=0, atol=1e-9 * size)


@pytest.mark.parametrize("name", ["clusters", "sigma by arm", "correlated beside clusters"])
def test_with_and_without_a_table(name: str) -> None:
    model = build_collapsed(problem(name))
    assert model.table is not None
    x = points(model)
    without = replace(model, table=None).log_density(x)
    np.testing.assert_allclose(without, model.log_density(x), rtol=1e-11)


def test_points_in_chunks_are_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_collapsed(problem("two clusters"))
    x = points(model, 40)
    whole = model.log_density(x)
    monkeypatch.setattr("forwhom.methods.collapse.density.VALUES", 1)
    np.testing.assert_allclose(model.log_density(x), whole, rtol=1e-12)


def test_an_impossible_point_has_no_density() -> None:
    model = build_collapsed(problem("clusters"))
    x = points(model, 2)
    x[0, 0] = 1e5
    found = model.log_density(x)
    assert found[0] == -np.inf
    assert np.isfinite(found[1])


def test_an_sd_of_zero_is_no_special_case() -> None:
    """The density of the rows goes on smoothly to where a factor has no part."""
    model = build_collapsed(problem("clusters"))
    x = np.repeat(points(model, 1), 3, axis=0)
    for at in model.scales.sds[1:]:
        x[:, at] = [-9.0, -8.5, -8.0]
        height = model.log_density(x) - model.scales.log_slope(x)
        np.testing.assert_allclose(height, height[0], atol=1e-9)
