"""Unordered categories: multinomial logit against a reference category, which is level 0.

    P(y = k) = exp(eta_k) / (1 + exp(eta_1) + ... + exp(eta_L)),   eta_0 = 0,

with a linear predictor of its own for each of the L = K - 1 other categories, in their order.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.families.family import Derivatives, Family, Outcome, Parameters, expand

FloatArray = NDArray[np.float64]


def _log_total(eta: FloatArray) -> FloatArray:
    """log(1 + sum of exp(eta)) over the predictors, (C, *S)."""
    top = np.maximum(eta.max(axis=0), 0.0)
    return np.asarray(top + np.log(np.exp(-top) + np.exp(eta - top).sum(axis=0)))


def _is_level(outcome: Outcome, eta: FloatArray) -> FloatArray:
    """1 where a cell has the predictor's category, (L, C, 1, ..., 1)."""
    found = outcome.y == np.arange(1, len(eta) + 1)[:, None]
    return expand(found.astype(float), eta)


def _log_likelihood(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> FloatArray:
    return np.asarray((_is_level(outcome, eta) * eta).sum(axis=0) - _log_total(eta))


def _derivatives(
    outcome: Outcome, eta: FloatArray, link: str, parameters: Parameters
) -> Derivatives:
    mine, total = _is_level(outcome, eta), _log_total(eta)
    p = np.exp(eta - total)
    second = p[:, None] * p[None]
    diagonal = np.arange(len(eta))
    second[diagonal, diagonal] -= p
    return Derivatives((mine * eta).sum(axis=0) - total, mine - p, second)


def _mean(eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome) -> FloatArray:
    total = _log_total(eta)
    return np.concatenate([np.exp(-total)[None], np.exp(eta - total)])


def _draw(
    rng: np.random.Generator, eta: FloatArray, link: str, parameters: Parameters, outcome: Outcome
) -> FloatArray:
    cumulative = np.cumsum(_mean(eta, link, parameters, outcome), axis=0)
    return (rng.random(eta.shape[1:]) > cumulative[:-1]).sum(axis=0).astype(float)


CATEGORICAL = Family(
    name="categorical",
    words="unordered categories, each against a reference category",
    links=("logit",),
    parameters=(),
    support="unordered",
    derivatives=_derivatives,
    log_likelihood=_log_likelihood,
    draw=_draw,
    mean=_mean,
    start=lambda y, link: 0.0,
    response="probability",
    predictor="log odds against the reference",
    several=True,
)
