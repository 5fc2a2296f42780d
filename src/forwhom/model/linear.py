"""The linear predictor by way of its distinct rows, and the way back for slopes.

Cells are many, but what they put on coefficients and levels repeats: all cells of a group and
treatment share their row of coefficients and of the group's own parameters, all cells of a cluster
the row of the cluster's. A block of columns is multiplied out once for each of its distinct rows,
and cells look the products up; slopes are summed by distinct row before they are multiplied back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.model.factor import Factor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WORTH = 0.5  # distinct rows for each cell above which looking up saves nothing


@dataclass(frozen=True, eq=False)
class LinearMap:
    """Columns of the coefficients, then of all levels: (C, n) in blocks of columns.

    Attributes:
        rows: sparse (sum of P, n), the distinct rows of each block; turned: its transpose.
        sums: sparse (sum of P, C), one where a cell has the row.
        index: per block (C,), which of the block's rows each cell has.
        ends: where in ``rows`` the blocks begin and end.
    """

    rows: Any
    turned: Any
    sums: Any
    index: tuple[IntArray, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, columns: FloatArray, factors: tuple[Factor, ...]) -> LinearMap:
        """From the coefficients' columns (C, p) and the factors.

        The first factor, the groups, shares a block with the coefficients where the two repeat
        together.
        """
        from scipy import sparse

        blocks, rest = [], factors
        if factors:
            own = np.column_stack([columns, factors[0].own, factors[0].index])
            first, index = _distinct(own)
            if len(first) < len(columns):
                both = [sparse.csr_array(columns[first]), factors[0].incidence(first)]
                blocks, rest = [(sparse.hstack(both), index)], factors[1:]
        if not blocks:
            first, index = _distinct(columns)
            blocks.append((sparse.csr_array(columns[first]), index))
        for factor in rest:
            first, index = _distinct(np.column_stack([factor.own, factor.index]))
            blocks.append((factor.incidence(first), index))
        ends = np.cumsum([0, *(block.shape[0] for block, _ in blocks)]).tolist()
        rows = sparse.csr_array(sparse.block_diag([block for block, _ in blocks]))
        cells, ones = np.arange(len(columns)), np.ones(len(columns))
        sums = sparse.vstack(
            [
                sparse.csr_array((ones, (at, cells)), shape=(block.shape[0], len(cells)))
                for block, at in blocks
            ],
            format="csr",
        )
        where = tuple(at for _, at in blocks)
        return cls(rows, sparse.csr_array(rows.T), sums, where, tuple(ends))

    def apply(self, values: FloatArray) -> FloatArray:
        """(L, C) from coefficients and levels (L, n)."""
        out = np.zeros((len(values), len(self.index[0])))
        for to, one in zip(out, values, strict=True):
            products = self.rows @ one
            for index, (a, b) in zip(self.index, pairwise(self.ends), strict=True):
                to += products[a:b].take(index)
        return out

    def pull(self, slopes: FloatArray) -> FloatArray:
        """Slopes in coefficients and levels (L, n) from those in the linear predictor (L, C)."""
        return np.stack([self.turned @ (self.sums @ one) for one in slopes])

    def whole(self) -> Any:
        """All columns, sparse (C, n)."""
        from scipy import sparse

        blocks = [self.rows[a + index] for index, a in zip(self.index, self.ends[:-1], strict=True)]
        return sparse.csr_array(reduce(add, blocks))


def _distinct(table: FloatArray) -> tuple[IntArray, IntArray]:
    """The first of each distinct row (P,), and which each row is (C,); all, where few repeat."""
    every = np.arange(len(table))
    # rows are compared byte by byte, and adding zero makes minus zero zero
    packed = np.ascontiguousarray(table + 0.0).view(np.dtype((np.void, 8 * table.shape[1])))
    _, first, index = np.unique(packed.ravel(), return_index=True, return_inverse=True)
    return (first, index) if len(first) <= WORTH * len(table) else (every, every)
