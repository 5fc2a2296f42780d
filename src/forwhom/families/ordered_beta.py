"""Shares from 0 to 1, both included: ordered beta regression (Kubinec 2023, Political Analysis 31).

With F the logistic function and two cutpoints c_0 < c_1 on the scale of eta, c_1 = c_0 + gap:

    P(y = 0) = 1 - F(eta - c_0),   P(y = 1) = F(eta - c_1),
    y ~ Beta(F(eta) phi, (1 - F(eta)) phi) with what is left.

One linear predictor moves all three, so that an effect has one direction.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families.beta import BETA, expected_share
from forwhom.families.family import Derivatives, Family, Outcome, Parameter, Parameters
from forwhom.families.links import PROBABILITY_LINKS, softplus

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_F = PROBABILITY_LINKS["logit"].probability


def _kinds(outcome: Outcome) -> tuple[IntArray, IntArray, IntArray]:
    """Which cells hold 0, something between, and 1."""
    y = outcome.y
    return np.flatnonzero(y <= 0), np.flatnonzero((y > 0) & (y < 1)), np.flatnonzero(y >= 1)


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    phi, (cut,), (gap,) = parameters
    none, some, all_ = _kinds(outcome)
    value = np.empty(np.broadcast_shapes(eta.shape, cut.shape))
    value[none] = -softplus(eta[none] - cut)
    value[all_] = -softplus(cut + gap - eta[all_])
    if len(some):
        between = eta[some]
        value[some] = BETA.log_likelihood(outcome.take(some), between, link, (phi,))
        # F(b) - F(a) = F(b) (1 - F(a)) (1 - exp(a - b)): nothing cancels
        value[some] -= softplus(cut - between) + softplus(between - cut - gap)
        value[some] += np.log(-np.expm1(-gap))
    return value


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    phi, (cut,), (gap,) = parameters
    none, some, all_ = _kinds(outcome)
    value = _log_likelihood(outcome, eta, link, parameters)
    above, top = _F(eta - cut), _F(eta - cut - gap)  # P(y > 0) and P(y = 1)
    first = 1 - above - top
    second = -above * (1 - above) - top * (1 - top)
    in_phi, in_cut, in_gap = np.zeros_like(value), -first, np.zeros_like(value)
    if len(none):
        first[none], second[none] = -above[none], -above[none] * (1 - above[none])
        in_cut[none] = above[none]
    if len(all_):
        first[all_], second[all_] = 1 - top[all_], -top[all_] * (1 - top[all_])
        in_cut[all_] = in_gap[all_] = -first[all_]
    if len(some):
        in_gap[some] = top[some] + 1 / np.expm1(gap)
        share = BETA.derivatives(outcome.take(some), eta[some], link, (phi,))
        first[some] += share.first
        second[some] += share.second
        in_phi[some] = share.parameters[0][0]
    return Derivatives(value, first, second, (in_phi[None], in_cut[None], in_gap[None]))


def _mean(eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome) -> FloatArray:
    _, (cut,), (gap,) = parameters
    above, top = _F(eta - cut), _F(eta - cut - gap)
    return np.asarray((above - top) * expected_share(eta, link) + top)


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    phi, (cut,), (gap,) = parameters
    u = rng.random(eta.shape)
    share = BETA.draw(rng, eta, link, (phi,), outcome)
    share = np.where(u > _F(eta - cut), 0.0, share)
    return np.where(u < _F(eta - cut - gap), 1.0, share)


def _constant(outcome: Outcome) -> FloatArray:
    _, some, _ = _kinds(outcome)
    out = np.zeros(len(outcome.y))
    out[some] = BETA.constant(outcome.take(some))
    return out


ORDERED_BETA = Family(
    name="ordered_beta",
    words="a share from 0 to 1, with 0 and 1 themselves among the values",
    links=("logit",),
    parameters=(
        Parameter("phi", "precision between 0 and 1: larger means closer", "gamma(2, 0.1)"),
        Parameter("cutpoint", "where 0 ends on the link scale", "normal(0, 2.5)", positive=False),
        Parameter("gap", "from there to where 1 begins", "half_student_t(3, 2.5)"),
    ),
    support="closed unit",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=BETA.start,
    constant=_constant,
)
