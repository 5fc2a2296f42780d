"""Our Pareto k-hat against the library that costs too much to import on the fast path."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats

from forwhom.methods.importance.pareto import effective_share, pareto_k


@pytest.mark.parametrize("k", [0.1, 0.4, 0.7, 1.1])
def test_k_hat_equals_arviz(k: float) -> None:
    rng = np.random.default_rng(int(10 * k))
    log_weights = k * rng.exponential(size=20_000)  # exp of it is Pareto with shape k
    _, theirs = array_stats.psislw(-log_weights)  # takes log likelihoods
    assert pareto_k(log_weights) == pytest.approx(float(theirs), abs=0.02)
    assert pareto_k(log_weights) == pytest.approx(k, abs=0.15)


def test_constant_weights_have_no_tail() -> None:
    assert pareto_k(np.full(1000, 3.0)) == -np.inf


def test_too_few_weights_cannot_be_judged() -> None:
    assert pareto_k(np.zeros(10)) == np.inf


def test_effective_share() -> None:
    assert effective_share(np.zeros(50)) == pytest.approx(1.0)
    one_dominates = np.r_[0.0, np.full(99, -800.0)]
    assert effective_share(one_dominates) == pytest.approx(0.01)
