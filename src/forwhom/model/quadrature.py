"""Adaptive Gauss-Hermite quadrature over the groups' own standard normals, many groups at once.

For each group and point: find the mode of likelihood x normal density, lay a product rule over the
normal that matches mode and curvature there, and add up (Naylor and Smith 1982, JRSS C 31(3)).
The second coordinate is laid out given the first, so that cells without treatment, which see the
first alone, are evaluated at q nodes instead of q^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome
from forwhom.model.gauss_hermite import hermite

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STEEPEST = 1e10  # curvature of a cell; far out, where hazards overflow, any bound will do
NEWTON_ROUNDS = 6  # of the search for a group's mode; quadrature forgives what is left


@dataclass(frozen=True, slots=True)
class Segment:
    """Groups of one rank and their cells.

    Attributes:
        rank: 0, 1 or 2.
        groups: (g,) group numbers.
        cells: (c,) cell numbers, sorted by group and, for rank two, those without treatment first
            among all (``untreated`` of them).
        index: (c,) which of the segment's groups each cell is in.
        own: (c, R) own columns; direction: (g, R) the one direction of a group of rank one.
        untreated: how many of the cells, the first, do not see the second coordinate.
        runs: for the untreated cells and the others, where each group's run of cells begins and
            which group it is.
    """

    rank: int
    groups: IntArray
    cells: IntArray
    index: IntArray
    own: FloatArray
    direction: FloatArray
    untreated: int
    runs: tuple[tuple[IntArray, IntArray], ...]

    @staticmethod
    def make(
        rank: int,
        groups: IntArray,
        cells: IntArray,
        index: IntArray,
        own: FloatArray,
        direction: FloatArray,
        untreated: int,
    ) -> Segment:
        """Find the runs."""
        parts = (index[:untreated], index[untreated:])
        firsts = [np.flatnonzero(np.r_[True, i[1:] != i[:-1]][: len(i)]) for i in parts]
        runs = tuple((first, i[first]) for first, i in zip(firsts, parts, strict=True))
        return Segment(rank, groups, cells, index, own, direction, untreated, runs)


@dataclass(frozen=True, slots=True)
class CellData:
    """The likelihood of a segment's cells."""

    family: Family
    link: str
    outcome: Outcome
    weight: FloatArray

    def part(self, cells: slice) -> CellData:
        """The same of some cells."""
        some = np.arange(len(self.weight))[cells]
        return CellData(self.family, self.link, self.outcome.take(some), self.weight[cells])


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


def group_sums(values: FloatArray, run: tuple[IntArray, IntArray], count: int) -> FloatArray:
    """Sums over cells, (c, *S) to (count, *S); cells sorted by group, groups may have none."""
    first, index = run
    if len(index) == count:
        return np.add.reduceat(values, first, axis=0)
    out = np.zeros((count, *values.shape[1:]))
    if len(index):
        out[index] = np.add.reduceat(values, first, axis=0)
    return out


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
    cross = np.empty((count, r, p, k))
    for a in range(r):
        part = loading[:, a] * weight
        cross[:, a] = _sums(segment, part[:, None, :] * columns[:, :, None])
    spread = spread_of(_precision(segment, loading, weight))
    turned = np.einsum("gbak,gbpk->kgap", spread, cross).reshape(k, count * r, p)
    return np.asarray(turned.transpose(0, 2, 1) @ turned)


def _sums(segment: Segment, values: FloatArray) -> FloatArray:
    """Group sums where the untreated cells come first."""
    at, count = segment.untreated, len(segment.groups)
    out = group_sums(values[at:], segment.runs[1], count)
    return out + group_sums(values[:at], segment.runs[0], count) if at else out


def _precision(segment: Segment, loading: FloatArray, weight: FloatArray) -> FloatArray:
    """I + l'W l of each group, (g, r, r, K)."""
    r = segment.rank
    out = np.empty((len(segment.groups), r, r, weight.shape[1]))
    for a in range(r):
        for b in range(a + 1):
            out[:, a, b] = _sums(segment, loading[:, a] * loading[:, b] * weight)
            out[:, b, a] = out[:, a, b]
        out[:, a, a] += 1.0
    return out


def spread_of(precision: FloatArray) -> FloatArray:
    """Lower-triangular S with S S' = precision^-1; (g, r, r, K)."""
    out = np.zeros_like(precision)
    if precision.shape[1] == 1:
        out[:, 0, 0] = 1.0 / np.sqrt(precision[:, 0, 0])
        return out
    a, b, c = precision[:, 0, 0], precision[:, 1, 0], precision[:, 1, 1]
    # I + M has determinant 1 + trace M + |M|, where |M| may drown in rounding but is not negative
    det = np.maximum(a * c - b * b, a + c - 1)
    out[:, 0, 0] = np.sqrt(c / det)
    out[:, 1, 0] = -b / np.sqrt(c * det)
    out[:, 1, 1] = 1.0 / np.sqrt(c)
    return out


def find_modes(
    segment: Segment,
    data: CellData,
    fixed: FloatArray,
    loading: FloatArray,
    parameters: tuple[FloatArray, ...],
    rounds: int = NEWTON_ROUNDS,
) -> tuple[FloatArray, FloatArray]:
    """Mode (g, r, K) of each group's standard normals and the spread (g, r, r, K) around it."""
    count, r, k = len(segment.groups), segment.rank, fixed.shape[1]
    z = np.zeros((count, r, k))
    weight = data.weight[:, None]
    spread = np.zeros((count, r, r, k))
    for _ in range(rounds):
        eta = fixed + np.einsum("crk,crk->ck", loading, z[segment.index])
        found = data.family.derivatives(data.outcome, eta, data.link, parameters)
        pull = weight * found.first
        curved = weight * np.clip(-found.second, 0.0, STEEPEST)
        gradient = np.stack([_sums(segment, loading[:, a] * pull) for a in range(r)], axis=1) - z
        spread = spread_of(_precision(segment, loading, curved))
        inner = np.einsum("gbak,gbk->gak", spread, gradient)
        step = np.einsum("gabk,gbk->gak", spread, inner)
        np.clip(step, -1.5, 1.5, out=step)
        z += step
        if np.abs(inner).max(initial=0.0) < 1e-2:
            break
    return z, spread


def integrate(
    segment: Segment,
    data: CellData,
    fixed: FloatArray,
    loading: FloatArray,
    parameters: tuple[FloatArray, ...],
    order: int,
    slopes: bool = False,
) -> Integral:
    """Integrate the segment's groups.

    Args:
        segment, data: c cells in g groups.
        fixed: (c, K) linear predictor without the locals.
        loading: (c, rank, K).
        parameters: the family's, (size, K) each.
        order: nodes per coordinate.
        slopes: whether to average derivatives too.
    """
    rank, at = segment.rank, segment.untreated
    if rank == 0:
        return _plain(data, fixed, parameters, slopes)
    z, spread = find_modes(segment, data, fixed, loading, parameters)
    x, log_weight = hermite(order)
    # node coordinates: (g, q, K), and the second (g, q, q, K), the first's nodes along axis 1
    first = z[:, 0, None] + spread[:, 0, 0, None] * x[:, None]
    shifted = fixed[:, None] + loading[:, 0, None] * first[segment.index]
    value: FloatArray
    if rank == 1:
        wide = [p[:, None] for p in parameters]
        terms = _terms(data, shifted, wide, slopes)
        value = group_sums(terms[0], segment.runs[1], len(segment.groups))
        value += log_weight[:, None] - 0.5 * first**2
        log_volume = np.log(spread[:, 0, 0])
        axes: tuple[int, ...] = (1,)
    else:
        second = (
            z[:, 1, None, None]
            + spread[:, 1, 0, None, None] * x[:, None, None]
            + spread[:, 1, 1, None, None] * x[:, None]
        )
        treated = shifted[at:, :, None] + loading[at:, 1, None, None] * second[segment.index[at:]]
        low = data.part(slice(0, at))
        high = data.part(slice(at, None))
        few = [p[:, None] for p in parameters]
        many = [p[:, None, None] for p in parameters]
        below, above = _terms(low, shifted[:at], few, slopes), _terms(high, treated, many, slopes)
        count = len(segment.groups)
        value = group_sums(above[0], segment.runs[1], count)
        value += group_sums(below[0], segment.runs[0], count)[:, :, None]
        value += (log_weight[:, None, None] + log_weight[:, None]) - 0.5 * (
            first[:, :, None] ** 2 + second**2
        )
        log_volume = np.log(spread[:, 0, 0]) + np.log(spread[:, 1, 1])
        axes = (1, 2)
    top = value.max(axis=axes, keepdims=True)
    value -= top
    np.exp(value, out=value)
    total = value.sum(axis=axes, keepdims=True)
    shape = (len(segment.groups), fixed.shape[1])
    log_integral = (np.log(total) + top).reshape(shape) + log_volume
    out = log_integral.sum(axis=0) - 0.5 * rank * len(segment.groups) * np.log(2 * np.pi)
    if not slopes:
        return Integral(out, fixed[:0], fixed[:0], ())
    value /= total  # each node's share of the locals' posterior
    if rank == 1:
        averages = _average(terms, value[segment.index], (1,))
    else:
        averages = [
            np.concatenate(pair) if i < 2 else pair[0] + pair[1]
            for i, pair in enumerate(
                zip(
                    _average(below, value.sum(axis=2)[segment.index[:at]], (1,)),
                    _average(above, value[segment.index[at:]], (1, 2)),
                    strict=True,
                )
            )
        ]
    return Integral(out, averages[0], averages[1], tuple(averages[2:]))


def _terms(
    data: CellData, eta: FloatArray, parameters: list[FloatArray], slopes: bool
) -> tuple[FloatArray, ...]:
    """Weighted log likelihood and, where asked, its derivatives, at every node."""
    weight = data.weight.reshape(-1, *(1,) * (eta.ndim - 1))
    plain = bool((data.weight == 1).all())
    if not slopes:
        value = data.family.log_likelihood(data.outcome, eta, data.link, parameters)
        return (value if plain else weight * value,)
    found = data.family.derivatives(data.outcome, eta, data.link, parameters)
    return (
        weight * found.value,
        weight * found.first,
        weight * found.second,
        *(weight * one for one in found.parameters),
    )


def _average(
    terms: tuple[FloatArray, ...], share: FloatArray, axes: tuple[int, ...]
) -> list[FloatArray]:
    """Derivatives averaged over nodes; those of the family's parameters summed over cells too."""
    first, second = ((one * share).sum(axis=axes) for one in terms[1:3])
    own = [
        (one * share).sum(axis=tuple(range(1, one.ndim - 1))) for one in terms[3:]
    ]  # (size, c, q, K) to (size, K)
    return [first, second, *own]


def _plain(
    data: CellData, fixed: FloatArray, parameters: tuple[FloatArray, ...], slopes: bool
) -> Integral:
    """Groups without own parameters: the likelihood itself."""
    terms = _terms(data, fixed, list(parameters), slopes)
    value = terms[0].sum(axis=0)
    if not slopes:
        return Integral(value, fixed[:0], fixed[:0], ())
    return Integral(value, terms[1], terms[2], tuple(one.sum(axis=1) for one in terms[3:]))


def draw_locals(
    segment: Segment,
    data: CellData,
    fixed: FloatArray,
    loading: FloatArray,
    parameters: tuple[FloatArray, ...],
    rng: np.random.Generator,
    steps: int,
) -> FloatArray:
    """One draw of each group's standard normals at each point, (g, rank, K).

    A Metropolis chain of independent proposals from a t around the mode, begun with one of them:
    its distance from the target shrinks by (1 - 1 / largest weight) with every step (Mengersen and
    Tweedie 1996, Annals of Statistics 24(1)), and the weights hardly vary.
    """
    count, rank, k = len(segment.groups), segment.rank, fixed.shape[1]
    mode, spread = find_modes(segment, data, fixed, loading, parameters)
    df = 8.0

    def propose() -> tuple[FloatArray, FloatArray]:
        noise = rng.standard_normal((count, rank, k))
        noise /= np.sqrt(rng.chisquare(df, (count, 1, k)) / df)
        z = mode + np.einsum("gabk,gbk->gak", spread, noise)
        eta = fixed + np.einsum("crk,crk->ck", loading, z[segment.index])
        terms = data.family.log_likelihood(data.outcome, eta, data.link, parameters)
        value = _sums(segment, data.weight[:, None] * terms) - 0.5 * (z**2).sum(axis=1)
        return z, value + (df + rank) / 2 * np.log1p((noise**2).sum(axis=1) / df)

    z, log_weight = propose()
    for _ in range(steps):
        new, new_weight = propose()
        accept = np.log(rng.random((count, k))) < new_weight - log_weight
        log_weight = np.where(accept, new_weight, log_weight)
        z = np.where(accept[:, None], new, z)
    return z


def some_groups(segment: Segment, groups: slice) -> tuple[Segment, IntArray]:
    """The segment of some of its groups, and where its cells are in the segment's."""
    low, high = groups.start, groups.stop
    at = segment.untreated
    parts = [
        np.arange(base + a, base + b)
        for base, index in ((0, segment.index[:at]), (at, segment.index[at:]))
        for a, b in [np.searchsorted(index, [low, high])]
    ]
    cells = np.concatenate(parts)
    return (
        Segment.make(
            segment.rank,
            segment.groups[groups],
            segment.cells[cells],
            segment.index[cells] - low,
            segment.own[cells],
            segment.direction[groups],
            len(parts[0]),
        ),
        cells,
    )
