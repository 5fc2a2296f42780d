"""A multivariate t that learns its place and shape from weights: noise around conditional modes.

Tests: tests/methods/importance/test_conditional.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DF = 30.0  # light tails pay in many dimensions
WIDER = 1.03


@dataclass(frozen=True, slots=True)
class Noise:
    """shift (n,) and stretch (n, n), lower triangular."""

    shift: FloatArray
    stretch: FloatArray

    @staticmethod
    def standard(n: int) -> Noise:
        """Around zero."""
        return Noise(np.zeros(n), np.eye(n))

    def draw(self, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n)."""
        noise = rng.standard_normal((count, len(self.shift)))
        noise *= WIDER / np.sqrt(rng.chisquare(DF, count) / DF)[:, None]
        return np.asarray(self.shift + noise @ self.stretch.T)

    def log_density(self, e: FloatArray) -> FloatArray:
        """(K,) at e (K, n), constants kept."""
        n = len(self.shift)
        z = np.linalg.solve(self.stretch, (e - self.shift).T).T / WIDER
        value = -(DF + n) / 2 * np.log1p((z**2).sum(axis=1) / DF)
        value += lgamma((DF + n) / 2) - lgamma(DF / 2) - n / 2 * log(DF * pi) - n * log(WIDER)
        return np.asarray(value - np.log(np.abs(np.diag(self.stretch))).sum())

    def learn(self, e: FloatArray, weight: FloatArray) -> Noise:
        """Nearer to the law of points e (N, n) with weights (N,) that sum to one."""
        n, shift = len(self.shift), weight @ e
        off = e - shift
        covariance = (off * weight[:, None]).T @ off
        known = 1 / (weight**2).sum()
        trust = known / (known + 10 * n**2)  # towards no change of shape where draws are few
        covariance = trust * covariance + (1 - trust) * self.stretch @ self.stretch.T
        return Noise(shift, np.linalg.cholesky(covariance))
