"""What the gridded proposals share: volumes of tent functions, and systematic resampling.

Tests: tests/methods/importance/test_proposal.py.
"""

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


def spline_matrix(nodes: FloatArray, points: FloatArray) -> FloatArray:
    """Matrix (K, m) that takes values at m even nodes to a cubic spline's values at K points.

    Second derivatives solve the usual system; at each end the third derivative is continuous
    across the last node but one ("not a knot"; de Boor 1978, chapter IV).

    >>> x = np.linspace(0.0, 4.0, 5)
    >>> at = np.array([0.3, 2.5])
    >>> bool(np.allclose(spline_matrix(x, at) @ x**3, at**3))
    True
    """
    m, width = len(nodes), nodes[1] - nodes[0]
    system, right = np.zeros((m, m)), np.zeros((m, m))
    inner = np.arange(1, m - 1)
    for shift, weight, value in ((-1, 1.0, 1.0), (0, 4.0, -2.0), (1, 1.0, 1.0)):
        system[inner, inner + shift] = weight
        right[inner, inner + shift] = value * 6 / width**2
    system[0, :3] = system[-1, -3:] = (1.0, -2.0, 1.0)
    bend = np.linalg.solve(system, right)  # values to second derivatives
    low = np.clip(((points - nodes[0]) / width).astype(np.int64), 0, m - 2)
    up = ((points - nodes[low]) / width)[:, None]
    down = 1 - up
    eye = np.eye(m)
    return np.asarray(
        down * eye[low]
        + up * eye[low + 1]
        + width**2 / 6 * ((down**3 - down) * bend[low] + (up**3 - up) * bend[low + 1])
    )


def systematic(log_weight: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """Indices of a systematic resample, in random order (Kitagawa 1996, JCGS 5(1))."""
    order = rng.permutation(len(log_weight))
    weights = np.exp(log_weight[order] - log_weight.max())
    edges = np.cumsum(weights)
    at = (np.arange(draws) + rng.random()) / draws * edges[-1]
    picked = order[np.searchsorted(edges, at).clip(0, len(order) - 1)]
    return np.asarray(rng.permutation(picked))
