"""Groups whose arms are independent given the baseline: a star of one-dimensional integrals.

The baseline's standard normal is the centre, each arm's own the leaves. A cell sees the centre and
at most one leaf, so that the precision around the mode is an arrow, and the integral is
integral over the centre of the product over the leaves of an integral given the centre: q + J q^2
nodes for J arms, not q^(1 + J).

Packed: modes are (g + L, 1, K), the g centres first and the L leaves after them; the spread around
them is (g + 2L, 1, 1, K): each centre's sd, how far each leaf's mode moves with its centre, and
each leaf's sd given the centre.

A leaf's law is standard normal or, given ``nu``, Student-t; the curvature of the latter is taken as
(nu + 1) / (nu + z^2), which bounds it and is never negative.

Tests: tests/methods/quadrature/test_star.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.segments import Segment, Star, group_sums

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arrow:
    """Of the spread: centre (g, K), tilt (L, K) and leaf (L, K), as views."""

    centre: FloatArray
    tilt: FloatArray
    leaf: FloatArray

    @staticmethod
    def of(segment: Segment, spread: FloatArray) -> Arrow:
        """Unpacked."""
        count, leaves = len(segment.groups), len(star_of(segment).owner)
        flat = spread[:, 0, 0]
        return Arrow(flat[:count], flat[count : count + leaves], flat[count + leaves :])


def star_of(segment: Segment) -> Star:
    """Its star, where it is known to have one."""
    assert segment.star is not None
    return segment.star


def split(segment: Segment, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centres (g, K) and leaves (L, K) of packed ones, as views."""
    count = len(segment.groups)
    return z[:count, 0], z[count:, 0]


def star_predictor(
    segment: Segment, fixed: FloatArray, loading: FloatArray, z: FloatArray
) -> FloatArray:
    """The cells' linear predictor, (c, K)."""
    star, at = star_of(segment), segment.untreated
    centre, leaf = split(segment, z)
    eta = fixed.copy()
    if star.centred:
        eta += loading[:, 0] * centre[segment.index]
    eta[at:] += loading[at:, 1] * leaf[star.leaf]
    return eta


def arrow_of(
    segment: Segment,
    loading: FloatArray,
    weight: FloatArray,
    z: FloatArray | None = None,
    nu: FloatArray | None = None,
) -> FloatArray:
    """The spread (g + 2L, 1, 1, K) for curvatures (c, K) of the cells, at z where leaves are t."""
    star, at = star_of(segment), segment.untreated
    count, leaves = len(segment.groups), len(star.owner)
    out = np.empty((count + 2 * leaves, 1, 1, weight.shape[1]))
    arrow = Arrow.of(segment, out)
    high = loading[at:, 1] * weight[at:]
    own = star.cells.sums(high * loading[at:, 1]) + _stiffness(segment, z, nu)
    np.divide(1.0, np.sqrt(own), out=arrow.leaf)
    if not star.centred:
        arrow.centre[:] = 1.0
        arrow.tilt[:] = 0.0
        return out
    both = star.cells.sums(high * loading[at:, 0])
    np.divide(both, own, out=arrow.tilt)
    centre = group_sums(segment, weight * loading[:, 0] ** 2)
    centre = 1.0 + np.maximum(centre - star.leaves.sums(both * arrow.tilt), 0.0)
    np.divide(1.0, np.sqrt(centre), out=arrow.centre)
    np.negative(arrow.tilt, out=arrow.tilt)
    return out


def _stiffness(segment: Segment, z: FloatArray | None, nu: FloatArray | None) -> FloatArray | float:
    """Curvature of the leaves' own law."""
    if nu is None:
        return 1.0
    leaf = 0.0 if z is None else split(segment, z)[1]
    return np.asarray((nu + 1) / (nu + leaf**2))


def star_step(
    segment: Segment,
    loading: FloatArray,
    pull: FloatArray,
    spread: FloatArray,
    z: FloatArray,
    nu: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """A Newton step, packed, and the longest in sds at each point, (K,)."""
    star, at = star_of(segment), segment.untreated
    arrow, step = Arrow.of(segment, spread), np.empty_like(z)
    centre, leaf = split(segment, z)
    step_centre, step_leaf = split(segment, step)
    own = star.cells.sums(loading[at:, 1] * pull[at:]) - _stiffness(segment, z, nu) * leaf
    scaled = arrow.leaf * own
    longest = np.abs(scaled).max(axis=0, initial=0.0)
    np.multiply(arrow.leaf, scaled, out=step_leaf)
    step_centre[:] = 0.0
    if star.centred:
        slope = group_sums(segment, loading[:, 0] * pull) - centre
        slope = slope + star.leaves.sums(arrow.tilt * own)
        slope *= arrow.centre
        longest = np.maximum(longest, np.abs(slope).max(axis=0, initial=0.0))
        np.multiply(arrow.centre, slope, out=step_centre)
        step_leaf += arrow.tilt * step_centre[star.owner]
    return step, np.asarray(longest)


def log_law(z: FloatArray, nu: FloatArray | None) -> FloatArray:
    """Log density of a leaf at z (any shape), constants kept; ``nu`` broadcasts to it."""
    out = z * z
    if nu is None:
        out *= -0.5
        out -= 0.5 * np.log(2 * np.pi)
        return np.asarray(out)
    from scipy.special import gammaln

    out /= nu
    out += 1.0
    np.log(out, out=out)  # not log1p, which is slow: what it drowns in rounding does not matter
    out *= -(nu + 1) / 2
    out += gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    return np.asarray(out)


def star_curvature(
    segment: Segment,
    loading: FloatArray,
    weight: FloatArray,
    columns: FloatArray,
    nu: FloatArray | None,
) -> FloatArray:
    """What integrating the groups' own out takes from the curvature, (K, p, p)."""
    star, at = star_of(segment), segment.untreated
    k, p = weight.shape[1], columns.shape[1]
    arrow = Arrow.of(segment, arrow_of(segment, loading, weight, None, nu))
    pulled = (loading[at:, 1] * weight[at:])[:, None, :] * columns[at:, :, None]
    leaf = star.cells.sums(pulled)  # (L, p, K)
    parts = [arrow.leaf[:, None] * leaf]
    if star.centred:
        pulled = (loading[:, 0] * weight)[:, None, :] * columns[:, :, None]
        centre = group_sums(segment, pulled) + star.leaves.sums(arrow.tilt[:, None] * leaf)
        parts.append(arrow.centre[:, None] * centre)
    turned = np.concatenate(parts).transpose(2, 0, 1).reshape(k, -1, p)
    return np.asarray(turned.transpose(0, 2, 1) @ turned)
