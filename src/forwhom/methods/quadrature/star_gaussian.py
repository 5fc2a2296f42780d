"""Stars of a Gaussian outcome with one leaf a group: the centre integrates out in closed form.

The log likelihood is quadratic in the linear predictor, and so in the centre given the leaf. What
is left of a group is exp(c + b z - a z^2 / 2) times the leaf's law: one dimension.

Tests: tests/methods/quadrature/test_star.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.modes import find_modes
from forwhom.methods.quadrature.segments import Integrand, group_sums
from forwhom.methods.quadrature.star import Arrow, log_law, split, star_of

FloatArray = NDArray[np.float64]
Rule = Callable[[FloatArray | None, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


def closed(integrand: Integrand) -> bool:
    """Whether the centres integrate out in closed form."""
    star = star_of(integrand.segment)
    alone = not star.centred or len(star.owner) == len(integrand.segment.groups)
    return alone and integrand.data.family.name == "gaussian"


def leaf_quadratics(integrand: Integrand) -> tuple[FloatArray, FloatArray, FloatArray]:
    """a, b (L, K), and c (K,) summed over groups: the leaves' log likelihood, centres integrated.

    Without a centre, groups may have several leaves; with one, each has one leaf.
    """
    segment, data, loading = integrand.segment, integrand.data, integrand.loading
    star, at, eta = star_of(segment), segment.untreated, integrand.fixed
    value = data.family.log_likelihood(data.outcome, eta, data.link, integrand.parameters)
    first, second = data.family.slopes_of(data.outcome, eta, data.link, integrand.parameters)
    weight = data.weight[:, None]
    first, curved, high = weight * first, -weight * second, loading[at:, 1]
    a = star.cells.sums(curved[at:] * high**2)
    b = star.cells.sums(first[at:] * high)
    c = (weight * value).sum(axis=0)
    if not star.centred:
        return a, b, c
    low = loading[:, 0]
    precision = 1.0 + group_sums(segment, curved * low**2)
    pull = group_sums(segment, first * low)
    both = star.cells.sums(curved[at:] * high * low[at:])
    c = c + (0.5 * pull**2 / precision - 0.5 * np.log(precision)).sum(axis=0)
    return np.maximum(a - both**2 / precision, 0.0), b - both * pull / precision, c


def integrate_closed(
    integrand: Integrand,
    rule: Rule,
    begin: FloatArray | None,
    close: float,
) -> FloatArray:
    """Log integrals summed over groups, (K,).

    Args:
        integrand: as ``closed`` asks for.
        rule: makes the leaves' nodes, in sds around the mode, and their log weights, which
            broadcast to (L, n, K), from degrees of freedom, modes and sds.
        begin, close: as for ``find_modes``.
    """
    segment, nu = integrand.segment, integrand.nu
    a, b, c = leaf_quadratics(integrand)
    z, spread = find_modes(integrand, begin, close)
    arrow, leaf = Arrow.of(segment, spread), split(segment, z)[1]
    sd = np.hypot(arrow.leaf, arrow.tilt * arrow.centre[star_of(segment).owner])
    x, log_weight = rule(nu, leaf, sd)
    node = leaf[:, None] + sd[:, None] * x  # (L, n, K)
    value = (b[:, None] - 0.5 * a[:, None] * node) * node
    value += log_law(node, None if nu is None else nu[:, None])
    value += log_weight
    top = value.max(axis=1)
    value -= top[:, None]
    np.exp(value, out=value)
    return np.asarray(c + (top + np.log(sd * value.sum(axis=1))).sum(axis=0))
