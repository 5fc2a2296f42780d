"""Distinct values without sorting, against numpy's with it."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.design.distinct import FEW, RANGE, SAMPLE, distinct_codes

N = 3 * SAMPLE
RNG = np.random.default_rng(0)
COLUMNS = {
    "whole": RNG.integers(0, 5, N).astype(float),
    "whole, with gaps and below zero": RNG.integers(-3, 5, N) * 2.0,
    "few fractions": RNG.integers(0, 5, N) / 3,
    "continuous": RNG.normal(size=N),
    "more than a few": RNG.integers(0, FEW + 50, N) / 3,
    "one rare value": np.where(np.arange(N) == 17, 0.5, 1.0),
    "far apart": np.where(np.arange(N) % 2 == 0, 0.0, 2.0 * RANGE),
    "infinite": np.r_[np.zeros(N), np.inf],
    "missing": np.r_[np.zeros(N), np.nan],
    "small integers": np.tile(np.array([-128, 127], dtype=np.int8), N),
    "unsigned": np.tile(np.array([0, 255], dtype=np.uint8), N),
    "true or false": RNG.integers(0, 2, N).astype(bool),
    "text": np.array(["a", "b"])[RNG.integers(0, 2, N)],
    "short": np.array([0.5, 2.0, 0.5]),
    "empty": np.zeros(0),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_same_as_sorting(name: str) -> None:
    values = COLUMNS[name]
    distinct, codes = distinct_codes(values)
    expected, places = np.unique(values, return_inverse=True)
    np.testing.assert_array_equal(distinct, expected)
    np.testing.assert_array_equal(codes, places)
    assert distinct.dtype == expected.dtype
    assert codes.dtype == np.int64
