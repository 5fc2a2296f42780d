"""The mode and curvature of known densities."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.errors import InferenceError
from forwhom.methods.importance.peak import find_peak


def test_of_a_normal() -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(4, 4))
    covariance, mean = root @ root.T + 0.1 * np.eye(4), np.array([1.0, -3.0, 0.2, 2.0])
    inverse = np.linalg.inv(covariance)

    def log_density(x: np.ndarray) -> np.ndarray:
        off = x - mean
        return -0.5 * np.einsum("ki,ij,kj->k", off, inverse, off)

    found = find_peak(log_density, np.zeros(4), rng)
    np.testing.assert_allclose(found.mode, mean, atol=0.2)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-3, atol=1e-3)
    assert found.value == pytest.approx(0.0, abs=0.05)


def test_of_a_narrow_one_far_from_the_start() -> None:
    def log_density(x: np.ndarray) -> np.ndarray:
        return -0.5 * ((x - np.array([20.0, -9.0])) ** 2 / np.array([1e-6, 4.0])).sum(axis=1)

    found = find_peak(log_density, np.zeros(2))
    np.testing.assert_allclose(found.mode, [20.0, -9.0], atol=0.5)
    np.testing.assert_allclose(np.diag(found.covariance), [1e-6, 4.0], rtol=0.01)


def test_beside_an_edge() -> None:
    def log_density(x: np.ndarray) -> np.ndarray:
        return np.where(x[:, 0] > 0, -x[:, 0], -np.inf)

    found = find_peak(log_density, np.array([3.0]))
    assert 0 < found.mode[0] < 0.5
    assert np.isfinite(found.covariance).all()


def test_of_nothing() -> None:
    with pytest.raises(InferenceError, match="nowhere finite"):
        find_peak(lambda x: np.full(len(x), -np.inf), np.zeros(2), np.random.default_rng(1))
