"""Bernoulli and binomial: y successes in a number of trials, with probability link^-1(eta).

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameters, expand
from forwhom.families.links import PROBABILITY_LINKS, softplus, start_of_share

FloatArray = NDArray[np.float64]


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    y, trials = expand(outcome.y, eta), expand(outcome.trials, eta)
    if link == "logit":
        out = softplus(eta)
        if not (outcome.trials == 1).all():
            out *= trials
        return np.subtract(y * eta, out, out=out)
    log_p, log_q = PROBABILITY_LINKS[link].logs(eta)
    return np.asarray(y * log_p + (trials - y) * log_q)


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    y, trials = expand(outcome.y, eta), expand(outcome.trials, eta)
    p = PROBABILITY_LINKS[link]
    if link == "logit":
        if np.max(eta, initial=0.0) < 700.0:  # one exponential for both
            odds = np.exp(eta)
            total = odds + 1.0
            mean, log_total = odds / total, np.log(total)
        else:
            mean, log_total = p.probability(eta), softplus(eta)
        expected = trials * mean
        return Derivatives(y * eta - trials * log_total, y - expected, expected * (mean - 1))
    log_p, log_q = p.logs(eta)
    (p1, p2), (q1, q2) = p.log_slopes(eta)
    left = trials - y
    return Derivatives(y * log_p + left * log_q, y * p1 + left * q1, y * p2 + left * q2)


def _slopes(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> tuple[FloatArray, FloatArray]:
    if link != "logit":
        found = _derivatives(outcome, eta, link, parameters)
        return found.first, found.second
    mean = PROBABILITY_LINKS[link].probability(eta)
    second = mean * mean
    second -= mean
    if not (outcome.trials == 1).all():
        trials = expand(outcome.trials, eta)
        second *= trials
        mean *= trials
    return np.subtract(expand(outcome.y, eta), mean, out=mean), second


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    trials = np.broadcast_to(expand(outcome.trials, eta), eta.shape).astype(np.int64)
    return rng.binomial(trials, PROBABILITY_LINKS[link].probability(eta)).astype(float)


def _mean(eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome) -> FloatArray:
    return PROBABILITY_LINKS[link].probability(eta)


def _log_choose(outcome: Outcome) -> FloatArray:
    from scipy.special import gammaln

    y, trials = outcome.y, outcome.trials
    return np.asarray(gammaln(trials + 1) - gammaln(y + 1) - gammaln(trials - y + 1))


BERNOULLI = Family(
    name="bernoulli",
    words="an outcome that happens or not, 0/1 or two levels",
    links=("logit", "probit", "cloglog"),
    parameters=(),
    support="binary",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=start_of_share,
    response="probability",
    sufficient="sum",
    slopes=_slopes,
)

BINOMIAL = Family(
    name="binomial",
    words="a number of successes in a known number of trials",
    links=("logit", "probit", "cloglog"),
    parameters=(),
    support="successes",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=start_of_share,
    response="probability",
    sufficient="sum",
    constant=_log_choose,
    slopes=_slopes,
)
