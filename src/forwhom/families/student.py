"""The Student family: y = eta + sigma t, with t of nu degrees of freedom, for outlying outcomes.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand
from forwhom.families.gaussian import SIGMA

FloatArray = NDArray[np.float64]


def _constant(sigma: FloatArray, nu: FloatArray) -> FloatArray:
    from scipy.special import gammaln

    return np.asarray(
        gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi) - np.log(sigma)
    )


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    sigma, nu = parameters[0][0], parameters[1][0]
    z = (expand(outcome.y, eta) - eta) / sigma
    return np.asarray(_constant(sigma, nu) - (nu + 1) / 2 * np.log1p(z**2 / nu))


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    from scipy.special import digamma

    sigma, nu = parameters[0][0], parameters[1][0]
    z = (expand(outcome.y, eta) - eta) / sigma
    base = nu + z**2
    tail = np.log1p(z**2 / nu)
    value = _constant(sigma, nu) - (nu + 1) / 2 * tail
    first = (nu + 1) * z / base / sigma
    second = -(nu + 1) * (nu - z**2) / base**2 / sigma**2
    in_sigma = ((nu + 1) * z**2 / base - 1) / sigma
    in_nu = 0.5 * (
        digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu - tail + (nu + 1) * z**2 / (nu * base)
    )
    return Derivatives(value, first, second, (in_sigma[None], in_nu[None]))


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    return np.asarray(eta + parameters[0][0] * rng.standard_t(parameters[1][0], eta.shape))


STUDENT = Family(
    name="student",
    words="a numeric outcome with heavy-tailed residuals of scale sigma",
    links=("identity",),
    parameters=(SIGMA, Parameter("nu", "degrees of freedom of the residuals", "gamma(2, 0.1)")),
    support="numeric",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=lambda eta, link, parameters, outcome: eta,
    start=lambda y, link: y,
)
