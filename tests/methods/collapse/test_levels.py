"""Levels and coefficients drawn given the scales, against the joint normal of everything linear.

Tests: levels.py and the draws of density.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.collapse.build import build_collapsed
from forwhom.methods.collapse.levels import LevelLaw
from forwhom.methods.likelihood import likelihood_part
from tests.methods.collapse.cases import CASES, problem

D = 20_000
LIMIT = 5.5  # Monte Carlo standard errors: some thousand moments are compared in all cases together


def joint(name: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (eliminated levels, dense part) given scales, by rows."""
    given = problem(name)
    model = build_collapsed(given)
    found, plan = given.cells.likelihood, given.design.plan
    assert found is not None
    part = likelihood_part(given)
    factors = [(found.group, found.own)] if given.design.random_names else []
    for k, cluster in enumerate(given.design.clusters):
        own = np.ones((len(found.d), 1))
        if cluster.effects:
            own = np.hstack([own, found.d / given.cells.dose_scale])
        factors.append((found.clusters[:, k], own))
    at = model.scales.points(x)
    order = [] if model.eliminated is None else [model.eliminated]
    order += [one.factor for one in model.dense]
    columns, precisions, pulls = [], [], []
    for f in order:
        index, own = factors[f]
        levels = len(model.shapes.of_level) if f == model.eliminated else index.max() + 1
        for one in model.dense:
            levels = one.levels if one.factor == f else levels
        inverse = np.linalg.inv(at.covariance(f)[..., 0])
        columns.append(
            np.hstack(
                [own[:, [r]] * (index[:, None] == np.arange(levels)) for r in range(own.shape[1])]
            )
        )
        precisions.append(np.kron(inverse, np.eye(levels)))
        pulls.append(np.zeros(own.shape[1] * levels))
    coefficients, basis = model.coefficients, model.basis
    weight = coefficients.precision()
    weight[coefficients.heavy] *= np.exp(-at.log_w[:, 0])
    for shrinkage, log_s in zip(model.scales.shrinkage, at.log_s, strict=True):
        weight[shrinkage.where] = np.exp(-2 * log_s[:, 0])
    columns.append(part.columns)
    precisions.append(basis.matrix.T @ (weight[:, None] * basis.matrix))
    pulls.append(basis.matrix.T @ (weight * (coefficients.mean - basis.offset)))
    classes = found.arms[0] if plan.sigma_by == "arm" else np.zeros(len(found.d), dtype=int)
    error = part.outcome.error if given.design.estimates else 1.0
    w = found.weight / (np.exp(2 * at.log_sigma[classes, 0]) * error**2)
    whole = np.hstack(columns)
    size = whole.shape[1]
    precision, start = whole.T @ (w[:, None] * whole), 0
    pull = whole.T @ (w * (part.outcome.y - part.offset)) + np.concatenate(pulls)
    for one in precisions:
        at_ = slice(start, start + len(one))
        precision[at_, at_] += one
        start += len(one)
    assert start == size
    covariance = np.linalg.inv(precision)
    return covariance @ pull, covariance


@pytest.mark.parametrize("name", CASES)
def test_draws_given_the_scales(name: str) -> None:
    model = build_collapsed(problem(name))
    rng = np.random.default_rng(6)
    x = np.full((1, model.scales.size), 0.4)
    dense = model.draw_dense(
        x, np.zeros(D, dtype=np.int64), rng.standard_normal((D, model.columns - 1))
    )
    ours = dense.T
    if model.eliminated is not None:
        law = LevelLaw.of(model, model.scales.points(np.repeat(x, D, axis=0)), dense)
        levels = np.argsort(model.shapes.of_level, kind="stable")
        drawn = law.draw(levels, rng)
        u = np.empty_like(drawn)
        u[:, levels] = drawn
        ours = np.vstack([u.reshape(-1, D), ours])
    mean, covariance = joint(name, x)
    sd = np.sqrt(np.diag(covariance))
    z = (ours.mean(axis=1) - mean) / (sd / np.sqrt(D))
    assert np.abs(z).max() < LIMIT
    correlation = covariance / np.outer(sd, sd)
    found = np.cov(ours) / np.outer(sd, sd)
    error = np.sqrt((1 + correlation**2) / D)
    assert (np.abs(found - correlation) / error).max() < LIMIT
