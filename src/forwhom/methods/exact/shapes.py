"""Little matrices of group shapes: what a group's own R'R says of its parameters.

A shape is a distinct R'R, R having one or two columns (a one for the baseline, d for the effect).
All functions work on S shapes and K points at once.

Tests: tests/methods/exact/test_density.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def pairs_of(n: int) -> list[tuple[int, int]]:
    """Index pairs of a lower triangle, by rows."""
    return [(r, s) for r in range(n) for s in range(r + 1)]


def unique_rows(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct rows and each row's index among them."""
    if rows.shape[1] == 0:
        return np.zeros((1, 0)), np.zeros(len(rows), dtype=np.int64)
    order = np.lexsort(rows.T[::-1])
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (rows[order][1:] != rows[order][:-1]).any(axis=1)
    index = np.empty(len(rows), dtype=np.int64)
    index[order] = np.cumsum(new) - 1
    return rows[order][new], index


def orthonormal(gram: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each shape the matrix P with U = R P, and what each tau^2 adds to C = U'R D R'U.

    Args:
        gram: (S, R, R) matrices R'R, which may be singular: a direction without rows is left out.

    Returns:
        P (S, R, R), its columns zero for what is left out; and (S, pairs, R).
    """
    values, vectors = np.linalg.eigh(gram)
    present = values > 1e-12 * values.max(axis=1, initial=0.0)[:, None]
    root = np.sqrt(np.where(present, values, 0.0))
    with np.errstate(divide="ignore"):
        scaled = vectors * np.where(present, 1.0 / root, 0.0)[:, None, :]
    loading = vectors * root[:, None, :]  # of each direction on each group parameter
    pairs = pairs_of(gram.shape[1])
    spread = [loading[:, :, i] * loading[:, :, j] for i, j in pairs]
    return scaled, np.stack(spread, axis=1) if pairs else np.zeros((len(gram), 0, 0))


def determinant(gram: FloatArray, ratio: FloatArray) -> FloatArray:
    """|I + R'R D / sigma^2| for each shape and point.

    Args:
        gram: (S, R, R), R at most 2; ratio: (K, R) of tau^2 / sigma^2.

    Returns:
        (S, K), by a matrix product of terms that are not negative.
    """
    one, a = np.ones(len(ratio)), ratio.T
    if gram.shape[1] == 1:
        return np.column_stack([np.ones(len(gram)), gram[:, 0, 0]]) @ np.vstack([one, a])
    minor = np.maximum(gram[:, 0, 0] * gram[:, 1, 1] - gram[:, 1, 0] ** 2, 0.0)
    of_shape = np.column_stack([np.ones(len(gram)), gram[:, 0, 0], gram[:, 1, 1], minor])
    return np.asarray(of_shape @ np.vstack([one, a, a[0] * a[1]]))


def between(
    spread: FloatArray, tau2: FloatArray, variance: FloatArray, det: FloatArray
) -> FloatArray:
    """(sigma^2 I + C)^-1 for each shape and point, its lower triangle: (pairs, S, K).

    Args:
        spread: (S, pairs, R); tau2: (K, R); variance: (K,) sigma^2; det: (S, K).
    """
    t = tau2.T
    if spread.shape[2] == 1:
        return np.asarray(1.0 / (variance * det))[None]
    full = variance**2 * det
    out = np.empty((3, len(spread), len(tau2)))
    with_variance = np.vstack([variance, t])
    one = np.ones(len(spread))[:, None]
    np.matmul(np.hstack([one, spread[:, 2]]), with_variance, out=out[0])
    np.matmul(-spread[:, 1], t, out=out[1])
    np.matmul(np.hstack([one, spread[:, 0]]), with_variance, out=out[2])
    out /= full
    return out


def gain(gram: FloatArray, tau: FloatArray, sigma: FloatArray) -> FloatArray:
    """M = (R'R + sigma^2 D^-1)^-1, written so that tau = 0 is no special case.

    Args:
        gram: (S, R, R), R at most 2; tau: (K, R); sigma: (K,).

    Returns:
        (S, R, R, K).
    """
    ratio = (tau / sigma[:, None]) ** 2
    det, (a, *more) = determinant(gram, ratio), ratio.T
    m = np.empty((len(gram), gram.shape[1], gram.shape[1], len(tau)))
    if not more:
        m[:, 0, 0] = a / det
        return m
    b = more[0]
    m[:, 0, 0] = (a + a * b * gram[:, 1, 1, None]) / det
    m[:, 1, 1] = (b + a * b * gram[:, 0, 0, None]) / det
    m[:, 1, 0] = m[:, 0, 1] = -a * b * gram[:, 1, 0, None] / det
    return m
