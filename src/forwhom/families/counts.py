"""Counts: Poisson and negative binomial, with a logarithmic link."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand

FloatArray = NDArray[np.float64]

LARGEST = 500.0  # of a linear predictor, where exp() is still finite


def _exp(eta: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.minimum(eta, LARGEST)))


def _start(y: float, link: str) -> float:
    return log(max(y, 0.01))


def _minus_log_factorial(outcome: Outcome) -> FloatArray:
    from scipy.special import gammaln

    return np.asarray(-gammaln(outcome.y + 1))


def _poisson_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    return np.asarray(expand(outcome.y, eta) * eta - expand(outcome.trials, eta) * _exp(eta))


def _poisson_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    y, mean = expand(outcome.y, eta), expand(outcome.trials, eta) * _exp(eta)
    return Derivatives(y * eta - mean, y - mean, -mean)


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
    constant=_minus_log_factorial,
)


def _log_total(eta: FloatArray, shape: FloatArray) -> FloatArray:
    """log(mu + shape)."""
    return np.asarray(np.logaddexp(eta, np.log(shape)))


def _negative_binomial_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    from scipy.special import gammaln

    y, shape = expand(outcome.y, eta), parameters[0][0]
    constant = gammaln(y + shape) - gammaln(shape) + shape * np.log(shape)
    return np.asarray(constant + y * eta - (y + shape) * _log_total(eta, shape))


def _negative_binomial_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    from scipy.special import digamma, gammaln

    y, shape = expand(outcome.y, eta), parameters[0][0]
    log_total = _log_total(eta, shape)
    share = np.exp(eta - log_total)  # mu / (mu + shape)
    constant = gammaln(y + shape) - gammaln(shape) + shape * np.log(shape)
    value = constant + y * eta - (y + shape) * log_total
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
    constant=_minus_log_factorial,
)
