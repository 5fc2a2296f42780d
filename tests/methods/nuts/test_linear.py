"""The linear predictor by distinct rows against the columns written out."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.nuts.factor import Factor
from forwhom.methods.nuts.linear import LinearMap
from forwhom.methods.priors import ParameterPrior

Array = np.ndarray
CELLS, LEVELS = 300, 7  # the last level of each factor has no cell
FLAT = ParameterPrior("flat", (), True)


def make_factor(rng: np.random.Generator, own: Array) -> Factor:
    no, width = np.zeros(own.shape[1], dtype=bool), own.shape[1]
    index = rng.integers(0, LEVELS - 1, CELLS)
    return Factor("", index, own, LEVELS, (FLAT,) * width, np.ones(width), no, no, FLAT, 0.0)


def written_out(columns: Array, factors: tuple[Factor, ...]) -> Array:
    """(C, p + sum of R H)."""
    parts = [columns]
    for factor in factors:
        indicator = np.eye(factor.levels)[factor.index]
        parts += [indicator * own[:, None] for own in factor.own.T]
    return np.hstack(parts)


@pytest.mark.parametrize("repeats", ["together", "apart", "never", "without factors"])
def test_rows_are_looked_up(repeats: str) -> None:
    rng = np.random.default_rng(4)
    dose = rng.integers(0, 2, CELLS).astype(float)
    groups = make_factor(rng, np.column_stack([np.ones(CELLS), dose]))
    clusters = make_factor(rng, np.ones((CELLS, 1)))
    columns = np.column_stack([np.ones(CELLS), dose, dose * groups.index])
    if repeats == "apart":  # a covariate of few values: rows repeat, but not with the groups
        columns[:, 2] = rng.integers(0, 20, CELLS)
    elif repeats == "never":
        columns[:, 2] = rng.normal(size=CELLS)
        clusters = make_factor(rng, rng.normal(size=(CELLS, 1)))
    factors = () if repeats == "without factors" else (groups, clusters)
    whole, found = written_out(columns, factors), LinearMap.of(columns, factors)
    most = {"together": 2 * LEVELS, "apart": 40, "never": CELLS, "without factors": 2 * LEVELS}
    first_block = int((found.rows[:, :1].toarray() != 0).sum())  # its rows have the constant
    assert first_block <= most[repeats]
    assert (first_block == CELLS) == (repeats == "never")
    values, slopes = rng.normal(size=(2, whole.shape[1])), rng.normal(size=(2, CELLS))
    np.testing.assert_allclose(found.apply(values), values @ whole.T, atol=1e-12)
    np.testing.assert_allclose(found.pull(slopes), slopes @ whole, atol=1e-12)
    np.testing.assert_allclose(found.whole().toarray(), whole, atol=1e-12)
