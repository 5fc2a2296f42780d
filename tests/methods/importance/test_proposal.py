"""The gridded Laplace proposal on densities whose law is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forwhom.errors import InferenceError
from forwhom.methods.diagnostics import WeightCheck
from forwhom.methods.importance.laplace import Target
from forwhom.methods.importance.proposal import explore_surface

COVARIANCE = np.array([[1.0, 0.6, 0.0], [0.6, 2.0, -0.3], [0.0, -0.3, 0.5]])
PRECISION = np.linalg.inv(COVARIANCE)
DRAWS = 20_000


def center(tau: np.ndarray) -> np.ndarray:
    """Of xi given tau: curved, so that interpolation has something to do."""
    return np.stack([tau.sum(axis=1), np.sin(tau[:, 0]), np.zeros(len(tau))], axis=1)


def log_density(tau: np.ndarray, xi: np.ndarray) -> np.ndarray:
    off = xi - center(tau)
    return -0.5 * np.einsum("ki,ij,kj->k", off, PRECISION, off) - 0.5 * (tau**2).sum(axis=1)


def newton(tau: np.ndarray, xi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    off = xi - center(tau)
    curvature = np.broadcast_to(PRECISION, (len(tau), 3, 3)).copy()
    return log_density(tau, xi), -off @ PRECISION, curvature


@pytest.mark.parametrize("n_tau", [0, 1, 2, 3])
def test_half_normal_scales_and_a_normal_beside_them(n_tau: int) -> None:
    def shifted(tau: np.ndarray) -> np.ndarray:
        return tau if n_tau else np.zeros((len(tau), 1))

    target = Target(
        lambda t, x: newton(shifted(t), x),
        lambda t, x: log_density(shifted(t), x),
        np.zeros(3),
        ("sigma_b", "sigma_theta", "sigma_x")[:n_tau],
    )
    found = explore_surface(target, DRAWS, np.random.default_rng(4))
    assert found.check.k_hat < 0.5
    assert found.check.effective_share > 0.8
    n = DRAWS * 0.8
    for r in range(n_tau):
        law = stats.halfnorm()
        assert abs(found.tau[:, r].mean() - law.mean()) < 4.5 * law.std() / np.sqrt(n)
        # the law's kurtosis gives the error of an sd
        error = law.std() * np.sqrt((law.stats("k") + 2) / (4 * n))
        assert abs(found.tau[:, r].std() - law.std()) < 4.5 * error
        share = stats.kstest(found.tau[:, r], law.cdf).statistic
        assert share < 1.95 / np.sqrt(n)  # the 0.1 % point of Kolmogorov's distribution
    off = found.rest - center(shifted(found.tau))
    np.testing.assert_allclose(off.mean(axis=0), 0.0, atol=4.5 * np.sqrt(2.0 / n))
    np.testing.assert_allclose(np.cov(off.T), COVARIANCE, atol=4.5 * 2.0 * np.sqrt(2 / n))


def test_a_scale_that_nothing_bounds_is_refused() -> None:
    with pytest.raises(InferenceError, match="the data do not bound sigma_b"):
        target = Target(
            lambda t, x: newton(np.zeros((len(t), 1)), x),
            lambda t, x: log_density(np.zeros((len(t), 1)), x),
            np.zeros(3),
            ("sigma_b",),
        )
        explore_surface(target, 1000, np.random.default_rng(1))


def test_few_effective_draws_fail_whatever_k_hat_says() -> None:
    def made(k_hat: float, share: float) -> bool:
        return WeightCheck(1000, k_hat, share, 90, 1000).passed(100)

    assert made(0.3, 0.5)
    assert not made(0.8, 0.5)
    assert not made(0.2, 0.004)
