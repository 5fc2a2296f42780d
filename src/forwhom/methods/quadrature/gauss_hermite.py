"""Gauss-Hermite nodes for integrals over a standard normal, in one and two dimensions.

Tests: tests/methods/quadrature/test_rules.py.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@cache
def hermite(order: int) -> tuple[FloatArray, FloatArray]:
    """Nodes x (order,) and log weights such that sum(exp(log_weight) f(x)) = integral of f.

    The weights hold the normal density's inverse: the integral is over the line, not under a
    density, which is what adaptive quadrature needs (Liu and Pierce 1994, Biometrika 81(3)).

    >>> x, log_weight = hermite(9)
    >>> float(np.round(np.exp(log_weight - 0.5 * x**2).sum() ** 2, 12) - np.round(2 * np.pi, 12))
    0.0
    """
    x, weight = np.polynomial.hermite_e.hermegauss(order)
    log_weight = np.log(weight) + 0.5 * x**2
    x.setflags(write=False)
    log_weight.setflags(write=False)
    return x, log_weight
