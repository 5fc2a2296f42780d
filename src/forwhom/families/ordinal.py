"""Ordered categories: cumulative logit and probit (McCullagh 1980, JRSS B 42(2)).

P(y >= k) = F(eta - c_k) for k = 1, ..., K - 1, with c_1 = 0 and c_k - c_{k-1} = gap_{k-1} > 0. So
eta is on the scale of being above the lowest level, and the thresholds have no place of their own.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters
from forwhom.families.links import PROBABILITY_LINKS, softplus

FloatArray = NDArray[np.float64]


def thresholds(gaps: FloatArray) -> FloatArray:
    """c_1, ..., c_{K-1}, (K - 1, *S), from the gaps (K - 2, *S)."""
    zero = np.zeros((1, *gaps.shape[1:]))
    return np.concatenate([zero, np.cumsum(gaps, axis=0)])


def _ends(
    outcome: Outcome, eta: FloatArray, gaps: FloatArray
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """eta less the thresholds below and above each cell's level, infinite at the ends."""
    c = thresholds(gaps)
    c = np.concatenate([np.full((1, *c.shape[1:]), -np.inf), c, np.full((1, *c.shape[1:]), np.inf)])
    level = outcome.y.astype(np.int64)
    return eta - c[level], eta - c[level + 1], level


def _log_difference(below: FloatArray, above: FloatArray, link: str) -> FloatArray:
    """log(F(below) - F(above)), below > above, without cancellation in either tail."""
    logs = PROBABILITY_LINKS[link].logs
    # in the upper tail work with the complements
    flip = below + above > 0
    with np.errstate(invalid="ignore"):
        large = np.where(flip, -above, below)
        small = np.where(flip, -below, above)
        log_large, log_small = logs(large)[0], logs(small)[0]
        ratio = np.where(np.isneginf(log_small), -np.inf, log_small - log_large)
    ratio = np.minimum(ratio, -1e-300)
    with np.errstate(divide="ignore"):
        return np.asarray(log_large + np.log(-np.expm1(ratio)))


def _density(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log f(x) and f'(x) / f(x) of the normal, zero density at infinity."""
    with np.errstate(invalid="ignore", over="ignore"):
        log_f = np.where(np.isinf(x), -np.inf, -0.5 * x**2 - 0.5 * np.log(2 * np.pi))
    return log_f, np.where(np.isinf(x), 0.0, -x)


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    if link == "logit":
        return _logit_value(outcome, eta, parameters[0])
    below, above, _ = _ends(outcome, eta, parameters[0])
    return _log_difference(below, above, link)


def _logit_value(outcome: Outcome, eta: FloatArray, gaps: FloatArray) -> FloatArray:
    """log P with one exponential and one logarithm a cell, where nothing can overflow.

    With b and a the distances from the thresholds below and above,
    1 / (F(b) (1 - F(a))) = 1 + exp(-b) + exp(a) + exp(a - b).
    """
    c = thresholds(gaps)
    if not max(np.abs(eta).max(initial=0.0), np.abs(c).max(initial=0.0)) < 300:
        return _logit_terms(outcome, eta, gaps)[0]
    level = outcome.y.astype(np.int64)
    grown = np.exp(c)
    zero = np.zeros((1, *c.shape[1:]))
    low = np.concatenate([zero, grown])[level]
    high = np.concatenate([1 / grown, zero])[level]
    apart = low * high
    with np.errstate(divide="ignore"):
        log_rest = np.log1p(-apart)
    rise = np.exp(eta)
    out = high * rise
    np.divide(low, rise, out=rise)
    out += rise
    out += 1.0 + apart
    np.log(out, out=out)
    return np.asarray(np.subtract(log_rest, out, out=out))


def _slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> tuple[FloatArray, FloatArray]:
    if link != "logit":
        found = _derivatives(outcome, eta, link, parameters)
        return found.first, found.second
    low, high = _logit_ends(outcome, parameters[0])
    probability = PROBABILITY_LINKS[link].probability
    p_low, p_high = probability(eta - low), probability(eta - high)
    first = 1.0 - p_low - p_high
    p_low *= 1.0 - p_low
    p_high *= 1.0 - p_high
    p_low += p_high
    return first, np.negative(p_low, out=p_low)


def _logit_ends(outcome: Outcome, gaps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The thresholds below and above each cell's level, (C, *S), infinite at the ends."""
    c, level = thresholds(gaps), outcome.y.astype(np.int64)
    infinite = np.full((1, *c.shape[1:]), np.inf)
    return np.concatenate([-infinite, c])[level], np.concatenate([c, infinite])[level]


def _logit_terms(
    outcome: Outcome, eta: FloatArray, gaps: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """log P, eta less the thresholds around the level, and exp of minus their distance.

    F(b) - F(a) = F(b) (1 - F(a)) (1 - exp(a - b)) for the logistic F: nothing cancels.
    """
    low, high = _logit_ends(outcome, gaps)
    apart = np.exp(low - high)  # zero for the first and the last level
    with np.errstate(divide="ignore"):
        log_rest = np.log1p(-apart)
    below, above = eta - low, eta - high
    value = softplus(-below)
    value += softplus(above)
    np.negative(value, out=value)
    value += log_rest
    return value, below, above, apart


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    gaps, level = parameters[0], outcome.y.astype(np.int64)
    if link == "logit":
        value, below, above, apart = _logit_terms(outcome, eta, gaps)
        probability = PROBABILITY_LINKS[link].probability
        p_low, p_high = probability(below), probability(above)
        first = 1 - p_low - p_high
        second = -p_low * (1 - p_low) - p_high * (1 - p_high)
        with np.errstate(divide="ignore", invalid="ignore"):
            both = np.minimum(apart / (1 - apart), 1e150)
        low, high = 1 - p_low + both, p_high + both
    else:
        below, above, _ = _ends(outcome, eta, gaps)
        value = _log_difference(below, above, link)
        log_low, slope_low = _density(below)
        log_high, slope_high = _density(above)
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = np.exp(log_low - value), np.exp(log_high - value)
        low, high = np.nan_to_num(low, posinf=1e150), np.nan_to_num(high, posinf=1e150)
        first = low - high
        second = low * slope_low - high * slope_high - first**2
    # the threshold below the level pulls by -low, the one above by high; gap m moves every
    # threshold after the first m + 1
    own = np.zeros((gaps.shape[0], *first.shape))
    for m in range(len(own)):
        lower = (level >= m + 2).reshape(-1, *(1,) * (first.ndim - 1))
        upper = (level >= m + 1).reshape(-1, *(1,) * (first.ndim - 1))
        own[m] = np.where(lower, -low, 0.0) + np.where(upper, high, 0.0)
    return Derivatives(value, first, second, (own,))


def _mean(eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome) -> FloatArray:
    c = thresholds(parameters[0])
    probability = PROBABILITY_LINKS[link].probability
    above = [np.ones_like(eta), *(probability(eta - one) for one in c), np.zeros_like(eta)]
    return np.stack([high - low for high, low in pairwise(above)])


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    cumulative = np.cumsum(_mean(eta, link, parameters, outcome), axis=0)
    return (rng.random(eta.shape) > cumulative[:-1]).sum(axis=0).astype(float)


ORDINAL = Family(
    name="ordinal",
    words="ordered categories, by thresholds on a latent scale",
    links=("logit", "probit"),
    parameters=(
        Parameter(
            "gaps",
            "distances between neighbouring thresholds",
            "half_student_t(3, 2.5)",
            size=lambda levels: max(levels - 2, 0),
        ),
    ),
    support="ordered",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=lambda y, link: PROBABILITY_LINKS[link].inverse(0.75),
    response="probability",
    slopes=_slopes,
)
