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

from forwhom.fitted.fitted import Fitted
from forwhom.fitted.predictor import predictor_of

FloatArray = NDArray[np.float64]

LOWER, UPPER = 0.99, 1.01  # the powers


@dataclass(frozen=True, eq=False)
class LogDensities:
    """Log prior and log likelihood of the shared parameters in each draw, up to constants; (D,).

    ``given_levels`` says whether the likelihood is that of rows given the groups' own parameters.
    """

    prior: FloatArray
    likelihood: FloatArray
    given_levels: bool


def log_densities(fitted: Fitted) -> LogDensities:
    """Evaluate both at the draws."""
    prior, likelihood = fitted.draws.log_densities()
    if likelihood is None:
        return LogDensities(prior, _given_levels(fitted), True)
    return LogDensities(prior, likelihood, False)


def _given_levels(fitted: Fitted) -> FloatArray:
    """Log likelihood given the groups' and clusters' own parameters, (D,)."""
    predictor = predictor_of(fitted, "sensitivity()")
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
        (Q,) gradients of the cumulative Jensen-Shannon distance; zero where the density is flat,
        NaN where the draws hardly differ in it, so that one would take all the weight.
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
    return np.where(moves, np.asarray(found), 0.0)
