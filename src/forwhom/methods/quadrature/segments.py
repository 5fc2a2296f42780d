"""Groups of one rank, their cells, and sums over each group's cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forwhom.families import Family, Outcome

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
class Star:
    """Groups whose arms are independent given the baseline; a leaf is one arm of one group.

    Attributes:
        centred: whether a group has a baseline of its own; without one its arms are apart.
        owner: (L,) which of the segment's groups each leaf is of, sorted; arm: (L,) its own column.
        leaf: (t,) which leaf each of the cells that see one is of, sorted.
        cells, leaves: runs of the cells in leaves, and of the leaves in groups.
    """

    centred: bool
    owner: IntArray
    arm: IntArray
    leaf: IntArray
    cells: Runs
    leaves: Runs

    @staticmethod
    def make(centred: bool, owner: IntArray, arm: IntArray, leaf: IntArray, groups: int) -> Star:
        """Find the runs."""
        return Star(centred, owner, arm, leaf, Runs.of(leaf, len(owner)), Runs.of(owner, groups))


@dataclass(frozen=True, slots=True)
class Segment:
    """Groups of one rank and their cells.

    Attributes:
        rank: 0, 1 or 2: how many standard normals a cell sees at most.
        groups: (g,) group numbers.
        cells: (c,) cell numbers, sorted by group and, for rank two, those without treatment first
            among all (``untreated`` of them).
        index: (c,) which of the segment's groups each cell is in.
        own: (c, R) own columns; direction: (g, R) the one direction of a group of rank one.
        untreated: how many of the cells, the first, do not see the second coordinate.
        runs: of the untreated cells and of the others.
        star: the leaves, where a group may have several or their law is not normal; None where a
            group of rank two has one effect.
    """

    rank: int
    groups: IntArray
    cells: IntArray
    index: IntArray
    own: FloatArray
    direction: FloatArray
    untreated: int
    runs: tuple[Runs, Runs]
    star: Star | None = None

    @property
    def dimensions(self) -> int:
        """Of a group's integral, the most."""
        if self.star is None:
            return self.rank
        return int(np.bincount(self.star.owner).max()) + self.star.centred

    # Many parameters: what a segment is.
    @staticmethod
    def make(
        rank: int,
        groups: IntArray,
        cells: IntArray,
        index: IntArray,
        own: FloatArray,
        direction: FloatArray,
        untreated: int,
        star: Star | None = None,
    ) -> Segment:
        """Find the runs."""
        runs = (Runs.of(index[:untreated], len(groups)), Runs.of(index[untreated:], len(groups)))
        return Segment(rank, groups, cells, index, own, direction, untreated, runs, star)


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
class Integrand:
    """The likelihood of groups at K points, as a function of their own standard normals.

    Attributes:
        segment, data: c cells in g groups.
        fixed: (c, K) linear predictor without what is the groups' own.
        loading: (c, rank, K) what one unit of each standard normal adds.
        parameters: the family's, (size, K) each.
        nu: (L, K) degrees of freedom of a star's leaves where these are Student-t, or None.
    """

    segment: Segment
    data: CellData
    fixed: FloatArray
    loading: FloatArray
    parameters: tuple[FloatArray, ...]
    nu: FloatArray | None = None

    def points(self, some: slice) -> Integrand:
        """The same at some points."""
        return Integrand(
            self.segment,
            self.data,
            self.fixed[:, some],
            self.loading[..., some],
            tuple(p[:, some] for p in self.parameters),
            None if self.nu is None else self.nu[:, some],
        )


def group_sums(segment: Segment, values: FloatArray) -> FloatArray:
    """Group sums where the untreated cells come first; may be ``values`` itself."""
    at = segment.untreated
    if not at:
        return segment.runs[1].sums(values)
    return segment.runs[0].sums(values[:at]) + segment.runs[1].sums(values[at:])


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
            None if segment.star is None else _some_leaves(segment.star, low, high),
        ),
        cells,
    )


def _some_leaves(star: Star, low: int, high: int) -> Star:
    """The star of the groups from one number to another."""
    a, b = np.searchsorted(star.owner, [low, high])
    first, last = np.searchsorted(star.leaf, [a, b])
    owner, leaf = star.owner[a:b] - low, star.leaf[first:last] - a
    return Star.make(star.centred, owner, star.arm[a:b], leaf, high - low)
