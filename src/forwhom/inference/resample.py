"""What the gridded proposals share: volumes of tent functions, and systematic resampling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def tent_volumes(axes: tuple[FloatArray, ...]) -> FloatArray:
    """Integral of each grid point's tent function, (P,), the last axis fastest.

    >>> tent_volumes((np.array([0.0, 1.0, 2.0]),)).tolist()
    [0.5, 1.0, 0.5]
    """
    total = np.ones(1)
    for nodes in axes:
        width = np.full(len(nodes), nodes[1] - nodes[0])
        width[[0, -1]] *= 0.5
        total = np.multiply.outer(total, width).ravel()
    return total


def systematic(log_weight: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """Indices of a systematic resample, in random order (Kitagawa 1996, JCGS 5(1))."""
    order = rng.permutation(len(log_weight))
    weights = np.exp(log_weight[order] - log_weight.max())
    edges = np.cumsum(weights)
    at = (np.arange(draws) + rng.random()) / draws * edges[-1]
    picked = order[np.searchsorted(edges, at).clip(0, len(order) - 1)]
    return np.asarray(rng.permutation(picked))
