"""The gridded proposal on densities whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forwhom.errors import InferenceError
from forwhom.methods.importance.grid import explore

DRAWS = 40_000


def run(log_density, n_tau: int, mixing: int = 0, seed: int = 1):
    names = ("sigma_b", "sigma_theta")[-n_tau:] if n_tau else ()
    rng = np.random.default_rng(seed)
    return explore(log_density, n_tau, np.zeros(1 + mixing), mixing, DRAWS, rng, names)


# A Kolmogorov-Smirnov p-value below 1e-4 would come up once in 10,000 correct runs.
@pytest.mark.parametrize(
    "law",
    [
        stats.halfnorm(scale=0.3),
        stats.gamma(20, scale=0.01),
        stats.halfcauchy(scale=0.01),
        stats.expon(scale=2.0),
        stats.norm(3.0, 1e-3),
        stats.halfnorm(scale=1e-4),
    ],
    ids=["half-normal", "gamma", "half-Cauchy", "exponential", "narrow", "tiny"],
)
def test_one_spread_follows_its_law(law) -> None:
    def log_density(tau, easy):
        return law.logpdf(tau[:, 0]) + stats.norm.logpdf(easy[:, 0], np.log1p(tau[:, 0]), 0.5)

    found = run(log_density, 1)
    assert found.check.k_hat < 0.7
    assert found.check.effective_share > 0.8
    assert stats.kstest(found.tau[:, 0], law.cdf).pvalue > 1e-4
    z = (found.rest[:, 0] - np.log1p(found.tau[:, 0])) / 0.5
    assert stats.kstest(z, "norm").pvalue > 1e-4


def test_two_dependent_spreads_and_a_skewed_easy_coordinate() -> None:
    second = stats.halfnorm(scale=0.2)

    def log_density(tau, easy):
        first = stats.gamma(4, scale=0.1 * (1 + tau[:, 1]))  # depends on the second
        skewed = stats.gumbel_r.logpdf(easy[:, 0])
        return second.logpdf(tau[:, 1]) + first.logpdf(tau[:, 0]) + skewed

    found = run(log_density, 2)
    assert found.check.k_hat < 0.7
    assert stats.kstest(found.tau[:, 1], second.cdf).pvalue > 1e-4
    scaled = found.tau[:, 0] / (1 + found.tau[:, 1])
    assert stats.kstest(scaled, stats.gamma(4, scale=0.1).cdf).pvalue > 1e-4
    assert stats.kstest(found.rest[:, 0], stats.gumbel_r.cdf).pvalue > 1e-4


def test_no_spread_and_two_mixing_weights() -> None:
    """Weights far from where the search starts, one of them depending on log sigma."""
    first, second = stats.invgamma(2.0, scale=1.0), stats.invgamma(1.5, scale=1e9)

    def log_density(tau, easy):
        sigma = stats.norm.logpdf(easy[:, 0], 5.0, 0.3)
        w = np.exp(easy[:, 1:])
        lean = first.logpdf(w[:, 0] * np.exp(0.2 * easy[:, 0])) + easy[:, 1] + 0.2 * easy[:, 0]
        return sigma + lean + second.logpdf(w[:, 1]) + easy[:, 2]

    found = run(log_density, 0, mixing=2)
    assert found.tau.shape == (DRAWS, 0)
    assert found.check.k_hat < 0.7
    assert found.check.effective_share > 0.8
    assert stats.kstest((found.rest[:, 0] - 5) / 0.3, "norm").pvalue > 1e-4
    leaning = np.exp(found.rest[:, 1] + 0.2 * found.rest[:, 0])
    assert stats.kstest(leaning, first.cdf).pvalue > 1e-4
    assert stats.kstest(np.exp(found.rest[:, 2]), second.cdf).pvalue > 1e-4


def test_hardly_any_value_is_used_twice() -> None:
    law = stats.halfnorm(scale=0.3)
    found = run(lambda tau, easy: law.logpdf(tau[:, 0]) - 0.5 * easy[:, 0] ** 2, 1)
    assert found.check.distinct > 0.99 * DRAWS
    # drawn in random order: neighbours are not related
    tau = found.tau[:, 0]
    assert abs(np.corrcoef(tau[1:], tau[:-1])[0, 1]) < 4.5 / np.sqrt(DRAWS)


def test_a_spread_that_nothing_holds_back_is_refused() -> None:
    with pytest.raises(InferenceError, match=r"do not bound sigma_theta.*proper prior"):
        run(lambda tau, easy: -0.5 * easy[:, 0] ** 2 - 0.5 * np.log1p(tau[:, 0]), 1)


def test_a_density_finite_nowhere_is_refused() -> None:
    with pytest.raises(InferenceError, match="nowhere finite"):
        run(lambda tau, easy: np.full(len(tau), -np.inf), 1)


def test_same_seed_same_draws() -> None:
    def log_density(tau, easy):
        return -0.5 * tau[:, 0] ** 2 - 0.5 * easy[:, 0] ** 2

    one, same, other = (run(log_density, 1, seed=s).tau for s in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
