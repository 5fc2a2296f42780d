"""Cholesky factors of many matrices at once, the points along the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 48  # rows solved for at once where matrices are large
LAPACK_ABOVE = 50  # columns; measured where the two ways of factorising cost the same


def unpack(packed: FloatArray, tri: tuple[IntArray, IntArray]) -> FloatArray:
    """Lower triangles of (q, q, K) matrices from (tri, K), in memory as ``cholesky`` wants them."""
    q, count = int(tri[0][-1]) + 1, packed.shape[1]
    if q <= LAPACK_ABOVE:
        full = np.zeros((q, q, count))
        full[tri] = packed
        return full
    each = np.zeros((count, q * q))
    each[:, tri[0] * q + tri[1]] = packed.T
    return each.reshape(count, q, q).transpose(1, 2, 0)


def cholesky(matrices: FloatArray) -> FloatArray:
    """Lower factors of (q, q, K), in place; of one that is not positive definite NaN.

    Only the lower triangles are read. Up to some fifty columns, all matrices at once, column by
    column, beats one LAPACK call each.
    """
    q = len(matrices)
    if q > LAPACK_ABOVE:
        return _by_lapack(np.ascontiguousarray(matrices.transpose(2, 0, 1))).transpose(1, 2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(q):
            column = matrices[j:, j]
            if j:
                column -= np.einsum("ijk,jk->ik", matrices[j:, :j], matrices[j, :j])
            column /= np.sqrt(column[0])
    return matrices


def back_substitute(factor: FloatArray, owner: IntArray, noise: FloatArray) -> FloatArray:
    """Draws (q - 1, D) of what bordered matrices are the precisions of.

    The last row of a factor is the right-hand side, already solved forwards.

    Args:
        factor: (q, q, K) lower factors; owner: (D,) which of them each draw is by, in order.
        noise: (q - 1, D) standard normals.
    """
    n = len(factor) - 1
    right = factor[n, :n][:, owner] + noise
    if n < LAPACK_ABOVE:
        each = factor[:n, :n, owner]
        out = np.empty_like(right)
        for j in range(n - 1, -1, -1):
            rest = np.einsum("ik,ik->k", each[j + 1 :, j], out[j + 1 :])
            out[j] = (right[j] - rest) / each[j, j]
        return out
    # numpy has no triangular solver: blocks of rows from the last, all factors at once
    first = np.searchsorted(owner, np.arange(factor.shape[2]))
    place = np.arange(len(owner)) - first[owner]
    wide = np.zeros((factor.shape[2], n, int(place.max(initial=0)) + 1))
    wide[owner, :, place] = right.T
    lower = factor.transpose(2, 0, 1)
    for start in range((n - 1) // BLOCK * BLOCK, -1, -BLOCK):
        rows, after = slice(start, min(start + BLOCK, n)), slice(min(start + BLOCK, n), n)
        wide[:, rows] -= lower[:, after, rows].swapaxes(1, 2) @ wide[:, after]
        wide[:, rows] = np.linalg.solve(lower[:, rows, rows].swapaxes(1, 2), wide[:, rows])
    return np.ascontiguousarray(wide[owner, :, place].T)


def _by_lapack(matrices: FloatArray) -> FloatArray:
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        half = len(matrices) // 2
        return np.concatenate([_by_lapack(matrices[:half]), _by_lapack(matrices[half:])])
