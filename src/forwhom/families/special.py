"""Special functions where scipy's are slow.

Tests: tests/families/test_families.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SHIFT = 8
# Bernoulli numbers B_2, B_4, ... of the asymptotic series (Abramowitz and Stegun 1964, 6.4.12)
BERNOULLI_NUMBERS = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66)


def trigamma(x: FloatArray) -> FloatArray:
    """The second derivative of log Gamma for x > 0, to 1e-11: ten times as fast as polygamma(1, x).

    trigamma(x) = 1 / x^2 + trigamma(x + 1), eight times, then the asymptotic series.
    """
    total = 1 / x**2
    for k in range(1, SHIFT):
        step = x + k
        step *= step
        np.reciprocal(step, out=step)
        total += step
    inverse = 1 / (x + SHIFT)
    square = inverse**2
    series = np.zeros_like(square)
    for number in reversed(BERNOULLI_NUMBERS):
        series += number
        series *= square
    return np.asarray(total + inverse * (1 + 0.5 * inverse + series))
