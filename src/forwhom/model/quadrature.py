"""Adaptive Gauss-Hermite quadrature over the groups' own standard normals, many groups at once.

For each group and point: find the mode of likelihood x normal density, lay a product rule over the
normal that matches mode and curvature there, and add up (Naylor and Smith 1982, JRSS C 31(3)).
The second coordinate is laid out given the first, so that cells without treatment, which see the
first alone, are evaluated at q nodes instead of q^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome
from forwhom.model.gauss_hermite import hermite

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STEEPEST = 1e10  # curvature of a cell; far out, where hazards overflow, any bound will do
MOST_ROUNDS = 8  # of the search for a group's mode
CLOSE = 1.0  # sds: a step shorter than this leaves less than quadrature forgives, which is checked
MOST_BLOCKS = 40  # sums of equal shape from which one pass over all of them is faster


@dataclass(frozen=True, slots=True)
class Runs:
    """Cells sorted by group, to be added up group by group.

    Attributes:
        count: number of groups.
        first, index: where the run of each group with cells begins, and which group it is.
        blocks: neighbouring groups with equally many cells: first and last group (exclusive), first
            cell, cells per group. Empty where there would be too many.
    """

    count: int
    first: IntArray
    index: IntArray
    blocks: tuple[tuple[int, int, int, int], ...]

    @staticmethod
    def of(index: IntArray, count: int) -> Runs:
        """From the group of each cell, sorted."""
        first = np.flatnonzero(np.r_[True, index[1:] != index[:-1]][: len(index)])
        lengths = np.bincount(index, minlength=count)
        at = np.flatnonzero(np.r_[True, lengths[1:] != lengths[:-1]][:count])
        blocks: list[tuple[int, int, int, int]] = []
        if len(at) <= MOST_BLOCKS:
            begins = np.cumsum(lengths) - lengths
            for low, high in pairwise([*at.tolist(), count]):
                blocks.append((low, high, int(begins[low]), int(lengths[low])))
        return Runs(count, first, index[first], tuple(blocks))

    @property
    def alone(self) -> bool:
        """Whether every group has exactly one cell, so that sums are the cells themselves."""
        return len(self.blocks) == 1 and self.blocks[0][3] == 1

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums over each group's cells, (c, *S) to (count, *S); ``values`` itself if alone."""
        if self.alone:
            return values
        out = np.empty((self.count, *values.shape[1:]))
        for low, high, begin, length in self.blocks:
            if length == 0:
                out[low:high] = 0.0
            elif length == 1:
                out[low:high] = values[begin : begin + high - low]
            else:
                cells = values[begin : begin + length * (high - low)]
                split = cells.reshape(high - low, length, *values.shape[1:])
                np.add.reduce(split, axis=1, out=out[low:high])
        if not self.blocks and len(self.first):
            if len(self.index) < self.count:
                out[:] = 0.0
            out[self.index] = np.add.reduceat(values, self.first, axis=0)
        return out


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
        runs: of the untreated cells and of the others.
    """

    rank: int
    groups: IntArray
    cells: IntArray
    index: IntArray
    own: FloatArray
    direction: FloatArray
    untreated: int
    runs: tuple[Runs, Runs]

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
        runs = (Runs.of(index[:untreated], len(groups)), Runs.of(index[untreated:], len(groups)))
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
        cross[:, a] = _sums(segment, part[:, None, :] * columns[:, :, None])
    spread = spread_of(_precision(segment, loading, weight))
    turned = np.einsum("gbak,gbpk->kgap", spread, cross).reshape(k, count * r, p)
    return np.asarray(turned.transpose(0, 2, 1) @ turned)


def _sums(segment: Segment, values: FloatArray) -> FloatArray:
    """Group sums where the untreated cells come first; may be ``values`` itself."""
    at = segment.untreated
    if not at:
        return segment.runs[1].sums(values)
    return segment.runs[0].sums(values[:at]) + segment.runs[1].sums(values[at:])


def _precision(segment: Segment, loading: FloatArray, weight: FloatArray) -> FloatArray:
    """I + l'W l of each group, (g, r, r, K); the untreated cells see the first alone."""
    r, at = segment.rank, segment.untreated
    out = np.empty((len(segment.groups), r, r, weight.shape[1]))
    pulled = loading[:, 0] * weight
    out[:, 0, 0] = _sums(segment, pulled * loading[:, 0])
    out[:, 0, 0] += 1.0
    if r == 2:
        treated, high = segment.runs[1], loading[at:, 1]
        out[:, 1, 0] = treated.sums(pulled[at:] * high)
        out[:, 0, 1] = out[:, 1, 0]
        out[:, 1, 1] = treated.sums(weight[at:] * high**2)
        out[:, 1, 1] += 1.0
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
    begin: FloatArray | None = None,
    close: float = CLOSE,
) -> tuple[FloatArray, FloatArray]:
    """Mode (g, r, K) of each group's standard normals and the spread (g, r, r, K) around it.

    The search begins at ``begin``, (g, r, K) or broadcast to it, zero by default, and ends when no
    group's step was longer than ``close`` sds.
    """
    count, r, k = len(segment.groups), segment.rank, fixed.shape[1]
    z, spread = np.zeros((count, r, k)), np.zeros((count, r, r, k))
    if begin is not None:
        z += begin
    weight = None if bool((data.weight == 1).all()) else data.weight[:, None]
    at: slice | IntArray = slice(0, k)  # points whose search goes on
    now, eta = z, predictor(segment, fixed, loading, z) if begin is not None else fixed
    previous = np.full(k, np.inf)
    for _ in range(MOST_ROUNDS):
        pull, curved = data.family.slopes_of(data.outcome, eta, data.link, parameters)
        if weight is not None:
            pull, curved = weight * pull, weight * curved
        curved = np.negative(curved)
        np.clip(curved, 0.0, STEEPEST, out=curved)
        around = spread_of(_precision(segment, loading, curved))
        step, longest = _step(segment, loading, pull, around, now)
        far = ~(longest < close)
        step[..., far & (longest > 0.7 * previous)] *= 0.5  # it goes to and fro
        now = now + step
        z[..., at], spread[..., at] = now, around
        if not far.any():
            break
        previous = longest
        if far.mean() < 0.7:
            at, previous = np.arange(k)[at][far], longest[far]
            now, fixed, loading = now[..., far], fixed[:, far], loading[..., far]
            parameters = tuple(p[:, far] for p in parameters)
        eta = predictor(segment, fixed, loading, now)
    return z, spread


def _step(
    segment: Segment, loading: FloatArray, pull: FloatArray, spread: FloatArray, z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A Newton step in z, (g, r, K), and the longest in sds at each point, (K,)."""
    step = np.empty_like(z)
    slope = _sums(segment, loading[:, 0] * pull) - z[:, 0]
    one = np.multiply(spread[:, 0, 0], slope, out=slope)
    if segment.rank == 1:
        longest = np.abs(one).max(axis=0, initial=0.0)
    else:
        at = segment.untreated
        second = segment.runs[1].sums(loading[at:, 1] * pull[at:]) - z[:, 1]
        one += spread[:, 1, 0] * second
        second *= spread[:, 1, 1]
        longest = np.maximum(np.abs(one).max(axis=0), np.abs(second).max(axis=0))
        step[:, 1] = spread[:, 1, 0] * one + spread[:, 1, 1] * second
    step[:, 0] = spread[:, 0, 0] * one
    np.clip(step, -1.5, 1.5, out=step)
    return step, np.asarray(longest)


def predictor(
    segment: Segment, fixed: FloatArray, loading: FloatArray, z: FloatArray
) -> FloatArray:
    """The cells' linear predictor (c, K) at the groups' z (g, r, K)."""
    eta = loading[:, 0] * z[segment.index, 0]
    eta += fixed
    if segment.rank == 2:
        at = segment.untreated
        eta[at:] += loading[at:, 1] * z[segment.index[at:], 1]
    return np.asarray(eta)


def integrate(
    segment: Segment,
    data: CellData,
    fixed: FloatArray,
    loading: FloatArray,
    parameters: tuple[FloatArray, ...],
    order: int,
    slopes: bool = False,
    begin: FloatArray | None = None,
    close: float = CLOSE,
) -> Integral:
    """Integrate the segment's groups.

    Args:
        segment, data: c cells in g groups.
        fixed: (c, K) linear predictor without the locals.
        loading: (c, rank, K).
        parameters: the family's, (size, K) each.
        order: nodes per coordinate.
        slopes: whether to average derivatives too.
        begin, close: as for ``find_modes``.
    """
    rank, at = segment.rank, segment.untreated
    if rank == 0:
        return _plain(data, fixed, parameters, slopes)
    z, spread = find_modes(segment, data, fixed, loading, parameters, begin, close)
    x, log_weight = hermite(order)
    count, k = len(segment.groups), fixed.shape[1]
    treated = segment.runs[1]
    # node coordinates: (g, q, K), and the second (g, q, q, K), the first's nodes along axis 1
    first = spread[:, 0, 0, None] * x[:, None]
    first += z[:, 0, None]
    few = [p[:, None] for p in parameters]
    value: FloatArray
    if rank == 1:
        eta = loading[:, 0, None] * (first if treated.alone else first[segment.index])
        eta += fixed[:, None]
        terms = _terms(data, eta, few, slopes)
        value = treated.sums(terms[0])
        first *= first
        first *= -0.5
        first += log_weight[:, None]
        # the middle is near the mode, so that nothing overflows around it
        top = value[:, order // 2] + first[:, order // 2]
        first -= top[:, None]
        value += first
        log_volume = np.log(spread[:, 0, 0])
    else:
        along = z[:, 1, None] + spread[:, 1, 0, None] * x[:, None]  # (g, q, K), by the first's node
        across = spread[:, 1, 1, None] * x[:, None]  # (g, q, K), by the second's
        shifted = loading[:, 0, None] * first[segment.index]
        shifted += fixed[:, None]
        high = loading[at:, 1, None]
        index = segment.index[at:]
        shifted[at:] += high * along[index]
        eta = shifted[at:, :, None] + (high * across[index])[:, None]
        many = [p[:, None, None] for p in parameters]
        below = _terms(data.part(slice(0, at)), shifted[:at], few, slopes)
        above = _terms(data.part(slice(at, None)), eta, many, slopes)
        first *= first
        first *= -0.5
        first += log_weight[:, None]
        if at:
            first += segment.runs[0].sums(below[0])
        along *= np.sqrt(0.5)
        across *= np.sqrt(0.5)
        value = treated.sums(above[0])
        normal = along[:, :, None] + across[:, None]
        normal *= normal
        normal -= log_weight[:, None]
        value -= normal
        middle = order // 2
        top = value[:, middle, middle] + first[:, middle]
        first -= top[:, None]
        value += first[:, :, None]
        value = value.reshape(count, order**2, k)
        log_volume = np.log(spread[:, 0, 0] * spread[:, 1, 1])
    np.exp(value, out=value)
    total = value.sum(axis=1)
    log_integral = np.log(total)
    log_integral += top
    log_integral += log_volume
    out = log_integral.sum(axis=0) - 0.5 * rank * count * np.log(2 * np.pi)
    if not slopes:
        return Integral(out, fixed[:0], fixed[:0], ())
    value /= total[:, None]  # each node's share of the locals' posterior
    if rank == 1:
        averages = _average(terms, value[segment.index], (1,))
    else:
        value = value.reshape(count, order, order, k)
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
    plain = bool((data.weight == 1).all())
    weight = data.weight.reshape(-1, *(1,) * (eta.ndim - 1))
    if not slopes:
        value = data.family.log_likelihood(data.outcome, eta, data.link, parameters)
        return (value if plain else weight * value,)
    found = data.family.derivatives(data.outcome, eta, data.link, parameters)
    terms = (found.value, found.first, found.second, *found.parameters)
    return terms if plain else tuple(weight * one for one in terms)


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
    mode, spread = find_modes(segment, data, fixed, loading, parameters, close=0.1)
    df = 8.0

    def propose() -> tuple[FloatArray, FloatArray]:
        noise = rng.standard_normal((count, rank, k))
        noise /= np.sqrt(rng.chisquare(df, (count, 1, k)) / df)
        z = mode + np.einsum("gabk,gbk->gak", spread, noise)
        eta = predictor(segment, fixed, loading, z)
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
