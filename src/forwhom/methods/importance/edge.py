"""A coordinate of an sd in which a pile-up at zero and a long tail both fall off smoothly.

tau = width sinh(h(x)), h the integral of the normal distribution function: on the left a density
that does not vanish at zero becomes Phi(x); in the middle x is a multiple of tau; on the right it
is its logarithm.

Tests: tests/methods/importance/test_scales.py.
"""

from __future__ import annotations

from math import erfc, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_erfc = np.frompyfunc(erfc, 1, 1)
TINY = 1e-150


def rise(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """h(x) = x Phi(x) + phi(x) and its slope Phi(x), of any shape.

    >>> [round(float(v), 6) for v in (*rise(np.array([0.0]))[0], *rise(np.array([9.0]))[0])]
    [0.398942, 9.0]
    """
    slope = np.maximum(0.5 * np.asarray(_erfc(-x / sqrt(2)), dtype=float), TINY)
    with np.errstate(under="ignore"):
        value = x * slope + np.exp(-0.5 * x**2) / sqrt(2 * pi)
    return np.maximum(value, TINY), slope


def fall(height: FloatArray) -> FloatArray:
    """The x of ``rise`` for heights of any shape, by halving.

    >>> fall(rise(np.array([-1.3, 4.0]))[0]).round(6).tolist()
    [-1.3, 4.0]
    """
    low, high = np.full(np.shape(height), -25.0), np.maximum(height, 0.0) + 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = rise(middle)[0] < height
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def log_cosh(height: FloatArray) -> FloatArray:
    """Of heights >= 0, of any shape."""
    return np.asarray(height + np.log1p(np.exp(-2 * height)) - log(2))


def log_sinh(height: FloatArray) -> FloatArray:
    """Of heights > 0, of any shape."""
    return np.asarray(height + np.log(-np.expm1(-2 * height)) - log(2))
