"""The Gaussian model in sixty decimal digits, rows and matrices written out.

Nothing is shared with the code under test: no centring, no elimination, no cross-products. With so
many digits a prior of width 1e-12 beside one of 1e12, or a date beside its neighbour, is plain
arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, getcontext
from typing import Any

import numpy as np

DIGITS = 80


def exactly(values: Any) -> np.ndarray:
    """Numbers as decimals, not rounded."""
    getcontext().prec = DIGITS
    return np.vectorize(lambda x: Decimal(float(x)), otypes=[object])(np.asarray(values))


def cholesky(matrix: np.ndarray) -> np.ndarray:
    out = np.zeros_like(matrix) + Decimal(0)
    for j in range(len(matrix)):
        out[j, j] = (matrix[j, j] - out[j, :j] @ out[j, :j]).sqrt()
        for i in range(j + 1, len(matrix)):
            out[i, j] = (matrix[i, j] - out[i, :j] @ out[j, :j]) / out[j, j]
    return out


def forward(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    out = right.copy()
    for i in range(len(factor)):
        out[i] = (out[i] - factor[i, :i] @ out[:i]) / factor[i, i]
    return out


@dataclass(frozen=True)
class Dense:
    """Log density of y with all coefficients integrated out, and the coefficients' posterior."""

    log_density: float
    mean: np.ndarray
    sd: np.ndarray


def dense(
    F: np.ndarray, y: np.ndarray, group: np.ndarray, own: np.ndarray, mean: np.ndarray,
    sd: np.ndarray, tau: np.ndarray, sigma: float,
) -> Dense:  # fmt: skip
    """y ~ Normal(F mean, sigma^2 I + R D R' + F V F'), constants left out.

    Args:
        F: (n, p) columns as written; group: (n,); own: (n, R) columns of the group's parameters.
        mean, sd: (p,) of the normal priors; tau: (R,); sigma.
    """
    F, own = exactly(F), exactly(own)
    prior = exactly(sd) ** 2
    same = exactly(group[:, None] == group[None, :])
    covariance = F @ (prior[:, None] * F.T) + exactly(np.eye(len(y))) * exactly(sigma) ** 2
    for r, t in enumerate(exactly(tau)):
        covariance = covariance + t**2 * same * np.outer(own[:, r], own[:, r])
    factor = cholesky(covariance)
    z = forward(factor, exactly(y) - F @ exactly(mean))
    turned = forward(factor, F * prior)
    log_det = sum((factor[i, i].ln() for i in range(len(y))), Decimal(0))
    return Dense(
        float(-log_det - z @ z / 2),
        (exactly(mean) + turned.T @ z).astype(float),
        np.array([float((prior[j] - turned[:, j] @ turned[:, j]).sqrt()) for j in range(len(sd))]),
    )
