"""Rows to sums by the levels of every factor; nothing after this depends on the number of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.importance.factors import RowFactor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Weighted cross-products by class of residual variance, A classes.

    The m columns are those of the factors that stay, own parameter by own parameter and level by
    level; then those of the coefficients; the outcome last.

    Attributes:
        weight: (A,) total weight of the rows.
        cross: (A, m, m).
        own: (A, H, R, m) sums of the largest factor's own columns times all columns; gram:
            (A, H, R, R) of the own columns among themselves. H is 0 without a factor.
    """

    weight: FloatArray
    cross: FloatArray
    own: FloatArray
    gram: FloatArray


@dataclass(frozen=True, slots=True)
class RowData:
    """C weighted rows.

    Attributes:
        columns: (C, q) of the coefficients, the outcome last.
        weight: (C,); classes: (C,) of the residual variance, A of them.
    """

    columns: FloatArray
    weight: FloatArray
    classes: IntArray
    count: int


def reduce_to_sums(data: RowData, largest: RowFactor | None, others: list[RowFactor]) -> Sums:
    """Add up the rows.

    Args:
        data: the rows; largest: the factor whose levels are to be eliminated one by one.
        others: the factors that stay.
    """
    q = data.columns.shape[1]
    starts = np.cumsum([0, *(f.size for f in others)])
    m = int(starts[-1]) + q
    cross = np.zeros((data.count, m, m))
    base = slice(m - q, m)
    for a in range(data.count):
        rows = data.classes == a
        some = data.columns[rows]
        cross[a, base, base] = some.T @ (some * data.weight[rows, None])
    for k, factor in enumerate(others):
        at = slice(int(starts[k]), int(starts[k + 1]))
        part = _with_columns(data, factor)
        cross[:, at, base] = part.reshape(data.count, -1, q)
        cross[:, base, at] = cross[:, at, base].swapaxes(1, 2)
        for j in range(k + 1):
            other = slice(int(starts[j]), int(starts[j + 1]))
            cross[:, at, other] = _crossed(data, factor, others[j])
            cross[:, other, at] = cross[:, at, other].swapaxes(1, 2)
    weight = np.bincount(data.classes, data.weight, data.count)
    if largest is None:
        none = np.zeros((data.count, 0, 0, m))
        return Sums(weight, cross, none, np.zeros((data.count, 0, 0, 0)))
    r, levels = largest.own.shape[1], largest.levels
    parts = [_crossed(data, largest, f) for f in others]
    parts.append(_with_columns(data, largest).reshape(data.count, -1, q))
    own = np.concatenate(parts, axis=2).reshape(data.count, r, levels, m).swapaxes(1, 2)
    gram = np.empty((data.count, levels, r, r))
    for i in range(r):
        for j in range(i + 1):
            product = data.weight * largest.own[:, i] * largest.own[:, j]
            gram[:, :, i, j] = gram[:, :, j, i] = _by_level(data, largest, product)
    return Sums(weight, cross, np.ascontiguousarray(own), gram)


def _by_level(data: RowData, factor: RowFactor, values: FloatArray) -> FloatArray:
    """Sums of values (C,) by class and level, (A, H)."""
    flat = data.classes * factor.levels + factor.index
    return np.bincount(flat, values, data.count * factor.levels).reshape(data.count, -1)


def _with_columns(data: RowData, factor: RowFactor) -> FloatArray:
    """Sums of own columns times columns, (A, R, H, q)."""
    r, q = factor.own.shape[1], data.columns.shape[1]
    out = np.empty((data.count, r, factor.levels, q))
    for i in range(r):
        weighted = data.weight * factor.own[:, i]
        for j in range(q):
            out[:, i, :, j] = _by_level(data, factor, weighted * data.columns[:, j])
    return out


def _crossed(data: RowData, one: RowFactor, other: RowFactor) -> FloatArray:
    """Sums of two factors' own columns by class and pair of levels, (A, R H, R' H')."""
    h, g = one.levels, other.levels
    flat = (data.classes * h + one.index) * g + other.index
    r, s = one.own.shape[1], other.own.shape[1]
    out = np.empty((data.count, r, h, s, g))
    for i in range(r):
        weighted = data.weight * one.own[:, i]
        for j in range(s):
            found = np.bincount(flat, weighted * other.own[:, j], data.count * h * g)
            out[:, i, :, j] = found.reshape(data.count, h, g)
    return out.reshape(data.count, r * h, s * g)
