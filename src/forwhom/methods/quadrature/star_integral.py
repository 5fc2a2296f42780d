"""Adaptive quadrature over a star: each leaf given the centre, then the centre.

A Student-t leaf has tails like a power, on which Gauss-Hermite rules converge slowly. Its nodes are
z = mode + sd sinh(t) with t evenly spaced (the trapezoidal rule converges exponentially there,
Trefethen and Weideman 2014, SIAM Review 56(3)). Beyond the last node the integrand falls off as
exp(-nu t) where the rows say nothing, and what is left of that series is added to its weight.

Tests: tests/methods/quadrature/test_star.py.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.gauss_hermite import hermite
from forwhom.methods.quadrature.integrals import Integral, average, terms_of
from forwhom.methods.quadrature.modes import CLOSE, find_modes
from forwhom.methods.quadrature.segments import Integrand
from forwhom.methods.quadrature.star import Arrow, log_law, split, star_of

FloatArray = NDArray[np.float64]

REACH, FARTHER = 4.0, 5  # of t: 27 sds at so many nodes of the centre, more with more


def leaf_nodes(order: int, heavy: bool) -> int:
    """Nodes of a leaf where the centre has ``order``."""
    return 3 * order + 4 if heavy else order


@cache
def _even(order: int) -> tuple[FloatArray, FloatArray, float]:
    """Nodes x (n,), log weights of the integral over x, and the step in t."""
    reach = REACH + np.log(order / FARTHER)
    t = np.linspace(-reach, reach, leaf_nodes(order, heavy=True))
    step = float(t[1] - t[0])
    return np.sinh(t), np.log(step * np.cosh(t)), step


def _leaf_rule(order: int, nu: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Nodes x (n,) and log weights, (n, 1) or, for degrees of freedom (L, K), (L, n, K)."""
    if nu is None:
        x, log_weight = hermite(order)
        return x, log_weight[:, None]
    x, log_weight, step = _even(order)
    out = np.tile(log_weight[:, None], (len(nu), 1, nu.shape[1]))
    rest = np.log1p(1.0 / np.expm1(np.minimum(nu * step, 50.0)))
    out[:, 0] += rest
    out[:, -1] += rest
    return x, out


def integrate_star(
    integrand: Integrand,
    order: int,
    slopes: bool = False,
    begin: FloatArray | None = None,
    close: float = CLOSE,
) -> Integral:
    """Integrate the segment's groups; arguments as of ``integrals.integrate``."""
    segment, loading, nu = integrand.segment, integrand.loading, integrand.nu
    star, at, data = star_of(segment), segment.untreated, integrand.data
    z, spread = find_modes(integrand, begin, close)
    arrow, (centre, leaf) = Arrow.of(segment, spread), split(segment, z)
    middle, centre_weight = hermite(order if star.centred else 1)
    x, leaf_weight = _leaf_rule(order, nu)
    move = arrow.centre[:, None] * middle[:, None]
    first = move + centre[:, None]  # (g, q, K)
    along = arrow.tilt[:, None] * move[star.owner]
    along += leaf[:, None]  # (L, q, K), by the centre's node
    across = arrow.leaf[:, None] * x[:, None]  # (L, n, K), by the leaf's
    shifted = loading[:, 0, None] * first[segment.index]
    shifted += integrand.fixed[:, None]
    high = loading[at:, 1, None]
    shifted[at:] += high * along[star.leaf]
    eta = shifted[at:, :, None] + (high * across[star.leaf])[:, None]
    few = [p[:, None] for p in integrand.parameters]
    many = [p[:, None, None] for p in integrand.parameters]
    below = terms_of(data.part(slice(0, at)), shifted[:at], few, slopes)
    above = terms_of(data.part(slice(at, None)), eta, many, slopes)
    value = star.cells.sums(above[0])  # (L, q, n, K)
    node = along[:, :, None] + across[:, None]
    value += log_law(node, None if nu is None else nu[:, None, None])
    value += leaf_weight if nu is None else leaf_weight[:, None]
    inner = _log_sum(value, 2) + np.log(arrow.leaf)[:, None]  # (L, q, K)
    outer = star.leaves.sums(inner) - 0.5 * first**2
    outer += centre_weight[:, None]
    if at:
        outer += segment.runs[0].sums(below[0])
    found = _log_sum(outer, 1) + np.log(arrow.centre)
    out = found.sum(axis=0) - 0.5 * len(found) * np.log(2 * np.pi)
    if not slopes:
        return Integral(out, integrand.fixed[:0], integrand.fixed[:0], ())
    untreated = average(below, outer[segment.index[:at]], (1,))
    share = value[star.leaf] * outer[segment.index[at:], :, None]
    treated = average(above, share, (1, 2))
    pairs = list(zip(untreated, treated, strict=True))
    one, two = (np.concatenate(pair) for pair in pairs[:2])
    return Integral(out, one, two, tuple(a + b for a, b in pairs[2:]))


def _log_sum(value: FloatArray, axis: int) -> FloatArray:
    """log of the summed exponentials; ``value`` becomes each one's share of the sum."""
    top = value.max(axis=axis, keepdims=True)
    value -= top
    np.exp(value, out=value)
    total = value.sum(axis=axis, keepdims=True)
    value /= total
    return np.asarray((np.log(total) + top).squeeze(axis))
