"""Links of a probability, with logarithms and slopes that stay accurate in the tails.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, log1p, pi

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

RAREST = 1e-15  # an average share that stands for none, and one less it for all
Pair = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class ProbabilityLink:
    """A link between a probability and the linear predictor, all functions elementwise.

    Attributes:
        probability: eta -> p.
        logs: eta -> (log p, log(1 - p)).
        log_slopes: eta -> ((first, second derivative of log p), (the same of log(1 - p))).
        inverse: p -> eta, for one number.
    """

    probability: Callable[[FloatArray], FloatArray]
    logs: Callable[[FloatArray], Pair]
    log_slopes: Callable[[FloatArray], tuple[Pair, Pair]]
    inverse: Callable[[float], float]


def start_of_share(y: float, link: str) -> float:
    """The linear predictor of an average share y; rare as it may be, but not never or always.

    >>> round(start_of_share(1e-6, "logit"), 2), start_of_share(0.0, "logit")
    (-13.82, -4.59511985013459)
    """
    if not 0.0 < y < 1.0:
        y = min(max(y, 0.01), 0.99)
    return PROBABILITY_LINKS[link].inverse(min(max(y, RAREST), 1.0 - RAREST))


def softplus(eta: FloatArray) -> FloatArray:
    """log(1 + exp(eta)), several times faster than ``logaddexp``; the hot spot of a logit fit."""
    if np.max(eta, initial=0.0) < 700.0:
        out = np.exp(eta)
        out += 1.0  # the logarithm's rounding is of the order of 1e-16 of it
        return np.asarray(np.log(out, out=out))
    out = np.abs(eta)
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.log(out, out=out)
    out += np.maximum(eta, 0.0)
    return out


def _logit_probability(eta: FloatArray) -> FloatArray:
    out = np.asarray(np.minimum(-eta, 700.0))
    np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def _logit_logs(eta: FloatArray) -> Pair:
    log_q = -softplus(eta)
    return np.asarray(eta + log_q), log_q


def _logit_slopes(eta: FloatArray) -> tuple[Pair, Pair]:
    p = _logit_probability(eta)
    second = -p * (1 - p)
    return (1 - p, second), (-p, second)


def _probit_probability(eta: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    return np.asarray(ndtr(eta))


def _probit_logs(eta: FloatArray) -> Pair:
    from scipy.special import log_ndtr

    return np.asarray(log_ndtr(eta)), np.asarray(log_ndtr(-eta))


def _probit_slopes(eta: FloatArray) -> tuple[Pair, Pair]:
    log_p, log_q = _probit_logs(eta)
    log_density = -0.5 * eta**2 - 0.5 * log(2 * pi)
    up, down = np.exp(log_density - log_p), np.exp(log_density - log_q)
    return (up, -up * (eta + up)), (-down, -down * (down - eta))


def _cloglog_probability(eta: FloatArray) -> FloatArray:
    return np.asarray(-np.expm1(-np.exp(np.minimum(eta, 700.0))))


def _cloglog_logs(eta: FloatArray) -> Pair:
    hazard = np.exp(np.minimum(eta, 700.0))
    with np.errstate(divide="ignore"):
        log_p = np.where(hazard < 1e-8, eta - 0.5 * hazard, np.log(-np.expm1(-hazard)))
    return log_p, -hazard


def _cloglog_slopes(eta: FloatArray) -> tuple[Pair, Pair]:
    hazard = np.exp(np.minimum(eta, 300.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(
            hazard < 1e-8, 1 - 0.5 * hazard, hazard / np.expm1(np.minimum(hazard, 700))
        )
        # d/d eta of h / (exp(h) - 1)
        bend = np.where(
            hazard < 1e-4,
            hazard * (hazard / 6 - 0.5),
            ratio * (1 - hazard - ratio),
        )
    return (ratio, bend), (-hazard, -hazard)


def _normal_quantile(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


PROBABILITY_LINKS: dict[str, ProbabilityLink] = {
    "logit": ProbabilityLink(
        _logit_probability, _logit_logs, _logit_slopes, lambda p: log(p) - log1p(-p)
    ),
    "probit": ProbabilityLink(_probit_probability, _probit_logs, _probit_slopes, _normal_quantile),
    "cloglog": ProbabilityLink(
        _cloglog_probability, _cloglog_logs, _cloglog_slopes, lambda p: log(-log1p(-p))
    ),
}
