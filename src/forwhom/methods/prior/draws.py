"""Draws of what groups share from the priors alone, for simulation before the data are believed.

Tests: tests/test_prior_predictive.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem
from forwhom.errors import DataError, PlanError
from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.joint import JointPoints, name_draws
from forwhom.methods.method import Arrays, Draws, Progress
from forwhom.methods.nuts.build import build_joint
from forwhom.methods.nuts.density import JointModel
from forwhom.methods.nuts.factor import Factor
from forwhom.methods.nuts.sampler import unpack
from forwhom.methods.quadrature.build import build_latent
from forwhom.methods.quadrature.density import LatentModel
from forwhom.methods.quadrature.draws import make_draws
from forwhom.methods.quadrature.sampler import Points
from forwhom.methods.ties import tied

FloatArray = NDArray[np.float64]


def sample(problem: Problem, why: str, progress: Progress) -> Draws:
    """Draws of every parameter from its prior, in as many draws and with the seed of the plan.

    Raises:
        PlanError: a prior is flat.
    """
    refuse_flat(problem)
    plan = problem.design.plan
    if tied(problem.design):
        joint = build_joint(problem)
        return name_draws(problem, sample_joint_prior(joint, plan.draws, plan.seed))
    model = build_latent(problem)
    found = sample_prior(model, plan.draws, plan.seed)
    return make_draws(problem, model, found.tau, found.xi, found.diagnostics, blind=True)


def revive(problem: Problem, arrays: Arrays, diagnostics: Diagnostics) -> Draws:
    """Nothing: draws from the priors are not kept in files.

    Raises:
        DataError: always.
    """
    raise DataError("draws from the priors are not kept in files.")


def refuse_flat(problem: Problem) -> None:
    """Nothing can be drawn from a flat prior.

    Raises:
        PlanError: the parameters, and what to say of them instead.
    """
    flat = [
        f"'{entry.parameter}'" + (f" of {entry.term}" if entry.term else "")
        for entry in problem.priors.all
        if entry.prior.distribution == "flat"
    ]
    if not flat:
        return
    first = flat[0].split("'")[1]
    scale = first.startswith("sigma") or first not in ("alpha", "beta", "delta", "lambda")
    example = "half_normal(1)" if scale else "normal(0, 1)"
    raise PlanError(
        f"nothing can be simulated from a flat prior, and that of {', '.join(flat)} is flat. "
        f'Give it one that says what is plausible, such as priors={{"{first}": "{example}"}}, '
        "or leave it out for the default."
    )


def sample_prior(model: LatentModel, draws: int, seed: int) -> Points:
    """Independent draws from the priors, which must all be proper.

    Args:
        model: for its priors and units; its outcome is not looked at.
        draws: D; seed: of a generator of its own.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(6,)))
    own = model.coefficients
    noise = rng.standard_normal((draws, model.p))
    heavy = own.heavy
    df = own.df[heavy]
    noise[:, heavy] /= np.sqrt(rng.chisquare(df, (draws, len(heavy))) / df)
    coefficients = own.mean + own.sd * noise
    internal = np.linalg.solve(model.basis.matrix, (coefficients - model.basis.offset).T).T
    units = model.basis.outcome_scale / model.basis.random_scale
    tau = np.empty((draws, model.n_tau))
    for r, scale in enumerate(model.tau_priors):
        tau[:, r] = np.abs(_draw(rng, scale.distribution, scale.parameters, draws)) / units[r]
    parts = [internal]
    for prior, size in zip(model.parameter_priors, model.sizes, strict=True):
        values = _draw(rng, prior.distribution, prior.numbers, (draws, size))
        parts.append(np.log(np.abs(values)) if prior.positive else values)
    why = "simulated from the priors; the outcome was not looked at"
    return Points(
        tau,
        np.hstack(parts),
        Diagnostics("prior", why, draws, None),
    )


def sample_joint_prior(model: JointModel, draws: int, seed: int) -> JointPoints:
    """The same for the joint model, the levels of its factors included.

    Args:
        model: as built, before it is whitened: no sd has a sign.
        draws: D; seed: of a generator of its own.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(6,)))
    lp, own = model.predictors, model.coefficients
    parts: list[FloatArray] = []
    for prior, size in zip(model.parameter_priors, model.sizes, strict=True):
        values = _draw(rng, prior.distribution, prior.numbers, (draws, size))
        parts.append(np.log(np.abs(values)) if prior.positive else values)
    parameters = np.hstack(parts) if parts else np.zeros((draws, 0))
    residual = np.zeros((draws, 0))
    if model.residual is not None and model.residual.spread is not None:
        spread = model.residual.spread
        log_sd = np.log(np.abs(_draw(rng, spread.distribution, spread.numbers, (draws, 1))))
        residual = np.hstack([log_sd, rng.standard_normal((draws, model.residual.levels))])
    sets = [shrinkage.draw(rng, (draws, lp)) for shrinkage in model.shrinkage]
    noise = rng.standard_normal((draws, lp, model.p))
    heavy = own.heavy
    df = own.df[heavy]
    scaled = noise.copy()
    scaled[..., heavy] /= np.sqrt(rng.chisquare(df, (draws, lp, len(heavy))) / df)
    proper = np.isfinite(own.sd)
    original = np.where(proper, own.mean + np.where(proper, own.sd, 0.0) * scaled, 0.0)
    _, log_scales = model.coefficients_of(noise, sets, parameters)
    for shrinkage, log_s in zip(model.shrinkage, log_scales, strict=True):
        where = shrinkage.where
        unit = np.diag(model.basis.matrix)[where]
        original[..., where] = noise[..., where] * np.exp(log_s) * unit
    phi = np.linalg.solve(model.basis.matrix, (original - model.basis.offset)[..., None])[..., 0]
    for shrinkage in model.shrinkage:
        phi[..., shrinkage.where] = noise[..., shrinkage.where]
    hypers, levels = [], []
    for factor in model.factors:
        hyper, w = _draw_factor(rng, factor, (draws, lp))
        hypers.append(hyper.reshape(draws, -1))
        levels.append(w.reshape(draws, -1))
    flat = [part.reshape(draws, -1) for part in sets]
    x = np.hstack([phi.reshape(draws, -1), parameters, residual, *flat, *hypers, *levels])
    why = "simulated from the priors; the outcome was not looked at"
    found = Diagnostics("prior", why, draws, None)
    return replace(unpack(model, x, 1), diagnostics=found)


def _draw_factor(
    rng: np.random.Generator, factor: Factor, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Coordinates of a factor's law (D, L, n) and of its levels (D, L, R, H)."""
    r = factor.columns
    sizes = [
        np.log(np.abs(_draw(rng, prior.distribution, prior.numbers, (*shape, 1))))
        for prior in factor.tau_priors
    ]
    nu = np.empty((*shape, 0))
    w = rng.standard_normal((*shape, r, factor.levels))
    if factor.students:
        prior = factor.nu_prior
        nu = np.abs(_draw(rng, prior.distribution, prior.numbers, (*shape, factor.students)))
        own = np.broadcast_to(nu[..., None], (*shape, factor.students, factor.levels))
        w[:, :, factor.student] /= np.sqrt(rng.chisquare(own) / own)
    # partial correlations of an LKJ matrix are betas on (-1, 1)
    column = np.array([b for a in range(r) for b in range(a)])[: factor.pairs]
    shapes = factor.lkj + (r - 2 - column) / 2
    partial = np.arctanh(2 * rng.beta(shapes, shapes, (*shape, factor.pairs)) - 1)
    return np.concatenate([*sizes, np.log(nu), partial], axis=-1), w


def _draw(
    rng: np.random.Generator,
    distribution: str,
    numbers: tuple[float, ...],
    shape: int | tuple[int, ...],
) -> FloatArray:
    """From a distribution of the priors' list; half distributions come with either sign."""
    if distribution == "exponential":
        return np.asarray(rng.exponential(1 / numbers[0], shape))
    if distribution == "gamma":
        return np.asarray(rng.gamma(numbers[0], 1 / numbers[1], shape))
    if distribution == "normal":
        return np.asarray(numbers[0] + numbers[1] * rng.standard_normal(shape))
    if distribution == "half_normal":
        return np.asarray(numbers[0] * rng.standard_normal(shape))
    if distribution == "half_cauchy":
        return np.asarray(numbers[0] * rng.standard_cauchy(shape))
    if distribution == "half_student_t":
        return np.asarray(numbers[1] * rng.standard_t(numbers[0], shape))
    assert distribution == "student_t", distribution
    return np.asarray(numbers[1] + numbers[2] * rng.standard_t(numbers[0], shape))
