"""Statistics of values that occur several times against the values written out."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.design import counted


@pytest.mark.parametrize("seed", range(20))
def test_as_if_written_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=30), int(rng.integers(0, 3)))
    times = rng.integers(1, 9, 30).astype(float)
    full = np.repeat(values, times.astype(int))
    assert counted.total(values, times) == len(full)
    assert counted.mean(values, times) == pytest.approx(full.mean(), rel=1e-12, abs=1e-14)
    assert counted.sd(values, times) == pytest.approx(full.std(ddof=1), rel=1e-12)
    for pieces in range(2, 12):
        shares = np.arange(1, pieces) / pieces
        got = counted.quantiles(values, shares, times)
        np.testing.assert_array_equal(got, np.quantile(full, shares))  # to the last bit


def test_without_frequencies_and_a_single_value() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert counted.mean(values, None) == 2
    assert counted.sd(values, None) == 1
    assert counted.quantiles(values, np.array([0.5]), None).tolist() == [2]
    assert counted.sd(values[:1], None) == 0
    assert counted.sd(values[:1], np.array([2.0])) == 0
    assert counted.quantiles(values[:1], np.array([0.0, 1.0]), np.array([2.0])).tolist() == [3, 3]
