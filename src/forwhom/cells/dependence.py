"""Linear dependence among columns, told from their cross-products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

EXACT = 1e-11  # share of a column's variance that counts as none: what rounding may leave over


def correlation_of(cross: FloatArray) -> FloatArray:
    """Cross-products of columns of unit size; a column of zeros stands by itself.

    >>> correlation_of(np.array([[4.0, 2.0], [2.0, 4.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    size = np.sqrt(np.diag(cross))
    empty = size <= 0
    out = cross / np.outer(np.where(empty, 1.0, size), np.where(empty, 1.0, size))
    out[empty, empty] = 1.0
    return np.asarray(out)


def first_dependent(cross: FloatArray) -> tuple[int, IntArray, FloatArray] | None:
    """The first column that those before it make up.

    Returns:
        the column, which others make it up, and with what weights (columns of unit size); None
        where there is none.

    >>> columns = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> last, others, weights = first_dependent(columns @ columns.T)
    >>> last, others.tolist(), (weights * 2**0.5).round(6).tolist()
    (2, [0, 1], [1.0, 1.0])
    """
    correlation = correlation_of(cross)
    p = len(correlation)
    factor = np.zeros((p, p))
    for j in range(p):
        row = factor[j, :j]
        left = correlation[j, j] - row @ row
        if left <= EXACT:
            weights = np.linalg.solve(factor[:j, :j].T, row)
            others = np.flatnonzero(np.abs(weights) > 1e-4 * np.abs(weights).max())
            return j, others, weights[others]
        factor[j:, j] = (correlation[j:, j] - factor[j:, :j] @ row) / np.sqrt(left)
    return None


def null_space(cross: FloatArray) -> FloatArray:
    """Directions (p, m) in which the columns add up to nothing; of unit columns, a unit long."""
    size = np.sqrt(np.diag(cross))
    empty = size <= 0
    correlation = correlation_of(cross)
    axes = np.eye(len(cross))[:, empty]
    values, vectors = np.linalg.eigh(correlation)
    found = vectors[:, values <= EXACT]
    scale = np.where(empty, 1.0, size / np.sqrt(max(float(cross.max(initial=0.0)), 1e-300)))
    return np.hstack([axes, found / scale[:, None]])
