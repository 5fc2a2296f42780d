"""The Gaussian family: y ~ Normal(eta, sigma), with eta the linear predictor itself.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

from dataclasses import replace
from math import log, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand

FloatArray = NDArray[np.float64]

MINUS_LOG_ROOT_2PI = -0.5 * log(2 * pi)
LARGEST = 500.0  # of a logarithm, where exp() and its square are still finite
SIGMA = Parameter("sigma", "the residual standard deviation", "half_student_t(3, 2.5)")


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    sigma = parameters[0][0]
    return np.asarray(-0.5 * ((expand(outcome.y, eta) - eta) / sigma) ** 2 - np.log(sigma))


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    sigma = parameters[0][0]
    z = (expand(outcome.y, eta) - eta) / sigma
    value = -0.5 * z**2 - np.log(sigma)
    second = np.broadcast_to(-1 / sigma**2, eta.shape)
    return Derivatives(value, z / sigma, second, (((z**2 - 1) / sigma)[None],))


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    return np.asarray(eta + parameters[0][0] * rng.standard_normal(eta.shape))


def _mean(eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome) -> FloatArray:
    return eta


GAUSSIAN = Family(
    name="gaussian",
    words="a numeric outcome with normal residuals of standard deviation sigma",
    links=("identity",),
    parameters=(SIGMA,),
    support="numeric",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=lambda y, link: y,
    constant=lambda outcome: np.full(len(outcome.y), MINUS_LOG_ROOT_2PI),
)


def _known_log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    return np.asarray(-0.5 * ((expand(outcome.y, eta) - eta) / expand(outcome.error, eta)) ** 2)


def _known_derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    error = expand(outcome.error, eta)
    z = (expand(outcome.y, eta) - eta) / error
    return Derivatives(-0.5 * z**2, z / error, np.broadcast_to(-1 / error**2, eta.shape))


# Estimated effects with known standard errors, which the outcome carries. Not a row of the table:
# it is what the Gaussian family becomes where ``std_error`` is given.
KNOWN_GAUSSIAN = replace(
    GAUSSIAN,
    parameters=(),
    derivatives=_known_derivatives,
    log_likelihood=_known_log_likelihood,
    draw=lambda rng, eta, link, parameters, outcome: (
        eta + expand(outcome.error, eta) * rng.standard_normal(eta.shape)
    ),
    constant=lambda outcome: MINUS_LOG_ROOT_2PI - np.log(outcome.error),
)


def _lognormal_draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    return np.asarray(np.exp(np.minimum(_draw(rng, eta, link, parameters, outcome), LARGEST)))


def _lognormal_mean(
    eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    # a residual sd that drowns everything has no mean that numbers hold: it ends at the bound
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(np.minimum(eta + 0.5 * parameters[0][0] ** 2, LARGEST)))


def _on_logs(outcome: Outcome) -> Outcome:
    return Outcome(np.log(outcome.y), outcome.trials, outcome.event, outcome.levels)


LOGNORMAL = Family(
    name="lognormal",
    words="a positive outcome whose logarithm is normal with standard deviation sigma",
    links=("identity",),
    parameters=(SIGMA,),
    support="positive",
    derivatives=lambda outcome, *rest: _derivatives(_on_logs(outcome), *rest),
    log_likelihood=lambda outcome, *rest: _log_likelihood(_on_logs(outcome), *rest),
    draw=_lognormal_draw,
    mean=_lognormal_mean,
    start=lambda y, link: y,
    predictor="logarithm",
    constant=lambda outcome: MINUS_LOG_ROOT_2PI - np.log(outcome.y),
)
