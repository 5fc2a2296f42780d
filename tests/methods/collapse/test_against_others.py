"""The collapse method against other methods on the same problems.

Tests: sampler.py, draws.py and build.py.

Against the exact method wherever that takes the design, with many draws; against NUTS on small
designs that no other method takes. Tolerances: means within 4 joint Monte Carlo standard errors,
sds within 5 % or 4 joint standard errors where that is more; the seeds are fixed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.methods.importance.adaptive import explore_adaptively
from tests.chains import short_chains
from tests.methods.agreement import agree
from tests.methods.collapse.cases import CASES, DATA, USUAL

BOTH = ("plain", "one control group", "exact: Student-t priors", "exact: no spread")
MORE: dict[str, dict[str, Any]] = {
    "exact: Student-t priors": {"priors": {"lambda": "student_t(4, 0, 0.3)"}},
    "exact: no spread": {"spread": "none", "baseline": "modifiers"},
}
# priors of sds without long tails, in which chains would take long to settle
NARROW = {"sigma_b": "half_normal(0.4)", "sigma_theta": "half_normal(0.4)"}
SMALL = {"modifiers": "a", "priors": NARROW}
AGAINST_NUTS = {
    "clusters": SMALL,
    "cluster effects": SMALL,
    "correlated beside clusters": SMALL,
    "sigma by arm": SMALL,
    "learnt": {"priors": NARROW | {"lambda": "learnt(0.5)"}},
    "horseshoe": {"priors": NARROW | {"lambda": "horseshoe(0.5, 2, 4)"}},
    "r2d2": {"priors": NARROW | {"lambda": "r2d2(0.5, 2)"}},
    "learnt by two arms": {"modifiers": "a", "priors": NARROW | {"lambda": "learnt(0.5)"}},
}


def fit(name: str, method: str, **more: Any) -> fw.Fit:
    asked = USUAL | CASES.get(name, {}) | MORE.get(name, {})
    return fw.fit(DATA, **(asked | more | {"method": method}))


@pytest.mark.parametrize("name", BOTH)
def test_what_the_exact_method_takes_too(name: str) -> None:
    one = fit(name, "collapse", draws=30_000)
    agree(one, fit(name, "exact", draws=30_000))
    assert one.fitted.diagnostics.statistics["effective_share"] > 0.4


@pytest.mark.slow  # for NUTS
@pytest.mark.parametrize("name", AGAINST_NUTS)
def test_what_nuts_alone_takes_too(name: str) -> None:
    more = AGAINST_NUTS[name]
    # of some hundred sds one is 4 errors off now and then, at a thousand effective draws
    agree(fit(name, "collapse", draws=16_000, **more), fit(name, "nuts", draws=10_000, **more))


@pytest.mark.parametrize("name", CASES)
def test_weights_pass_their_check(name: str) -> None:
    asked = USUAL | CASES[name]
    found = fw.fit(DATA, **asked, method="collapse", draws=1000).fitted.diagnostics
    assert found.passed, found
    assert found.statistics["k_hat"] < 0.6
    assert found.statistics["effective_share"] > 0.3


def test_one_row_of_each_group_and_clusters() -> None:
    """Which sd the rows vary by is not told: a bent density, which the proposal learns."""
    rng = np.random.default_rng(3)
    d = rng.integers(0, 2, 200).astype(float)
    data = {
        "y": rng.normal(size=200) + 0.3 * d,
        "d": d,
        "m": rng.permutation(200).astype(float),
        "unit": [f"unit {i}" for i in range(200)],
        "state": rng.integers(0, 10, 200),
    }
    fit = fw.fit(data, "y", "d", "m", groups="unit", clusters="state", draws=4000)
    found = fit.fitted.diagnostics
    assert found.method == "collapse"
    assert found.passed
    total = np.hypot(fit.estimands[0].sigma, fit.estimands[0].sigma_b)
    assert total.std() / total.mean() < 0.1


def test_many_dense_levels_and_few() -> None:
    """More levels than are factorised column by column; the same as by fewer draws of them."""
    rng = np.random.default_rng(4)
    n = 1500
    state, g, d = rng.integers(0, 70, n), rng.integers(0, 60, n), rng.integers(0, 2, n)
    y = rng.normal(size=70)[state] + rng.normal(size=60)[g] + 0.5 * d + rng.normal(size=n)
    data = {"y": y, "d": d, "g": g, "state": state}
    fit = fw.fit(data, "y", "d", groups="g", clusters="state", draws=500)
    assert fit.fitted.diagnostics.method == "collapse"
    assert fit.passed
    levels = fit.fitted.draws.clusters[0].u[0, 0].mean(axis=1)
    own = np.array([(y - 0.5 * d)[state == k].mean() for k in range(70)])
    assert np.corrcoef(levels, own)[0, 1] > 0.9


def test_an_sd_that_nothing_bounds() -> None:
    with pytest.raises(fw.InferenceError, match="do not bound sigma_wave"):
        fw.fit(
            {key: values[DATA["wave"] < 2] for key, values in DATA.items()},
            **USUAL,
            clusters="wave",
            priors={"sigma_wave": "flat"},
        )


def test_an_outcome_without_noise() -> None:
    exact = DATA | {"y": 1.0 + DATA["d"] + 0.5 * DATA["state"] ** 2}
    with pytest.raises(fw.InferenceError, match="nothing is left to chance"):
        fw.fit(exact, **USUAL, clusters="state")


def test_weights_that_fail_lead_to_nuts(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*args: Any, **words: Any) -> Any:
        return replace(explore_adaptively(*args, **words), k_hat=1.2)

    monkeypatch.setattr("forwhom.methods.collapse.sampler.explore_adaptively", failing)
    with short_chains(20, depth=4):
        fit = fw.fit(DATA, **USUAL, clusters="wave", draws=40)
    assert fit.fitted.diagnostics.method == "nuts"
    assert "importance weights of method 'collapse' failed" in fit.fitted.diagnostics.why
