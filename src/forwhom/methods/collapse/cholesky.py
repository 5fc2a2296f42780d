"""Cholesky factors of many matrices at once, the points along the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LAPACK_ABOVE = 50  # columns; measured where the two ways of factorising cost the same


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
    from scipy.linalg import solve_triangular

    ends = np.searchsorted(owner, np.arange(factor.shape[2] + 1))
    for k in range(factor.shape[2]):
        some = slice(int(ends[k]), int(ends[k + 1]))
        right[:, some] = solve_triangular(
            factor[:n, :n, k], right[:, some], lower=True, trans="T", check_finite=False
        )
    return right


def _by_lapack(matrices: FloatArray) -> FloatArray:
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        half = len(matrices) // 2
        return np.concatenate([_by_lapack(matrices[:half]), _by_lapack(matrices[half:])])
