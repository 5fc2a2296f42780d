"""Adaptive quadrature over a star: each leaf given the centre, then the centre.

A Student-t leaf has tails like a power, on which Gauss-Hermite rules converge slowly. Its nodes are
z = mode + sd sinh(bend t) / bend with t evenly spaced, the more bent the heavier the tails (the
trapezoidal rule converges exponentially there, Trefethen and Weideman 2014, SIAM Review 56(3)).
Beyond the last node the integrand falls off like an exponential in t where the rows say nothing,
and what is left of that series is added to its weight.

Tests: tests/methods/quadrature/test_star.py.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.gauss_hermite import hermite
from forwhom.methods.quadrature.integrals import Integral, average, terms_of
from forwhom.methods.quadrature.modes import CLOSE, find_modes
from forwhom.methods.quadrature.segments import Integrand
from forwhom.methods.quadrature.star import Arrow, log_law, split, star_of
from forwhom.methods.quadrature.star_gaussian import closed, integrate_closed

FloatArray = NDArray[np.float64]

REACH = 4.0  # of t
MOST_BENT = 3.0
SLOWEST = 0.05  # fall of a law from node to node
MORE, USUAL = 8, 9  # nodes of a heavy leaf beyond the centre's; past these it takes two for one


def leaf_nodes(order: int, heavy: bool) -> int:
    """Nodes of a leaf where the centre has ``order``."""
    return order + MORE + max(order - USUAL, 0) if heavy else order


@cache
def _bends() -> tuple[FloatArray, FloatArray]:
    """How far the last node is, as a logarithm, and how bent the nodes are then."""
    bend = np.linspace(1e-3, MOST_BENT, 600)
    return np.log(np.sinh(REACH * bend) / bend), bend


def leaf_rule(
    order: int, nu: FloatArray | None, mode: FloatArray, sd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Nodes in sds around the mode and log weights, (n, 1) or, given ``nu``, (L, n, K) each.

    Args:
        order: of the centre; nu, mode, sd: (L, K) degrees of freedom and places of the leaves.
    """
    if nu is None:
        x, log_weight = hermite(order)
        return x[:, None], log_weight[:, None]
    t = np.linspace(-REACH, REACH, leaf_nodes(order, heavy=True))
    step = float(t[1] - t[0])
    last = (6 + 40 / np.maximum(nu, 0.05) ** 1.2) * (len(t) / 13)
    bend = np.interp(np.log(last), *_bends())
    bent = bend[:, None] * t[:, None]
    log_weight = np.log(step * np.cosh(bent))
    reach = sd * np.sinh(REACH * bend) / bend
    for side, sign in ((0, -1.0), (-1, 1.0)):  # how fast the law falls off there, in t
        end = reach + sign * mode
        rate = (nu + 1) * end * sd * np.cosh(REACH * bend) / (nu + end**2)
        rate -= bend * np.tanh(REACH * bend)
        falls = np.where(end > 0, np.clip(rate * step, SLOWEST, 50.0), 50.0)
        log_weight[:, side] += np.log1p(1.0 / np.expm1(falls))
    return np.sinh(bent) / bend[:, None], log_weight


def integrate_star(
    integrand: Integrand,
    order: int,
    slopes: bool = False,
    begin: FloatArray | None = None,
    close: float = CLOSE,
) -> Integral:
    """Integrate the segment's groups; arguments as of ``integrals.integrate``."""
    segment, loading, nu = integrand.segment, integrand.loading, integrand.nu
    if closed(integrand) and not slopes:
        out = integrate_closed(integrand, partial(leaf_rule, order), begin, close)
        return Integral(out, integrand.fixed[:0], integrand.fixed[:0], ())
    star, at, data = star_of(segment), segment.untreated, integrand.data
    z, spread = find_modes(integrand, begin, close)
    arrow, (centre, leaf) = Arrow.of(segment, spread), split(segment, z)
    middle, centre_weight = hermite(order if star.centred else 1)
    x, leaf_weight = leaf_rule(order, nu, leaf, arrow.leaf)
    move = arrow.centre[:, None] * middle[:, None]
    first = move + centre[:, None]  # (g, q, K)
    along = arrow.tilt[:, None] * move[star.owner]
    along += leaf[:, None]  # (L, q, K), by the centre's node
    across = arrow.leaf[:, None] * x  # (L, n, K), by the leaf's
    shifted = loading[:, 0, None] * first[segment.index]
    shifted += integrand.fixed[:, None]
    high = loading[at:, 1, None]
    shifted[at:] += high * along[star.leaf]
    eta = (high * across[star.leaf])[:, None] + shifted[at:, :, None]
    few = [p[:, None] for p in integrand.parameters]
    many = [p[:, None, None] for p in integrand.parameters]
    below = terms_of(data.part(slice(0, at)), shifted[:at], few, slopes)
    above = terms_of(data.part(slice(at, None)), eta, many, slopes)
    value = star.cells.sums(above[0])  # (L, q, n, K)
    node = along[:, :, None] + across[:, None]
    value += log_law(node, None if nu is None else nu[:, None, None])
    value += leaf_weight if nu is None else leaf_weight[:, None]
    inner = _log_sum(value, 2, slopes) + np.log(arrow.leaf)[:, None]  # (L, q, K)
    outer = star.leaves.sums(inner) - 0.5 * first**2
    outer += centre_weight[:, None]
    if at:
        outer += segment.runs[0].sums(below[0])
    found = _log_sum(outer, 1, slopes) + np.log(arrow.centre)
    out = found.sum(axis=0) - 0.5 * len(found) * np.log(2 * np.pi)
    if not slopes:
        return Integral(out, integrand.fixed[:0], integrand.fixed[:0], ())
    untreated = average(below, outer[segment.index[:at]], (1,))
    share = value[star.leaf] * outer[segment.index[at:], :, None]
    treated = average(above, share, (1, 2))
    pairs = list(zip(untreated, treated, strict=True))
    one, two = (np.concatenate(pair) for pair in pairs[:2])
    return Integral(out, one, two, tuple(a + b for a, b in pairs[2:]))


def _log_sum(value: FloatArray, axis: int, shares: bool) -> FloatArray:
    """log of the summed exponentials; ``value`` is spoilt, or becomes each one's share."""
    top = value.max(axis=axis, keepdims=True)
    value -= top
    np.exp(value, out=value)
    total = value.sum(axis=axis, keepdims=True)
    if shares:
        value /= total
    return np.asarray((np.log(total) + top).squeeze(axis))
