"""Means, sds and quantiles of values that occur several times each.

With ``times`` None every value occurs once. Quantiles are those of the values written out, to the
last bit, as a row can fall on a cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def total(values: FloatArray, times: FloatArray | None) -> float:
    """How many values there are."""
    return float(len(values)) if times is None else float(times.sum())


def mean(values: FloatArray, times: FloatArray | None) -> float:
    """Their mean.

    >>> mean(np.array([1.0, 4.0]), np.array([2.0, 1.0]))
    2.0
    """
    if times is None:
        return float(values.mean())
    return float(times @ values) / float(times.sum())


def sd(values: FloatArray, times: FloatArray | None) -> float:
    """Their standard deviation with n - 1; zero for a single value."""
    n = total(values, times)
    if n <= 1:
        return 0.0
    if times is None:
        return float(values.std(ddof=1))
    return float(np.sqrt(times @ (values - mean(values, times)) ** 2 / (n - 1)))


def quantiles(values: FloatArray, shares: FloatArray, times: FloatArray | None) -> FloatArray:
    """Linear interpolation between order statistics (Hyndman and Fan's type 7), numpy's default.

    >>> quantiles(np.array([1.0, 4.0]), np.array([0.5, 0.75]), np.array([2.0, 1.0])).tolist()
    [1.0, 2.5]
    """
    if times is None:
        return np.asarray(np.quantile(values, shares))
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(times[order])  # how many values there are up to each
    at = (ends[-1] - 1) * shares
    low = np.floor(at)
    part = at - low
    a = values[order][np.searchsorted(ends, low, side="right")]
    b = values[order][np.searchsorted(ends, np.minimum(low + 1, ends[-1] - 1), side="right")]
    # from the nearer end, as numpy rounds
    return np.asarray(np.where(part < 0.5, a + (b - a) * part, b - (b - a) * (1 - part)))
