"""Adaptive Gauss-Hermite quadrature over the groups' own standard normals, many groups at once.

For each group and point: find the mode of likelihood x normal density, lay a product rule over the
normal that matches mode and curvature there, and add up (Naylor and Smith 1982, JRSS C 31(3)).
The second coordinate is laid out given the first, so that cells without treatment, which see the
first alone, are evaluated at q nodes instead of q^2.

Tests: tests/methods/quadrature/test_rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.quadrature.gauss_hermite import hermite
from forwhom.methods.quadrature.modes import CLOSE, find_modes, precision_of, spread_of
from forwhom.methods.quadrature.segments import CellData, Integrand, Segment, group_sums

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Integral:
    """Log integrals summed over groups, and averages over the locals' posterior.

    Attributes:
        value: (K,).
        first, second: (c, K) weighted averages of the derivatives in the linear predictor.
        parameters: per family parameter (size, K), summed over cells.
    """

    value: FloatArray
    first: FloatArray
    second: FloatArray
    parameters: tuple[FloatArray, ...]


def weighted_squares(weight: FloatArray, columns: FloatArray) -> FloatArray:
    """Sum over cells of weight x columns' outer product, (K, p, p)."""
    p = columns.shape[1]
    low = np.tril_indices(p)
    products = columns[:, low[0]] * columns[:, low[1]]
    packed = weight.T @ products
    out = np.empty((weight.shape[1], p, p))
    out[:, low[0], low[1]] = packed
    out[:, low[1], low[0]] = packed
    return out


def shared_curvature(
    segment: Segment, loading: FloatArray, weight: FloatArray, columns: FloatArray
) -> FloatArray:
    """What integrating the locals out takes from the curvature, (K, p, p).

    With W the cells' curvatures and l the loadings: F'W l (I + l'W l)^-1 l'W F, group by group.
    """
    k, p = weight.shape[1], columns.shape[1]
    count, r = len(segment.groups), segment.rank
    if r == 1 and segment.runs[1].alone:  # a cell's own weight shrinks
        pulled = loading[:, 0] * weight
        return weighted_squares(pulled**2 / (1 + loading[:, 0] * pulled), columns)
    cross = np.empty((count, r, p, k))
    for a in range(r):
        part = loading[:, a] * weight
        cross[:, a] = group_sums(segment, part[:, None, :] * columns[:, :, None])
    spread = spread_of(precision_of(segment, loading, weight))
    turned = np.einsum("gbak,gbpk->kgap", spread, cross).reshape(k, count * r, p)
    return np.asarray(turned.transpose(0, 2, 1) @ turned)


def integrate(
    integrand: Integrand,
    order: int,
    slopes: bool = False,
    begin: FloatArray | None = None,
    close: float = CLOSE,
    careful: bool = False,
) -> Integral:
    """Integrate the segment's groups.

    Args:
        integrand: the groups' likelihood.
        order: nodes per coordinate.
        slopes: whether to average derivatives too.
        begin, close: as for ``find_modes``.
        careful: scale by the largest node, not by the middle one; done anyway where that overflows.
    """
    segment, fixed = integrand.segment, integrand.fixed
    rank, count = segment.rank, len(segment.groups)
    if rank == 0:
        return _plain(integrand, slopes)
    z, spread = find_modes(integrand, begin, close)
    nodes = (_on_line if rank == 1 else _on_plane)(integrand, z, spread, order, slopes)
    value, top = nodes.value, nodes.top
    if careful:
        highest = value.max(axis=1)
        value -= highest[:, None]
        top += highest
    np.exp(value, out=value)
    total = value.sum(axis=1)
    if not careful and not (np.isfinite(total) & (total > 0)).all():
        return integrate(integrand, order, slopes, begin, close, careful=True)
    log_integral = np.log(total)
    log_integral += top
    log_integral += nodes.log_volume
    out = log_integral.sum(axis=0) - 0.5 * rank * count * np.log(2 * np.pi)
    if not slopes:
        return Integral(out, fixed[:0], fixed[:0], ())
    value /= total[:, None]  # each node's share of the locals' posterior
    if rank == 1:
        averages = average(nodes.terms[0], value[segment.index], (1,))
    else:
        averages = _averages_on_plane(segment, nodes, value, order)
    return Integral(out, averages[0], averages[1], tuple(averages[2:]))


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Log densities at every node of each group.

    Attributes:
        value: (g, nodes, K), less ``top``.
        top: (g, K) that of the middle node: it is near the mode, and nothing overflows around it
            unless the mode was missed.
        log_volume: (g, K) of the nodes' unit.
        terms: what ``terms_of`` gives of the cells: of all; on a plane of the untreated ones, which
            see the first coordinate alone, and of the others.
    """

    value: FloatArray
    top: FloatArray
    log_volume: FloatArray
    terms: tuple[tuple[FloatArray, ...], ...]


def _on_line(
    integrand: Integrand, z: FloatArray, spread: FloatArray, order: int, slopes: bool
) -> _Nodes:
    """Nodes of groups of rank one."""
    segment = integrand.segment
    treated = segment.runs[1]
    first, log_weight = _first_nodes(z, spread, order)
    eta = integrand.loading[:, 0, None] * (first if treated.alone else first[segment.index])
    eta += integrand.fixed[:, None]
    terms = terms_of(integrand.data, eta, [p[:, None] for p in integrand.parameters], slopes)
    value = treated.sums(terms[0])
    first *= first
    first *= -0.5
    first += log_weight[:, None]
    top = value[:, order // 2] + first[:, order // 2]
    first -= top[:, None]
    value += first
    return _Nodes(value, top, np.log(spread[:, 0, 0]), (terms,))


def _on_plane(
    integrand: Integrand, z: FloatArray, spread: FloatArray, order: int, slopes: bool
) -> _Nodes:
    """Nodes of groups of rank two, (g, q, q, K), the first's along axis 1."""
    segment, data, loading = integrand.segment, integrand.data, integrand.loading
    count, k, at = len(segment.groups), integrand.fixed.shape[1], segment.untreated
    first, log_weight = _first_nodes(z, spread, order)
    x = hermite(order)[0]
    along = z[:, 1, None] + spread[:, 1, 0, None] * x[:, None]  # (g, q, K), by the first's node
    across = spread[:, 1, 1, None] * x[:, None]  # (g, q, K), by the second's
    shifted = loading[:, 0, None] * first[segment.index]
    shifted += integrand.fixed[:, None]
    high = loading[at:, 1, None]
    index = segment.index[at:]
    shifted[at:] += high * along[index]
    eta = shifted[at:, :, None] + (high * across[index])[:, None]
    few = [p[:, None] for p in integrand.parameters]
    many = [p[:, None, None] for p in integrand.parameters]
    below = terms_of(data.part(slice(0, at)), shifted[:at], few, slopes)
    above = terms_of(data.part(slice(at, None)), eta, many, slopes)
    first *= first
    first *= -0.5
    first += log_weight[:, None]
    if at:
        first += segment.runs[0].sums(below[0])
    along *= np.sqrt(0.5)
    across *= np.sqrt(0.5)
    value = segment.runs[1].sums(above[0])
    normal = along[:, :, None] + across[:, None]
    normal *= normal
    normal -= log_weight[:, None]
    value -= normal
    middle = order // 2
    top = value[:, middle, middle] + first[:, middle]
    first -= top[:, None]
    value += first[:, :, None]
    log_volume = np.log(spread[:, 0, 0] * spread[:, 1, 1])
    return _Nodes(value.reshape(count, order**2, k), top, log_volume, (below, above))


def _first_nodes(z: FloatArray, spread: FloatArray, order: int) -> tuple[FloatArray, FloatArray]:
    """The first coordinate at each node, (g, q, K), and the rule's log weights, (q,)."""
    x, log_weight = hermite(order)
    first = spread[:, 0, 0, None] * x[:, None]
    first += z[:, 0, None]
    return first, log_weight


def _averages_on_plane(
    segment: Segment, nodes: _Nodes, share: FloatArray, order: int
) -> list[FloatArray]:
    """Derivatives averaged by each node's share, cells without treatment first."""
    at = segment.untreated
    share = share.reshape(len(share), order, order, share.shape[-1])
    below, above = nodes.terms
    pairs = zip(
        average(below, share.sum(axis=2)[segment.index[:at]], (1,)),
        average(above, share[segment.index[at:]], (1, 2)),
        strict=True,
    )
    return [np.concatenate(pair) if i < 2 else pair[0] + pair[1] for i, pair in enumerate(pairs)]


def terms_of(
    data: CellData, eta: FloatArray, parameters: list[FloatArray], slopes: bool
) -> tuple[FloatArray, ...]:
    """Weighted log likelihood and, where asked, its derivatives, at every node."""
    plain = bool((data.weight == 1).all())
    weight = data.weight.reshape(-1, *(1,) * (eta.ndim - 1))
    if not slopes:
        value = data.family.log_likelihood(data.outcome, eta, data.link, parameters)
        return (value if plain else weight * value,)
    found = data.family.derivatives(data.outcome, eta, data.link, parameters)
    terms = (found.value, found.first, found.second, *found.parameters)
    return terms if plain else tuple(weight * one for one in terms)


def average(
    terms: tuple[FloatArray, ...], share: FloatArray, axes: tuple[int, ...]
) -> list[FloatArray]:
    """Derivatives averaged over nodes; those of the family's parameters summed over cells too."""
    first, second = ((one * share).sum(axis=axes) for one in terms[1:3])
    own = [
        (one * share).sum(axis=tuple(range(1, one.ndim - 1))) for one in terms[3:]
    ]  # (size, c, q, K) to (size, K)
    return [first, second, *own]


def _plain(integrand: Integrand, slopes: bool) -> Integral:
    """Groups without own parameters: the likelihood itself."""
    fixed = integrand.fixed
    terms = terms_of(integrand.data, fixed, list(integrand.parameters), slopes)
    value = terms[0].sum(axis=0)
    if not slopes:
        return Integral(value, fixed[:0], fixed[:0], ())
    return Integral(value, terms[1], terms[2], tuple(one.sum(axis=1) for one in terms[3:]))
