"""What conclusions owe to the priors: power-scaling sensitivity.

The prior, or the likelihood, is raised to powers a little below and above one; draws reweighted by
Pareto-smoothed importance sampling say how far each conclusion's distribution moves (Kallioinen,
Paananen, Bürkner and Vehtari 2024, Statistics and Computing 34).

What is scaled: the priors of everything that groups share, and the likelihood with the groups'
own parameters integrated out, or for draws by NUTS given them. How groups spread around their
prediction given sigma_theta and sigma_b is a part of the model that the data inform, and is scaled
with neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells
from forwhom.errors import PlanError
from forwhom.fitted.latent import LatentLocals
from forwhom.fitted.local import LocalDraws
from forwhom.fitted.posterior import Posterior
from forwhom.fitted.predictor import predictor_of
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.nuts.sampler import JointDraws
from forwhom.methods.quadrature.sampler import LatentDraws, log_likelihood
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]

LOWER, UPPER = 0.99, 1.01  # the powers


@dataclass(frozen=True, eq=False)
class LogDensities:
    """Log prior and log likelihood of the shared parameters in each draw, up to constants; (D,)."""

    prior: FloatArray
    likelihood: FloatArray


def log_densities(posterior: Posterior, cells: Cells) -> LogDensities:
    """Evaluate both at the draws."""
    local, shared = posterior.local, posterior.shared
    if isinstance(local, LocalDraws):
        assert isinstance(shared, ExactDraws)
        model = local.model
        with one_blas_thread():
            likelihood = model.log_likelihood(shared.internal, shared.tau, shared.sigma)
        prior = model.log_prior(shared.coefficients, shared.spreads, shared.residual)
        return LogDensities(prior, likelihood)
    if isinstance(shared, JointDraws):
        return LogDensities(shared.log_prior, _given_levels(posterior, cells))
    assert isinstance(local, LatentLocals)
    assert isinstance(shared, LatentDraws)
    prior = local.model.log_prior_of_parameters(shared.tau, shared.xi)
    return LogDensities(prior, log_likelihood(local.model, shared))


def _given_levels(posterior: Posterior, cells: Cells) -> FloatArray:
    """Log likelihood given the groups' and clusters' own parameters, (D,)."""
    predictor = predictor_of(posterior, cells, "sensitivity()")
    family, total = predictor.family, np.zeros(predictor.draws)
    every = slice(None)
    for part, eta in predictor.pieces(every):
        own = predictor.parameters(every, part)
        value = family.log_likelihood(predictor.outcome.take(part), eta, predictor.link, own)
        total += predictor.weight[part] @ value
    return total


def power_sensitivity(draws: FloatArray, log_density: FloatArray) -> FloatArray:
    """How far quantities move when a density is raised to a power, per doubling of the power.

    Args:
        draws: (Q, D); log_density: (D,) of what is scaled.

    Returns:
        (Q,) gradients of the cumulative Jensen-Shannon distance; zero where the density is flat.

    Raises:
        PlanError: the draws cannot be reweighted.
    """
    from warnings import catch_warnings, simplefilter

    from arviz_stats.base import array_stats

    if np.ptp(log_density) < 1e-12 * max(1.0, float(np.abs(log_density).max())):
        return np.zeros(len(draws))
    weights = []
    moves = np.ptp(draws, axis=1) > 0
    try:
        with np.errstate(all="ignore"), catch_warnings():
            simplefilter("ignore", UserWarning)
            for power in (LOWER, UPPER):
                w = np.exp(array_stats.power_scale_lw(log_density, alpha=power))
                weights.append(np.broadcast_to(w / w.sum(), draws.shape)[:, None])
            found = array_stats.power_scale_sense(draws[:, None], *weights, LOWER, UPPER)
    except ValueError:
        found = np.full(len(draws), np.nan)
    found = np.where(moves, np.asarray(found), 0.0)
    if not np.isfinite(found).all():
        raise PlanError(
            "sensitivity() reweights draws, and these hardly differ in what is scaled: one of them "
            "would take all the weight. fit.diagnostics() tells whether the draws can be used; try "
            "more draws."
        )
    return found
