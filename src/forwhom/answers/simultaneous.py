"""Simultaneous intervals: all rows of a table lie in theirs at once with the level's probability.

Sup-t bands of a posterior (Montiel Olea and Plagborg-Møller 2019, Journal of Applied Econometrics
34(1)): one factor stretches every row's equal-tailed interval about its median until as many draws
as the level says lie in all of them. Each side is measured by its own half, so that a skewed
posterior keeps its skew, and the interval of a single row stays what it is. One heavy tail (a ratio
whose denominator comes near zero) would stretch every row; ends are then the same two ranks of each
row's draws (Besag, Green, Higdon and Mengersen 1995, Statistical Science 10(1)), if there are draws
enough to find them.

Tests: tests/answers/test_simultaneous.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FAR = 0.8  # of a tail's draws, those nearest to the interval
HEAVY = 2.2  # times the half-width, at the last fifth of a tail; 1.3 if normal, 2.0 if Student-t(3)
ENOUGH = 10.0  # draws beyond each end, for ends that are ranks


def simultaneous(draws: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Ends of simultaneous intervals, (m,) each, of draws (m, D).

    >>> draws = np.random.default_rng(1).normal(size=(3, 20_000))
    >>> low, high = simultaneous(draws, 0.95)
    >>> [f"{end:.1f}" for end in high]  # 1.96 apart
    ['2.4', '2.4', '2.4']
    """
    tail = (1 - level) / 2
    far = tail * (1 - FAR)
    low, middle, high = np.quantile(draws, (tail, 0.5, 1 - tail), axis=1)
    if (1 - level) * draws.shape[1] / (2 * len(draws)) >= ENOUGH:
        lowest, highest = np.quantile(draws, (far, 1 - far), axis=1)
        down, up = HEAVY * (middle - low), HEAVY * (high - middle)
        if len(draws) > 1 and ((middle - lowest > down) | (highest - middle > up)).any():
            return _ranks(draws, level)
    below, above = (middle - low)[:, None], (high - middle)[:, None]
    apart = draws - middle[:, None]
    reach = np.maximum(_over(apart, above), _over(-apart, below)).max(axis=0)
    factor = np.quantile(reach, level)
    return middle - factor * below[:, 0], middle + factor * above[:, 0]


def _over(apart: FloatArray, half: FloatArray) -> FloatArray:
    """Distances in half-widths; a half of no width cannot be stretched, and says nothing."""
    return np.divide(apart, half, out=np.zeros(apart.shape), where=half > 0)


def _ranks(draws: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Between the same two ranks in each row."""
    count = draws.shape[1]
    order = np.argsort(draws, axis=1)
    outer = np.maximum(np.arange(1, count + 1), np.arange(count, 0, -1))
    outermost = np.empty(draws.shape, dtype=np.int64)
    np.put_along_axis(outermost, order, np.broadcast_to(outer, draws.shape), axis=1)
    last = int(np.sort(outermost.max(axis=0))[int(np.ceil(level * count)) - 1])
    rows = np.arange(len(draws))
    return draws[rows, order[:, count - last]], draws[rows, order[:, last - 1]]
