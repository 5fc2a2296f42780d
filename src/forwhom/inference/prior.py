"""Draws of what groups share from the priors alone, for simulation before the data are believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.inference.diagnostics import Diagnostics
from forwhom.inference.quadrature import LatentDraws, finish
from forwhom.model.latent import LatentModel

FloatArray = NDArray[np.float64]


def sample_prior(model: LatentModel, draws: int, seed: int) -> LatentDraws:
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
    return finish(
        model,
        tau,
        np.hstack(parts),
        Diagnostics("prior", why, draws, draws, float("-inf"), 1.0, draws, 0),
    )


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
