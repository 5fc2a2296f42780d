"""Positive outcomes and times: gamma, exponential and Weibull, with a logarithmic link.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families.counts import LARGEST, _exp, _start
from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand

FloatArray = NDArray[np.float64]


def _small_exp(eta: FloatArray) -> FloatArray:
    """exp(-eta), bounded."""
    return np.asarray(np.exp(-np.maximum(eta, -LARGEST)))


def _gamma_constant(y: FloatArray, shape: FloatArray) -> FloatArray:
    from scipy.special import gammaln

    return np.asarray(shape * np.log(shape) - gammaln(shape) + shape * np.log(y))


def _gamma_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    y, shape = expand(outcome.y, eta), parameters[0][0]
    return np.asarray(_gamma_constant(y, shape) - shape * (eta + y * _small_exp(eta)))


def _gamma_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    from scipy.special import digamma

    y, shape = expand(outcome.y, eta), parameters[0][0]
    ratio = y * _small_exp(eta)
    value = _gamma_constant(y, shape) - shape * (eta + ratio)
    in_shape = np.log(shape) + 1 - digamma(shape) + np.log(y) - eta - ratio
    return Derivatives(value, shape * (ratio - 1), -shape * ratio, (in_shape[None],))


def _gamma_draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    shape = parameters[0][0]
    return np.asarray(_exp(eta) * rng.gamma(shape, 1 / shape, eta.shape))


GAMMA = Family(
    name="gamma",
    words="a positive outcome whose spread grows with its mean",
    links=("log",),
    parameters=(Parameter("shape", "the inverse of the squared relative spread", "gamma(2, 0.1)"),),
    support="positive",
    derivatives=_gamma_slopes,
    log_likelihood=_gamma_value,
    draw=_gamma_draw,
    mean=lambda eta, link, parameters, outcome: _exp(eta),
    start=_start,
    constant=lambda outcome: -np.log(outcome.y),
)


def _exponential_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    return np.asarray(-expand(outcome.event, eta) * eta - expand(outcome.y, eta) * _small_exp(eta))


def _exponential_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    event, spent = expand(outcome.event, eta), expand(outcome.y, eta) * _small_exp(eta)
    return Derivatives(-event * eta - spent, spent - event, -spent)


EXPONENTIAL = Family(
    name="exponential",
    words="a time to an event with a constant hazard, perhaps censored; its mean is exp(eta)",
    links=("log",),
    parameters=(),
    support="time",
    derivatives=_exponential_slopes,
    log_likelihood=_exponential_value,
    draw=lambda rng, eta, link, parameters, outcome: _exp(eta) * rng.exponential(size=eta.shape),
    mean=lambda eta, link, parameters, outcome: _exp(eta),
    start=_start,
    response="time",
    sufficient="sum",
)


def _weibull_parts(
    outcome: Outcome, eta: FloatArray, shape: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """log(y / scale), with mean exp(eta) = scale Gamma(1 + 1/shape), and the hazard so far."""
    from scipy.special import gammaln

    log_ratio = expand(np.log(outcome.y), eta) - eta + gammaln(1 + 1 / shape)
    return log_ratio, np.exp(np.clip(shape * log_ratio, -LARGEST, LARGEST))


def _weibull_value(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    shape = parameters[0][0]
    log_ratio, spent = _weibull_parts(outcome, eta, shape)
    return np.asarray(expand(outcome.event, eta) * (np.log(shape) + shape * log_ratio) - spent)


def _weibull_slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    from scipy.special import digamma

    shape, event = parameters[0][0], expand(outcome.event, eta)
    log_ratio, spent = _weibull_parts(outcome, eta, shape)
    value = event * (np.log(shape) + shape * log_ratio) - spent
    # the scale depends on the shape, as the mean is held
    moved = log_ratio - digamma(1 + 1 / shape) / shape
    in_shape = event / shape + (event - spent) * moved
    return Derivatives(value, shape * (spent - event), -(shape**2) * spent, (in_shape[None],))


def _weibull_draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    from scipy.special import gammaln

    shape = parameters[0][0]
    return np.asarray(_exp(eta - gammaln(1 + 1 / shape)) * rng.weibull(shape, eta.shape))


WEIBULL = Family(
    name="weibull",
    words="a time to an event with a rising or falling hazard, perhaps censored; its mean is "
    "exp(eta)",
    links=("log",),
    parameters=(Parameter("shape", "above 1 the hazard rises, below 1 it falls", "gamma(2, 1)"),),
    support="time",
    derivatives=_weibull_slopes,
    log_likelihood=_weibull_value,
    draw=_weibull_draw,
    mean=lambda eta, link, parameters, outcome: _exp(eta),
    start=_start,
    response="time",
    constant=lambda outcome: -outcome.event * np.log(outcome.y),
)
