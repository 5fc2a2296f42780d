"""Both ways of factorising many matrices, small and large, against numpy one by one."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.exact.density import LAPACK_ABOVE, _cholesky


@pytest.mark.parametrize("q", [1, 5, LAPACK_ABOVE, LAPACK_ABOVE + 3])
def test_factors_are_numpys_and_a_bad_matrix_spoils_only_itself(q: int) -> None:
    rng = np.random.default_rng(q)
    root = rng.normal(size=(7, q, q + 3))
    matrices = root @ root.transpose(0, 2, 1)
    matrices[4] = -np.eye(q)  # not positive definite
    factors = _cholesky(np.tril(matrices).transpose(1, 2, 0).copy()).transpose(2, 0, 1)
    for k in (0, 1, 2, 3, 5, 6):
        expected = np.linalg.cholesky(matrices[k])
        # entries cancel down from sums of q + 3 squares; 1e-10 is far above rounding of those
        np.testing.assert_allclose(np.tril(factors[k]), expected, rtol=1e-10, atol=1e-10)
    assert np.isnan(factors[4][0, 0])
