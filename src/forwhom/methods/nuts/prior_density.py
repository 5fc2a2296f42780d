"""The joint model's priors of what groups share: their density at many points.

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.nuts.density import JointModel
from forwhom.methods.nuts.factor import Factor, correlation_factor
from forwhom.methods.priors import ParameterPrior

FloatArray = NDArray[np.float64]


def log_prior(model: JointModel, x: FloatArray) -> FloatArray:
    """Log density of the shared parameters, up to a constant, at coordinates (D, n); (D,).

    On the scale of the parameters themselves: no Jacobians of the coordinates. How levels spread
    given their sds is not in it.
    """
    lp, count = model.predictors, len(x)
    parts, n = model.parts(x), len(model.shrinkage)
    sets = [part.reshape(count, lp, -1) for part in parts[3 : 3 + n]]
    zeta = parts[0].reshape(count, lp, -1)
    phi, _ = model.coefficients_of(zeta, sets, parts[1])
    original = model.to_original(phi).reshape(count * lp, -1)
    value = model.coefficients.log_density(original).reshape(count, lp).sum(axis=1)
    at = 0
    for prior, size in zip(model.parameter_priors, model.sizes, strict=True):
        value = value + _on_own_scale(prior, parts[1][:, at : at + size])
        at += size
    if model.residual is not None and model.residual.spread is not None:
        value = value + _on_own_scale(model.residual.spread, parts[2][:, :1])
    for shrinkage, coordinates in zip(model.shrinkage, sets, strict=True):
        value = value - 0.5 * (zeta[..., shrinkage.where] ** 2).sum(axis=(1, 2))
        value = value + shrinkage.log_prior(coordinates).sum(axis=1)
    for factor, hyper in zip(model.factors, parts[3 + n :], strict=False):
        for i in range(lp):
            value = value + _of_factor(factor, hyper.reshape(count, lp, -1)[:, i])
    return np.asarray(value)


def _on_own_scale(prior: ParameterPrior, coordinates: FloatArray) -> FloatArray:
    """Log density of parameters, summed, from their coordinates (D, size)."""
    density = prior.log_density(coordinates)[0]
    return density - coordinates.sum(axis=1) if prior.positive else density


def _of_factor(factor: Factor, hyper: FloatArray) -> FloatArray:
    value = np.zeros(len(hyper))
    log_tau = np.log(np.maximum(factor.spreads(hyper), 1e-300))
    for r, prior in enumerate(factor.tau_priors):
        value = value + _on_own_scale(prior, log_tau[:, r : r + 1])
    _, log_nu, partial = factor.split(hyper)
    if factor.students:
        value = value + _on_own_scale(factor.nu_prior, log_nu)
    if factor.lkj:
        chol = correlation_factor(partial, factor.columns)
        half_log_det = np.log(np.einsum("drr->dr", chol)).sum(axis=1)
        value = value + 2 * (factor.lkj - 1) * half_log_det
    return np.asarray(value)
