"""What cells multiply, and weighted cross-products of it: sparse, for all points at once.

The n columns of one predictor are the own parameters of the factor that is eliminated, own
parameter by own parameter and level by level; those of the other factors; the coefficients. The
last two are called dense, m columns.

Tests: tests/methods/laplace/test_precision.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.importance.factors import RowFactor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """A factor's place: its number among factors, where it begins, R and H."""

    factor: int
    start: int
    columns: int
    levels: int

    @property
    def stop(self) -> int:
        """Where it ends."""
        return self.start + self.columns * self.levels


@dataclass(frozen=True, slots=True)
class Products:
    """Products of pairs of columns: sums (P, C) over cells, and where each pair stands, (P,)."""

    cells: Any
    at: IntArray


@dataclass(frozen=True, eq=False)
class Columns:
    """All columns of one predictor, C cells.

    Attributes:
        first: the factor that is eliminated; None where there are no factors.
        dense: the others, their places counted among the dense columns.
        p: number of coefficients, the last of the dense columns.
        level: (C,) of the factor that is eliminated.
        matrix: sparse (C, n); turned: (n, C).
        within: pairs of own columns at one level, at (h R + r) R + s.
        across: own columns with dense ones, at (h R + r) m + j.
        beside: dense with dense, at i m + j with j < i or j = i, but coefficients.
        fixed: (p p, C) of coefficients.
    """

    first: Block | None
    dense: tuple[Block, ...]
    p: int
    level: IntArray
    matrix: Any
    turned: Any
    within: Products
    across: Products
    beside: Products
    fixed: FloatArray

    @property
    def own(self) -> int:
        """Own parameters of the factor that is eliminated."""
        return self.first.stop if self.first else 0

    @cached_property
    def of_own(self) -> tuple[Any, Any]:
        """Of the factor that is eliminated: its columns (C, own), and its levels' cells (H, C)."""
        assert self.first is not None
        from scipy import sparse

        cells = np.arange(len(self.level))
        shape = (self.first.levels, len(cells))
        levels = sparse.csr_array((np.ones(len(cells)), (self.level, cells)), shape=shape)
        return sparse.csr_array(self.matrix[:, : self.own]), levels

    @property
    def m(self) -> int:
        """Dense columns."""
        return int(self.matrix.shape[1]) - self.own

    @staticmethod
    def of(factors: list[RowFactor], columns: FloatArray) -> Columns:
        """From the factors and the coefficients' columns (C, p)."""
        from scipy import sparse

        count, p = columns.shape
        largest = max(range(len(factors)), key=lambda k: factors[k].size) if factors else None
        first, dense, low = None, [], 0
        if largest is not None:
            one = factors[largest]
            first = Block(largest, 0, one.own.shape[1], one.levels)
        for k, factor in enumerate(factors):
            if k != largest:
                dense.append(Block(k, low, factor.own.shape[1], factor.levels))
                low = dense[-1].stop
        m = low + p
        # every cell's own columns: where they stand among the dense, and their values
        own = [
            (b.start + r * b.levels + factors[b.factor].index, factors[b.factor].own[:, r])
            for b in dense
            for r in range(b.columns)
        ]
        base = [(np.full(count, low + j), columns[:, j]) for j in range(p)]
        within, across = [], []
        parts = []
        if first is not None:
            one = factors[first.factor]
            r = first.columns
            for i in range(r):
                parts.append((i * first.levels + one.index, one.own[:, i]))
                row = one.index * r + i
                within += [(row * r + j, one.own[:, i] * one.own[:, j]) for j in range(r)]
                across += [(row * m + at, one.own[:, i] * x) for at, x in (*own, *base)]
        shift = first.stop if first else 0
        parts += [(shift + at, x) for at, x in (*own, *base)]
        both = [*own, *base]
        beside = [
            (both[i][0] * m + both[j][0], both[i][1] * both[j][1])
            for i in range(len(both))
            for j in range(min(i + 1, len(own)))
        ]
        levels = first.levels * first.columns if first else 0
        turned = _summed(parts, shift + m, count)
        return Columns(
            first=first,
            dense=tuple(dense),
            p=p,
            level=np.zeros(count, dtype=np.int64) if first is None else one.index,
            matrix=sparse.csr_array(turned.T),
            turned=turned,
            within=_products(within, levels * (first.columns if first else 0), count),
            across=_products(across, levels * m, count),
            beside=_products(beside, m * m, count),
            fixed=np.einsum("ci,cj->ijc", columns, columns).reshape(p * p, count),
        )


def _summed(parts: list[tuple[IntArray, FloatArray]], rows: int, count: int) -> Any:
    """Sparse (rows, C): each part puts values (C,) of the cells at rows (C,)."""
    from scipy import sparse

    if not parts:
        return sparse.csr_array((rows, count))
    at = np.concatenate([a for a, _ in parts])
    values = np.concatenate([v for _, v in parts])
    cells = np.tile(np.arange(count), len(parts))
    kept = values != 0
    shape = (rows, count)
    return sparse.csr_array((values[kept], (at[kept], cells[kept])), shape=shape)


def _products(parts: list[tuple[IntArray, FloatArray]], rows: int, count: int) -> Products:
    """The rows that are not empty."""
    from scipy import sparse

    whole = _summed(parts, rows, count)
    at = np.flatnonzero(np.diff(whole.indptr))
    ends = np.concatenate([[0], whole.indptr[at + 1]])
    some = sparse.csr_array((whole.data, whole.indices, ends), shape=(len(at), count))
    return Products(some, at)
