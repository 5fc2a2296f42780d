"""The linear predictor by way of its distinct rows, and the way back for slopes.

Cells are many, but what they put on coefficients and levels repeats: all cells of a group and
treatment share their row of coefficients and of the group's own parameters, all cells of a cluster
the row of the cluster's. A block of columns is multiplied out once for each of its distinct rows,
and cells add up the products that are theirs; slopes are summed by distinct row before they are
multiplied back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.design.distinct import combined_codes, first_rows
from forwhom.methods.nuts.factor import Factor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WORTH = 0.5  # distinct rows for each cell above which sharing them saves nothing


@dataclass(frozen=True, eq=False)
class LinearMap:
    """Columns of the coefficients, then of all levels: (C, n) = ``cells`` times ``rows``.

    Attributes:
        rows: sparse (P, n), the distinct rows of each block of columns.
        cells: sparse (C, P), one where a cell has the row, of each block one.
    """

    rows: Any
    cells: Any

    @classmethod
    def of(cls, columns: FloatArray, factors: tuple[Factor, ...]) -> LinearMap:
        """From the coefficients' columns (C, p) and the factors.

        The first factor, the groups, shares a block with the coefficients where the two repeat
        together.
        """
        from scipy import sparse

        shared = factors[:1]
        own = [np.column_stack([factor.index, factor.own]) for factor in factors]
        first, index = _distinct(np.hstack([*own[:1], columns]))
        if shared and len(first) == len(columns):
            shared = ()
            first, index = _distinct(columns)
        levels = [factor.incidence(first) for factor in shared]
        blocks = [(sparse.hstack([sparse.csr_array(columns[first]), *levels]), index)]
        for factor, table in zip(factors[len(shared) :], own[len(shared) :], strict=True):
            first, index = _distinct(table)
            blocks.append((factor.incidence(first), index))
        ones, ends = np.ones(len(columns)), np.arange(len(columns) + 1)
        cells = [
            sparse.csr_array((ones, index, ends), shape=(len(columns), rows.shape[0]))
            for rows, index in blocks
        ]
        return cls(
            rows=sparse.block_diag([rows for rows, _ in blocks], format="csr"),
            cells=sparse.hstack(cells, format="csr"),
        )

    @cached_property
    def _turned(self) -> tuple[Any, Any]:
        return self.rows.T.tocsr(), self.cells.T.tocsr()

    def apply(self, values: FloatArray) -> FloatArray:
        """(L, C) from coefficients and levels (L, n)."""
        return np.stack([self.cells @ (self.rows @ one) for one in values])

    def pull(self, slopes: FloatArray) -> FloatArray:
        """Slopes in coefficients and levels (L, n) from those in the linear predictor (L, C)."""
        rows, cells = self._turned
        return np.stack([rows @ (cells @ one) for one in slopes])

    def whole(self) -> Any:
        """All columns, sparse (C, n)."""
        return self.cells @ self.rows


def _distinct(table: FloatArray) -> tuple[IntArray, IntArray]:
    """The first of each distinct row (P,), and which each row is (C,); all, where few repeat."""
    codes = combined_codes(np.zeros(len(table), dtype=np.int64), table.T)
    first = first_rows(codes)
    every = np.arange(len(table))
    return (first, codes) if len(first) <= WORTH * len(table) else (every, every)
