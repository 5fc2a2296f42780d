"""Many smooth functions of a few coordinates at once, as polynomials fitted to weighted points.

Tests: tests/methods/importance/test_conditional.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

POINTS = 8  # a coefficient, that a third degree needs
RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Polynomial:
    """m coordinates to v values; outside of where it was fitted, as at the edge.

    Attributes:
        low, high: (m,) where it was fitted; degree: 1 to 3.
        coefficients: (terms, v).
    """

    low: FloatArray
    high: FloatArray
    degree: int
    coefficients: FloatArray

    @staticmethod
    def fit(at: FloatArray, values: FloatArray, weight: FloatArray) -> Polynomial:
        """From points (N, m), their values (N, v) and weights (N,)."""
        low, high = at.min(axis=0), at.max(axis=0)
        degree = 3
        while degree > 1 and _terms(at[:1], low, high, degree).shape[1] * POINTS > len(at):
            degree -= 1
        terms = _terms(at, low, high, degree)
        pulled = terms * weight[:, None]
        gram = pulled.T @ terms
        gram += RIDGE * weight.sum() * np.eye(len(gram)) / len(gram)
        return Polynomial(low, high, degree, np.linalg.solve(gram, pulled.T @ values))

    def at(self, at: FloatArray) -> FloatArray:
        """(K, v) at (K, m)."""
        inside = np.clip(at, self.low, self.high)
        return np.asarray(_terms(inside, self.low, self.high, self.degree) @ self.coefficients)


def _terms(at: FloatArray, low: FloatArray, high: FloatArray, degree: int) -> FloatArray:
    """Every product of up to so many coordinates, each from -1 to 1; (K, terms)."""
    unit = 2 * (at - low) / np.maximum(high - low, 1e-300) - 1
    out = [np.ones(len(at))]
    for size in range(1, degree + 1):
        for some in combinations_with_replacement(range(at.shape[1]), size):
            out.append(unit[:, list(some)].prod(axis=1))
    return np.stack(out, axis=1)
