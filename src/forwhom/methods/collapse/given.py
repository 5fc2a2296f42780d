"""Scales that shrinkage priors learn, drawn given their coefficients; all chains side by side.

Given what a set shares, the horseshoe's local scales are independent. R2D2's variances are tied by
their sum V alone, by V^(a - S/2) (1 + V)^-(a + b) with R^2 ~ Beta(a, b) and S of them; two gamma
variables make each factor a mixture of exponentials of V, given which they are independent, too.
All moves are slice steps (Neal 2003, Annals of Statistics 31(3)), on logarithms.

Tests: tests/methods/collapse/test_given.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.shrinkage import CONCENTRATION, Shrinkage

FloatArray = NDArray[np.float64]

WIDTH, OUTWARDS = 2.0, 4  # of a slice's first interval, and how often it may grow
SHRINKS = 60  # after so many cuts an interval has no width left


def move_scales(
    shrinkage: Shrinkage,
    x: FloatArray,
    coefficients: FloatArray,
    log_unit: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Coordinates (K, size) after one round of moves that leave their law given coefficients.

    Args:
        coefficients: (K, S), as written.
        log_unit: (K,) log of what scales are in units of.
    """
    log_size = np.log(np.maximum(np.abs(coefficients), 1e-300)) - log_unit[:, None]
    out = x.copy()
    if shrinkage.kind == "horseshoe":
        out[:, :-2] = _locals(out, log_size, rng)
        alone = (x.shape[1] - 2, x.shape[1] - 1)
    elif shrinkage.kind == "r2d2":
        out = _variances(shrinkage, out, log_size, rng)
        alone = ()
    else:
        alone = (0,)
    for j in alone:
        out[:, j] = slice_step(_of_one(shrinkage, out, j, log_size), out[:, j], rng)
    return out


def slice_step(
    log_density: Callable[[FloatArray], FloatArray], x: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """One slice step of every entry of x, each by its own density, side by side.

    Args:
        log_density: of every entry, up to a constant, from an array of the shape of x.
    """
    level = log_density(x) - rng.standard_exponential(x.shape)
    left = x - WIDTH * rng.random(x.shape)
    right = left + WIDTH
    to_left = rng.integers(0, OUTWARDS + 1, x.shape)  # how often each end may be moved
    to_right = OUTWARDS - to_left
    for _ in range(OUTWARDS):
        out_left = (to_left > 0) & (log_density(left) > level)
        out_right = (to_right > 0) & (log_density(right) > level)
        if not (out_left.any() or out_right.any()):
            break
        left, right = left - WIDTH * out_left, right + WIDTH * out_right
        to_left, to_right = to_left * out_left - out_left, to_right * out_right - out_right
    found, open_ = x.copy(), np.ones(x.shape, dtype=bool)
    for _ in range(SHRINKS):
        tried = left + (right - left) * rng.random(x.shape)
        inside = open_ & (log_density(tried) > level)
        found = np.where(inside, tried, found)
        open_ &= ~inside
        if not open_.any():
            break
        left = np.where(open_ & (tried < x), tried, left)
        right = np.where(open_ & (tried >= x), tried, right)
    return found


def _log_normal(log_size: FloatArray, log_s: FloatArray) -> FloatArray:
    """Of coefficients given their sds, both by their logarithms, up to a constant."""
    with np.errstate(over="ignore"):
        return np.asarray(-log_s - 0.5 * np.exp(2 * (log_size - log_s)))


def _locals(x: FloatArray, log_size: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Logarithms of the horseshoe's local scales, (K, S)."""
    log_tau, log_c2 = x[:, -2:-1], x[:, -1:]

    def log_density(log_local: FloatArray) -> FloatArray:
        log_t2 = 2 * (log_local + log_tau)
        log_s = 0.5 * (log_t2 + log_c2 - np.logaddexp(log_t2, log_c2))
        return np.asarray(
            log_local - np.logaddexp(0.0, 2 * log_local) + _log_normal(log_size, log_s)
        )

    return slice_step(log_density, x[:, :-2], rng)


def _of_one(
    shrinkage: Shrinkage, x: FloatArray, j: int, log_size: FloatArray
) -> Callable[[FloatArray], FloatArray]:
    """Log density of one coordinate (K,) given the others and the coefficients."""

    def log_density(value: FloatArray) -> FloatArray:
        now = x.copy()
        now[:, j] = value
        with np.errstate(over="ignore"):
            prior = shrinkage.log_prior(now) + shrinkage.log_jacobian(now)
        return prior + _log_normal(log_size, shrinkage.log_scales(now)).sum(axis=1)

    return log_density


def _variances(
    shrinkage: Shrinkage, x: FloatArray, log_size: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """R2D2's coordinates by way of variances v = share times V, V = R^2 / (1 - R^2)."""
    mean, precision = shrinkage.numbers
    a, b, count = mean * precision, (1 - mean) * precision, log_size.shape[1]
    log_v = 2 * shrinkage.log_scales(x)
    log_total = x[:, -1:]  # of V
    total = np.exp(log_total)
    rate = rng.gamma(a + b, size=total.shape) / (1 + total)
    excess = CONCENTRATION * count - a
    if excess > 0:
        rate = rate + rng.gamma(excess, size=total.shape) / total

    def log_density(log_v: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            kept = CONCENTRATION * log_v - rate * np.exp(log_v)
        return np.asarray(kept + _log_normal(log_size, 0.5 * log_v))

    log_v = slice_step(log_density, log_v, rng)
    log_total = np.logaddexp.reduce(log_v, axis=1, keepdims=True)
    # the sum of the gamma variables says nothing of the scales, and is drawn anew
    log_sum = np.log(rng.gamma(CONCENTRATION * count, size=total.shape))
    return np.hstack([log_v - log_total + log_sum, log_total])
