"""Mixtures of Student-t's: density against scipy's, learning against the truth."""

from __future__ import annotations

import numpy as np
from scipy.stats import multivariate_t

from forwhom.methods.importance.mixture import around, log_sum, mixed

ONE = around(np.array([1.0, 2.0]), np.array([[2.0, 0.5], [0.5, 1.0]]), 4.0)
TWO = around(np.array([-3.0, 0.0]), np.array([[0.5, 0.0], [0.0, 0.3]]), 30.0)
BOTH = mixed([(0.3, ONE), (0.7, TWO)])


def test_the_density_is_that_of_its_components() -> None:
    x = np.random.default_rng(2).normal(size=(7, 2)) * 3
    one = multivariate_t([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]], df=4).pdf(x)
    two = multivariate_t([-3.0, 0.0], [[0.5, 0.0], [0.0, 0.3]], df=30).pdf(x)
    np.testing.assert_allclose(np.exp(BOTH.log_density(x)), 0.3 * one + 0.7 * two, rtol=1e-7)


def test_draws_follow_the_density() -> None:
    x = BOTH.draw(40_000, np.random.default_rng(3))
    np.testing.assert_allclose(x.mean(axis=0), [0.3 - 2.1, 0.6], atol=0.05)
    left = (x[:, 0] < -1.0).mean()
    parts = [part.draw(40_000, np.random.default_rng(4))[:, 0] < -1.0 for part in (ONE, TWO)]
    assert abs(left - 0.3 * parts[0].mean() - 0.7 * parts[1].mean()) < 0.01


def test_learning_finds_what_weighted_points_come_from() -> None:
    rng = np.random.default_rng(5)
    wide = around(np.zeros(2), 16 * np.eye(2), 5.0)
    x = wide.draw(6000, rng)
    logs = BOTH.log_density(x) - wide.log_density(x)
    weight = np.exp(logs - logs.max())
    start = mixed([(0.5, around(m, np.eye(2), 6.0)) for m in np.array([[0.0, 1.0], [-2.0, 0.0]])])
    learnt = start.learn(x, weight / weight.sum(), rounds=20)
    order = np.argsort(learnt.mean[:, 0])
    np.testing.assert_allclose(learnt.mean[order], [[-3, 0], [1, 2]], atol=0.15)
    np.testing.assert_allclose(learnt.share[order], [0.7, 0.3], atol=0.06)


def test_log_sum_of_nothing_is_nothing() -> None:
    found = log_sum(np.array([[-np.inf, 0.0], [-np.inf, 0.0]]))
    assert found[0] == -np.inf
    assert found[1] == np.log(2)
