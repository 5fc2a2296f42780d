"""Pareto k-hat: do the importance weights have a tail that can be trusted?

Our own copy of a known algorithm because the library that has it costs more to import than a
whole fit takes; tests hold it to that library.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def pareto_k(log_weights: FloatArray) -> float:
    """Shape of a generalised Pareto fitted to the largest weights.

    Below 0.7 importance sampling is reliable (Vehtari et al. 2024, JMLR 25(72)).

    Args:
        log_weights: (N,) unnormalised log importance weights.

    Returns:
        k-hat; minus infinity when the weights are all but constant, so that there is no tail.
    """
    n = len(log_weights)
    tail = int(min(np.ceil(0.2 * n), np.ceil(3 * np.sqrt(n))))
    if tail < 5:
        return float("inf")
    weights = np.exp(log_weights - log_weights.max())
    largest = np.sort(np.partition(weights, n - tail - 1)[n - tail - 1 :])
    exceedances = largest[1:] - largest[0]
    if exceedances[-1] <= 1e-10 * largest[-1]:
        return float("-inf")
    exceedances = exceedances[exceedances > 0]
    return fit_generalised_pareto(exceedances)


def fit_generalised_pareto(x: FloatArray) -> float:
    """Shape k by the empirical-Bayes estimate of Zhang and Stephens (2009, Technometrics 51(3)).

    With the weak prior of Vehtari et al. (2024, appendix C) that pulls k towards 0.5.

    Args:
        x: (m,) positive exceedances, sorted.

    Returns:
        the shape; infinity where none can be fitted.
    """
    m = len(x)
    candidates = 30 + int(np.sqrt(m))
    steps = np.arange(1, candidates + 1) - 0.5
    quartile = x[int(m / 4 + 0.5) - 1]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # where exceedances lie hundreds of orders apart there is no shape: not a number
        theta = 1 / x[-1] + (1 - np.sqrt(candidates / steps)) / (3 * quartile)
        k = np.log1p(-theta[:, None] * x).mean(axis=1)
        profile = m * (np.log(-theta / k) - k - 1)
        weight = np.exp(profile - profile.max())
        best = float((theta * weight).sum() / weight.sum())
        shape = float(np.log1p(-best * x).mean())
    return (m * shape + 5.0) / (m + 10.0) if np.isfinite(shape) else float("inf")


def effective_share(log_weights: FloatArray) -> float:
    """Importance effective sample size as a share of the proposals, (sum w)^2 / (N sum w^2)."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum() / len(weights))


def truncated(log_weight: FloatArray) -> FloatArray:
    """Weights (N,) that sum to one, the largest cut: steadier where a few would dominate.

    Ionides 2008, JCGS 17(2).
    """
    weight = np.exp(log_weight - log_weight.max())
    weight = np.minimum(weight, weight.mean() * np.sqrt(len(weight)))
    return np.asarray(weight / weight.sum())
