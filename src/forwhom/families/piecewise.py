"""Times to an event with a hazard that is constant within intervals: piecewise exponential.

The hazard at time t, in interval j, is exp(-eta) r_j with r_1 = 1: proportional hazards, the ratios
r_j the same for everybody (Friedman 1982, Annals of Statistics 10(1)). The sign of eta is that of
the exponential and Weibull families, so that a positive effect makes times longer; minus an effect
is the logarithm of a hazard ratio. An interval holds its end and not its beginning.

A cell's rows enter through the time they spent and the events they had in each interval:

    sum_j events_j (log r_j - eta) - time_j r_j exp(-eta).

The expected outcome is the restricted mean (Royston and Parmar 2013, BMC Medical Research
Methodology 13:152): the expected time until the event or until the longest time observed, whichever
comes first. Beyond that time the data say nothing of the hazard; draws go on with the last.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.families.counts import LARGEST, _exp, _start
from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters, expand

FloatArray = NDArray[np.float64]


def in_interval(
    time: FloatArray, event: FloatArray, begin: float, end: float
) -> tuple[FloatArray, FloatArray]:
    """Time at risk and events of n rows in one interval, both (n,).

    >>> in_interval(np.array([1.0, 2.0, 2.5]), np.array([1.0, 1.0, 0.0]), 1.0, 2.0)
    (array([0., 1., 1.]), array([0., 1., 0.]))
    """
    return np.clip(time - begin, 0.0, end - begin), event * ((time > begin) & (time <= end))


def lay_out(time: FloatArray, event: FloatArray, ends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Time at risk and events of n rows in each of m intervals, both (n, m)."""
    parts = [in_interval(time, event, low, high) for low, high in pairwise((0.0, *ends))]
    return np.stack([p[0] for p in parts], axis=1), np.stack([p[1] for p in parts], axis=1)


def _hazard(eta: FloatArray) -> FloatArray:
    """Of the first interval, bounded."""
    return np.asarray(np.exp(-np.maximum(eta, -LARGEST)))


def _added(values: FloatArray, by_interval: FloatArray) -> FloatArray:
    """(C, m) and (m, *S) to their product's sums over intervals, (C, *S)."""
    return np.tensordot(values, by_interval, axes=1)


def _with_first(ratios: FloatArray) -> FloatArray:
    """Ratios of all m intervals, (m, *S)."""
    return np.concatenate([np.ones((1, *ratios.shape[1:])), ratios])


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    ratios = parameters[0]
    spent = _added(outcome.at_risk, _with_first(ratios)) * _hazard(eta)
    value = _added(outcome.ended[:, 1:], np.log(ratios)) - expand(outcome.event, eta) * eta
    return np.asarray(value - spent)


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    ratios, event, hazard = parameters[0], expand(outcome.event, eta), _hazard(eta)
    spent = _added(outcome.at_risk, _with_first(ratios)) * hazard
    value = _added(outcome.ended[:, 1:], np.log(ratios)) - event * eta - spent
    shape = (len(ratios), len(eta), *(1,) * (eta.ndim - 1))
    ended, at_risk = (x[:, 1:].T.reshape(shape) for x in (outcome.ended, outcome.at_risk))
    in_ratios = ended / ratios[:, None] - at_risk * hazard
    return Derivatives(value, spent - event, -spent, (in_ratios,))


def _mean(eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome) -> FloatArray:
    widths, hazard = np.diff(outcome.ends, prepend=0.0), _hazard(eta)
    survive, total = np.ones(1), np.zeros(1)
    for width, ratio in zip(widths, _with_first(parameters[0]), strict=True):
        passed = width * ratio * hazard
        small = np.maximum(passed, 1e-8)  # below it the survivors' share of the width is one
        total = total + survive * width * -np.expm1(-small) / small
        survive = survive * np.exp(-passed)
    return total


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    """The cumulative hazard at the event is exponential: find when it is reached."""
    left = rng.exponential(size=eta.shape) * _exp(eta)
    time = np.zeros(eta.shape)
    ratios, widths = _with_first(parameters[0]), np.diff(outcome.ends, prepend=0.0)
    for width, ratio in zip((*widths[:-1], np.inf), ratios, strict=True):
        spent = np.minimum(left / ratio, width)
        time += spent
        left = np.maximum(left - spent * ratio, 0.0)
    return time


PIECEWISE_EXPONENTIAL = Family(
    name="piecewise_exponential",
    words="a time to an event, perhaps censored, with a hazard that is constant within intervals",
    links=("log",),
    parameters=(
        Parameter(
            "hazard_ratios",
            "hazards of the second interval and those after it against the first's",
            "half_cauchy(1)",
            size=lambda levels: max(levels - 1, 0),
        ),
    ),
    support="time",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=_start,
    response="restricted time",
    predictor="negative log hazard",
    sufficient="sum",
)
