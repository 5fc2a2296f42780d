"""Several arms, correlated and Student-t effects by quadrature, against other methods.

Tests: sampler.py, draws.py and build.py.

Against the collapse method where the outcome is Gaussian, with many draws; against NUTS otherwise.
Tolerances as there: means within 4 joint Monte Carlo standard errors, sds within 5 % or 4 joint
standard errors where that is more; the seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.errors import PlanError, UnboundedError
from tests.methods.collapse.test_against_others import agree

N, GROUPS = 160, 10
HALF = {"sigma_b": "half_normal(0.7)", "sigma_theta": "half_normal(0.7)"}
NARROW = HALF | {"lambda": "normal(0, 1)", "delta": "normal(0, 1)", "alpha": "normal(0, 2)"}


def rows() -> dict[str, Any]:
    """Arms in ten groups, some of which lack one, or have no untreated rows, or nothing else."""
    rng = np.random.default_rng(12)
    g, arm = rng.integers(0, GROUPS, N), rng.integers(0, 3, N)
    arm = np.where((g == 1) & (arm == 2), 1, arm)
    arm = np.where((g == 2) & (arm == 0), 2, arm)
    arm = np.where(g == 3, 0, arm)
    arm = np.where(g == 4, 1, arm)
    a = rng.integers(0, 2, GROUPS)
    b, theta = 0.6 * rng.normal(size=GROUPS), 0.6 * rng.normal(size=(GROUPS, 2)) + [0.4, 0.9]
    heavy = b + 0.5 * rng.standard_t(2, GROUPS)
    eta = b[g] + np.where(arm > 0, theta[g, np.maximum(arm - 1, 0)], 0.0)
    d, dose = (arm > 0).astype(int), np.round(arm * rng.uniform(0.2, 1.5, N), 1)
    tied = b[g] + d * (0.5 + heavy[g])
    return {
        "g": g,
        "a": a[g],
        "d": d,
        "dose": dose,
        "arm": np.array(["none", "mail", "visit"])[arm],
        "y": np.round(eta + 0.8 * rng.normal(size=N), 1),
        "t": np.round(tied + 0.8 * rng.normal(size=N), 1),
        "yes": (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(int),
        "voted": (rng.random(N) < 1 / (1 + np.exp(-tied))).astype(int),
        "calls": rng.poisson(np.exp(0.5 * eta)),
    }


DATA = rows()
ARMS: dict[str, Any] = {"treatment": "arm", "reference": "none"}
LOGIT: dict[str, Any] = {"outcome": "yes", "family": "bernoulli"}
USUAL: dict[str, Any] = {"outcome": "y", "treatment": "d", "modifiers": "a", "groups": "g"}
USUAL |= {"seed": 3, "priors": NARROW}
TWELVE = {"d": [0, 1] * 6, "g": np.repeat(np.arange(6), 2), "n": [30] * 12}
TWELVE |= {"y": [6, 14, 12, 20, 20, 27, 3, 4, 15, 22, 9, 13]}

COLLAPSED = {
    "arms": ARMS,
    "arms of one baseline": ARMS | {"baseline": "modifiers", "priors": {}},
    "correlated": {"correlated": True, "outcome": "t"},
    "correlated dose": {"correlated": True, "treatment": "dose"},
}
SAMPLED = {
    "logit arms": ARMS | LOGIT,
    "logit arms of one baseline": ARMS | LOGIT | {"baseline": "modifiers", "priors": {}},
    "poisson arms": ARMS | {"outcome": "calls", "family": "poisson"},
    "correlated logit": LOGIT | {"correlated": True},
    "heavy tails": {"spread": "student", "outcome": "t"},
    "heavy tails, logit": {"spread": "student", "outcome": "voted", "family": "bernoulli"},
    "heavy tails, logit arms": ARMS | LOGIT | {"spread": "student"},
    "heavy tails, dose": {"spread": "student", "treatment": "dose"},
}


def fit(asked: dict[str, Any], method: str, draws: int, data: Any = None) -> fw.Fit:
    return fw.fit(DATA if data is None else data, **(USUAL | asked), method=method, draws=draws)


@pytest.mark.parametrize("name", COLLAPSED)
def test_what_the_collapse_method_takes_too(name: str) -> None:
    asked = COLLAPSED[name]
    agree(fit(asked, "quadrature", 16_000), fit(asked, "collapse", 16_000))


@pytest.mark.slow  # for NUTS
@pytest.mark.parametrize("name", SAMPLED)
def test_what_nuts_alone_takes_too(name: str) -> None:
    asked = SAMPLED[name]
    agree(fit(asked, "quadrature", 16_000), fit(asked, "nuts", 10_000))


@pytest.mark.slow  # for NUTS
def test_twelve_correlated_rows() -> None:
    asked = {"trials": "n", "family": "binomial", "correlated": True, "modifiers": None}
    asked["priors"] = {key: text for key, text in NARROW.items() if key != "delta"}
    agree(fit(asked, "quadrature", 16_000, TWELVE), fit(asked, "nuts", 10_000, TWELVE))


@pytest.mark.parametrize("name", SAMPLED)
def test_weights_pass_their_check(name: str) -> None:
    found = fit(SAMPLED[name], "auto", 1000).fitted.diagnostics
    assert found.method == "quadrature"
    assert found.passed, found
    assert found.statistics["k_hat"] < 0.7
    assert found.statistics["effective_share"] > 0.3


def test_arms_without_anything_by_group_are_a_regression() -> None:
    one = fit(
        ARMS | LOGIT | {"spread": "none", "baseline": "modifiers", "priors": {}}, "auto", 1000
    )
    found = one.fitted.diagnostics
    assert found.method == "quadrature"
    assert found.passed
    assert found.statistics["effective_share"] > 0.7


def test_arms_and_baseline_may_not_be_correlated_by_quadrature() -> None:
    with pytest.raises(PlanError, match="2 arms are correlated"):
        fit(ARMS | LOGIT | {"correlated": True}, "quadrature", 100)


@pytest.mark.parametrize("name", ["logit arms", "correlated logit", "heavy tails"])
def test_a_flat_prior_that_nothing_holds_is_named(name: str) -> None:
    """Two groups do not bound an sd."""
    some = {key: np.asarray(column)[DATA["g"] < 2] for key, column in DATA.items()}
    asked = SAMPLED[name] | {"priors": {"sigma_theta": "flat"}, "modifiers": None}
    with pytest.raises(UnboundedError, match="sigma_theta"):
        fit(asked, "quadrature", 500, some)


def test_too_many_arms_are_counted() -> None:
    rng = np.random.default_rng(2)
    some = {"arm": [f"arm {i:02d}" for i in rng.integers(0, 14, 200)], "g": rng.integers(0, 5, 200)}
    some |= {"yes": rng.integers(0, 2, 200)}
    asked = {"treatment": "arm", "reference": "arm 00", "modifiers": None, "priors": {}}
    with pytest.raises(PlanError, match="14 standard deviations"):
        fit(LOGIT | asked, "quadrature", 100, some)
