"""Counts: Poisson and negative binomial, with a logarithmic link.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand

FloatArray = NDArray[np.float64]

LARGEST = 500.0  # of a linear predictor, where exp() is still finite
SMALLEST = 1e-300  # an average outcome that stands for zero
MANY = 1e8  # events in one cell from which likelihoods are told by their logarithms' differences
STIRLING = 1e4


def _exp(eta: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.minimum(eta, LARGEST)))


def _start(y: float, link: str) -> float:
    return log(max(y, SMALLEST))  # in any unit: nothing but zero is cut off


def _best_rate(outcome: Outcome) -> FloatArray:
    """The logarithm of each cell's own rate, (C,); zero where it has no events."""
    y = outcome.y
    return np.asarray(np.log(np.where(y > 0, y / outcome.trials, 1.0)))


def _poisson_constant(outcome: Outcome) -> FloatArray:
    """What a cell's own rate would give: y log(y / t) - y - log(y!)."""
    from scipy.special import gammaln

    y = outcome.y
    some = np.maximum(y, 1.0)
    exact = y * np.log(some) - y - gammaln(y + 1)
    # of large counts the terms cancel (Stirling's series, to 1e-15)
    series = -0.5 * np.log(2 * np.pi * some) - 1 / (12 * some)
    return np.asarray(np.where(y > STIRLING, series, exact) - y * np.log(outcome.trials))


def _poisson_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    """Less the value at the cell's own rate, so that sums of 1e15 events still tell rates apart."""
    y, best = outcome.y, _best_rate(outcome)
    if not y.max(initial=0.0) > MANY:
        most = expand(y * best - y, eta)
        return np.asarray(expand(y, eta) * eta - expand(outcome.trials, eta) * _exp(eta) - most)
    off = np.minimum(eta - expand(best, eta), LARGEST)
    some = expand(y, eta)
    return np.where(
        some > 0, some * (off - np.expm1(off)), -expand(outcome.trials, eta) * _exp(eta)
    )


def _poisson_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    y, mean = expand(outcome.y, eta), expand(outcome.trials, eta) * _exp(eta)
    return Derivatives(_poisson_value(outcome, eta, link, parameters), y - mean, -mean)


def _poisson_quick(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> tuple[FloatArray, FloatArray]:
    mean = expand(outcome.trials, eta) * _exp(eta)
    return expand(outcome.y, eta) - mean, -mean


def _poisson_draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    return rng.poisson(expand(outcome.trials, eta) * np.exp(np.minimum(eta, 40.0))).astype(float)


POISSON = Family(
    name="poisson",
    words="a count whose variance is its mean",
    links=("log",),
    parameters=(),
    support="count",
    derivatives=_poisson_slopes,
    log_likelihood=_poisson_value,
    draw=_poisson_draw,
    mean=lambda eta, link, parameters, outcome: _exp(eta),
    start=_start,
    response="rate",
    sufficient="sum",
    constant=_poisson_constant,
    slopes=_poisson_quick,
)


def _log_total(eta: FloatArray, shape: FloatArray) -> FloatArray:
    """log(mu + shape)."""
    return np.asarray(np.logaddexp(eta, np.log(shape)))


def _negative_binomial_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    """With log B(shape, y + 1) for the differences of gamma functions, which cancel at 1e12."""
    from scipy.special import betaln

    y, shape = expand(outcome.y, eta), parameters[0][0]
    short = np.logaddexp(0.0, np.log(shape) - eta)  # log((mu + shape) / mu)
    ways = np.log(y + shape) + betaln(shape, y + 1)
    return np.asarray(-ways - y * short - shape * np.logaddexp(0.0, eta - np.log(shape)))


def _negative_binomial_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    from scipy.special import digamma

    y, shape = expand(outcome.y, eta), parameters[0][0]
    log_total = _log_total(eta, shape)
    share = np.exp(eta - log_total)  # mu / (mu + shape)
    value = _negative_binomial_value(outcome, eta, link, parameters)
    first = y - (y + shape) * share
    second = -(y + shape) * share * (1 - share)
    in_shape = (
        digamma(y + shape)
        - digamma(shape)
        + np.log(shape)
        + 1
        - log_total
        - (y + shape) * np.exp(-log_total)
    )
    return Derivatives(value, first, second, (in_shape[None],))


def _negative_binomial_draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    shape = parameters[0][0]
    mean = np.exp(np.minimum(eta, 40.0)) * rng.gamma(shape, 1 / shape, eta.shape)
    return rng.poisson(np.minimum(mean, 1e18)).astype(float)


NEGATIVE_BINOMIAL = Family(
    name="negative_binomial",
    words="a count more spread out than Poisson's: variance mean + mean^2 / shape",
    links=("log",),
    parameters=(Parameter("shape", "the inverse of the overdispersion", "gamma(2, 0.1)"),),
    support="count",
    derivatives=_negative_binomial_slopes,
    log_likelihood=_negative_binomial_value,
    draw=_negative_binomial_draw,
    mean=lambda eta, link, parameters, outcome: _exp(eta),
    start=_start,
    response="rate",
)
