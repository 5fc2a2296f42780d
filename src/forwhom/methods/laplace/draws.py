"""Draws by the laplace method: everything is at hand.

Tests: tests/methods/laplace/test_draws.py, tests/methods/test_contract.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.joint import JointDraws, JointPoints, factor_names, name_draws, revive_draws
from forwhom.methods.laplace.build import build_levels
from forwhom.methods.laplace.density import LevelModel
from forwhom.methods.laplace.sampler import Points, sample_levels
from forwhom.methods.method import Arrays, Progress
from forwhom.methods.priors import ParameterPrior

FloatArray = NDArray[np.float64]


def sample(problem: Problem, why: str, progress: Progress) -> JointDraws:
    """Draw from the posterior."""
    plan, priors = problem.design.plan, problem.priors
    entries = list(priors.spreads) if problem.design.random_names else []
    entries += [entry for of_cluster in priors.clusters for entry in of_cluster]
    names = tuple(entry.parameter for entry in entries)
    found = sample_levels(build_levels(problem), plan.draws, plan.seed, names, why)
    return name_draws(problem, to_data(found, factor_names(problem.design)))


def revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> JointDraws:
    """The draws again.

    Raises:
        DataError: arrays that do not belong to the problem.
    """
    return revive_draws(problem, arrays, diagnostics)


def to_data(points: Points, names: tuple[str, ...]) -> JointPoints:
    """Draws in the units of the data."""
    model, d = points.model, len(points.x)
    lp, e, low = model.predictors, model.columns.own, model.columns.m - model.columns.p
    at = model.at(points.x)
    u = model.u(points.v[:, :, None], at.mixes)[..., 0]  # (n, L, D)
    spreads, levels, correlations = [], [], []
    for block in sorted(model.blocks, key=lambda block: block.factor):
        units = model.scales.factors[block.factor].units
        begin = block.start + (0 if block is model.columns.first else e)
        part = u[begin : begin + block.stop - block.start]
        part = part.reshape(block.columns, block.levels, lp, d)
        levels.append(part.transpose(3, 2, 0, 1) * units[:, None])
        mix = at.mixes[block.factor]  # (L, R, R, D)
        tau = np.sqrt((mix**2).sum(axis=2))
        spreads.append(tau.transpose(2, 0, 1) * units)
        correlations.append(_correlation(model, points.x, block.factor))
    phi = u[e + low :].transpose(2, 1, 0)
    coefficients = model.to_original(phi)
    return JointPoints(
        coefficients=coefficients,
        factors=names,
        parameters=tuple(
            one.T * unit for one, unit in zip(at.parameters, model.units, strict=True)
        ),
        spreads=tuple(spreads),
        levels=tuple(levels),
        nu=tuple(np.empty((d, lp, 0)) for _ in names),
        correlation=tuple(correlations),
        residual=np.empty((d, 0)),
        residual_spread=np.empty((d, 0)),
        log_prior=log_prior(model, points.x, coefficients),
        chains=1,
        diagnostics=points.diagnostics,
    )


def _correlation(model: LevelModel, x: FloatArray, factor: int) -> FloatArray:
    """(D, L, R, R); (D, L, 0, 0) where the factor has none."""
    scales = model.scales
    if not scales.factors[factor].pairs:
        return np.empty((len(x), model.predictors, 0, 0))
    roots = scales.points(x[:, : scales.size]).root
    each = [roots[i * model.factors + factor] for i in range(model.predictors)]
    stacked = np.stack([root for root in each if root is not None]).transpose(3, 0, 1, 2)
    return np.asarray(stacked @ stacked.swapaxes(2, 3))


def log_prior(model: LevelModel, x: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Log density (D,) of what levels share, on the parameters' own scale, up to a constant."""
    d, lp, p = coefficients.shape
    value = model.coefficients.log_density(coefficients.reshape(-1, p)).reshape(d, lp).sum(axis=1)
    at, found = model.scales.size, model.at(x)
    value = value + model.scales.points(x[:, :at]).log_prior
    if found.learnt is not None:
        value = value - 0.5 * (coefficients**2 * found.learnt).sum(axis=(1, 2))
    for prior, size in zip(model.parameter_priors, model.sizes, strict=True):
        value = value + _on_own_scale(prior, x[:, at : at + size])
        at += size
    return np.asarray(value)


def _on_own_scale(prior: ParameterPrior, coordinates: FloatArray) -> FloatArray:
    density = prior.log_density(coordinates)[0]
    return density - coordinates.sum(axis=1) if prior.positive else density
