"""Cholesky factors of many matrices and solutions by them, the points along the first axis.

Tests: tests/methods/laplace/test_precision.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BLOCK = 48  # rows solved for at once: numpy has no triangular solver


@dataclass(frozen=True, eq=False)
class Triangles:
    """K lower triangular factors (K, m, m).

    Attributes:
        factor: the factors; inverses: those of their diagonal blocks, (K, b, b) each.
    """

    factor: FloatArray
    inverses: tuple[FloatArray, ...]

    @staticmethod
    def of(matrices: FloatArray) -> Triangles:
        """Of positive definite matrices (K, m, m); NaN where one is not."""
        factor = cholesky(matrices)
        m = factor.shape[1]
        blocks = [slice(i, min(i + BLOCK, m)) for i in range(0, m, BLOCK)]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return Triangles(factor, tuple(np.linalg.inv(factor[:, b, b]) for b in blocks))

    @property
    def log_diagonal(self) -> FloatArray:
        """Sums of the diagonals' logarithms, (K,)."""
        return np.asarray(np.log(np.einsum("kii->ki", self.factor)).sum(axis=1))

    def forward(self, right: FloatArray) -> FloatArray:
        """L^-1 times (K, m, s)."""
        out = right.copy()
        for i, inverse in enumerate(self.inverses):
            rows = slice(i * BLOCK, i * BLOCK + inverse.shape[1])
            if i:
                out[:, rows] -= self.factor[:, rows, : i * BLOCK] @ out[:, : i * BLOCK]
            out[:, rows] = inverse @ out[:, rows]
        return out

    def backward(self, right: FloatArray) -> FloatArray:
        """L'^-1 times (K, m, s)."""
        out, m = right.copy(), right.shape[1]
        for i in range(len(self.inverses) - 1, -1, -1):
            rows = slice(i * BLOCK, min(i * BLOCK + BLOCK, m))
            if rows.stop < m:
                out[:, rows] -= (
                    self.factor[:, rows.stop :, rows].swapaxes(1, 2) @ out[:, rows.stop :]
                )
            out[:, rows] = self.inverses[i].swapaxes(1, 2) @ out[:, rows]
        return out

    def take(self, points: NDArray[np.int64]) -> Triangles:
        """Some of them."""
        return Triangles(self.factor[points], tuple(one[points] for one in self.inverses))

    def replaced(self, at: NDArray[np.int64], new: Triangles) -> None:
        """Put others in the place of some, in place."""
        self.factor[at] = new.factor
        for mine, theirs in zip(self.inverses, new.inverses, strict=True):
            mine[at] = theirs


def cholesky(matrices: FloatArray) -> FloatArray:
    """Lower factors of (K, m, m); NaN for one that is not positive definite."""
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        half = len(matrices) // 2
        return np.concatenate([cholesky(matrices[:half]), cholesky(matrices[half:])])


def small_cholesky(matrices: FloatArray) -> FloatArray:
    """Lower factors of (N, b, b) with b small, column by column, all at once; NaN as above."""
    out = np.zeros_like(matrices)
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(matrices.shape[1]):
            column = matrices[:, j:, j].copy()
            if j:
                column -= np.einsum("nik,nk->ni", out[:, j:, :j], out[:, j, :j])
            out[:, j:, j] = column / np.sqrt(column[:, :1])
    return out
