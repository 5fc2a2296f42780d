"""Shares strictly between 0 and 1: y ~ Beta(mu phi, (1 - mu) phi).

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand
from forwhom.families.links import PROBABILITY_LINKS, start_of_share
from forwhom.families.special import trigamma

FloatArray = NDArray[np.float64]

EDGE = 1e-100  # a mean no nearer to 0 or 1 than this keeps the functions finite


def expected_share(eta: FloatArray, link: str) -> FloatArray:
    """mu, of the shape of ``eta``; 1 - mu is that of -eta, as both links are symmetric."""
    return np.asarray(np.maximum(PROBABILITY_LINKS[link].probability(eta), EDGE))


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    from scipy.special import gammaln

    phi, mean, rest = parameters[0][0], expected_share(eta, link), expected_share(-eta, link)
    log_y, log_rest = expand(np.log(outcome.y), eta), expand(np.log1p(-outcome.y), eta)
    a, b = mean * phi, rest * phi
    return np.asarray(gammaln(phi) - gammaln(a) - gammaln(b) + a * log_y + b * log_rest)


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    from scipy.special import digamma, gammaln

    phi, mean, rest = parameters[0][0], expected_share(eta, link), expected_share(-eta, link)
    log_y, log_rest = expand(np.log(outcome.y), eta), expand(np.log1p(-outcome.y), eta)
    a, b = mean * phi, rest * phi
    value = gammaln(phi) - gammaln(a) - gammaln(b) + a * log_y + b * log_rest
    in_a, in_b = log_y - digamma(a), log_rest - digamma(b)
    (one, two), _ = PROBABILITY_LINKS[link].log_slopes(eta)
    slope = mean * one  # of the mean in eta
    bend = mean * (two + one**2)
    in_mean = phi * (in_a - in_b)
    second = -(phi**2) * (trigamma(a) + trigamma(b)) * slope**2 + in_mean * bend
    in_phi = digamma(phi) + mean * in_a + rest * in_b
    return Derivatives(value, in_mean * slope, second, (in_phi[None],))


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    phi, mean, rest = parameters[0][0], expected_share(eta, link), expected_share(-eta, link)
    return np.asarray(rng.beta(mean * phi, rest * phi, eta.shape))


BETA = Family(
    name="beta",
    words="a share strictly between 0 and 1",
    links=("logit", "probit"),
    parameters=(Parameter("phi", "precision: larger means closer to the mean", "gamma(2, 0.1)"),),
    support="unit",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=lambda eta, link, parameters, outcome: expected_share(eta, link),
    start=start_of_share,
    constant=lambda outcome: -np.log(outcome.y) - np.log1p(-outcome.y),
)
