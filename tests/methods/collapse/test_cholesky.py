"""Many factors at once against numpy's, small and large."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.collapse.cholesky import LAPACK_ABOVE, back_substitute, cholesky, unpack


@pytest.mark.parametrize("q", [1, 2, 20, LAPACK_ABOVE, LAPACK_ABOVE + 1, 3 * LAPACK_ABOVE])
def test_factors_and_draws(q: int) -> None:
    rng = np.random.default_rng(q)
    root = rng.normal(size=(3, q, q + 5))
    matrices = root @ root.swapaxes(1, 2)
    tri = np.tril_indices(q)
    factor = cholesky(unpack(np.ascontiguousarray(matrices[:, tri[0], tri[1]].T), tri))
    expected = np.linalg.cholesky(matrices)
    np.testing.assert_allclose(np.tril(factor.transpose(2, 0, 1)), expected, atol=1e-9)
    owner, noise = np.array([0, 0, 1, 2, 2, 2]), rng.normal(size=(q - 1, 6))
    found = back_substitute(factor, owner, noise)
    for d, k in enumerate(owner):
        right = expected[k, -1, :-1] + noise[:, d]
        solved = np.linalg.solve(expected[k, :-1, :-1].T, right) if q > 1 else right
        np.testing.assert_allclose(found[:, d], solved, atol=1e-9)


@pytest.mark.parametrize("q", [3, LAPACK_ABOVE + 1])
def test_what_is_not_positive_definite_is_not_a_number(q: int) -> None:
    matrices = np.stack([np.eye(q), -np.eye(q), 4 * np.eye(q)])
    tri = np.tril_indices(q)
    factor = cholesky(unpack(np.ascontiguousarray(matrices[:, tri[0], tri[1]].T), tri))
    assert np.isnan(factor[-1, -1, 1])
    np.testing.assert_allclose(factor[-1, -1, [0, 2]], [1.0, 2.0])
