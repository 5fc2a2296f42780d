"""Sums by level and class against products of indicator matrices."""

from __future__ import annotations

import numpy as np

from forwhom.methods.collapse.sums import RowData, reduce_to_sums
from forwhom.methods.importance.factors import RowFactor

RNG = np.random.default_rng(12)
N = 50


def factor(r: int, levels: int) -> RowFactor:
    own = np.hstack([np.ones((N, 1)), RNG.normal(size=(N, r - 1))])
    return RowFactor(RNG.integers(0, levels, N), own, levels)


def indicators(one: RowFactor) -> np.ndarray:
    """(N, R H), own parameter by own parameter, level by level."""
    at = one.index[:, None] == np.arange(one.levels)
    return np.hstack([one.own[:, [r]] * at for r in range(one.own.shape[1])])


def test_sums_are_products_of_the_rows() -> None:
    data = RowData(RNG.normal(size=(N, 3)), RNG.uniform(0.5, 2, N), RNG.integers(0, 2, N), count=2)
    largest, others = factor(2, 6), [factor(1, 4), factor(2, 3)]
    sums = reduce_to_sums(data, largest, others)
    columns = np.hstack([*(indicators(one) for one in others), data.columns])
    first = indicators(largest)
    for a in range(2):
        w = np.where(data.classes == a, data.weight, 0.0)[:, None]
        np.testing.assert_allclose(sums.cross[a], columns.T @ (w * columns), atol=1e-12)
        own = (first.T @ (w * columns)).reshape(2, 6, -1).swapaxes(0, 1)
        np.testing.assert_allclose(sums.own[a], own, atol=1e-12)
        for h in range(6):
            at = (w * (largest.index == h)[:, None]) * largest.own
            np.testing.assert_allclose(sums.gram[a, h], largest.own.T @ at, atol=1e-12)
        np.testing.assert_allclose(sums.weight[a], w.sum())


def test_without_factors_the_coefficients_are_left() -> None:
    data = RowData(RNG.normal(size=(N, 2)), np.ones(N), np.zeros(N, dtype=np.int64), count=1)
    sums = reduce_to_sums(data, None, [])
    np.testing.assert_allclose(sums.cross[0], data.columns.T @ data.columns)
    assert sums.own.shape == (1, 0, 0, 2)
