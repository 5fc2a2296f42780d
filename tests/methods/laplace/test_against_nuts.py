"""The laplace method against other methods on the same problems.

Tests: sampler.py, draws.py and build.py.

Against quadrature and collapse wherever these take the design, with many draws; against NUTS where
nothing else does. Tolerances as in ``agreement``; the seeds are fixed.
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
from tests.methods.laplace.cases import CASES, DATA, USUAL, asked

# priors of sds without long tails, in which chains would take long to settle
HALF = "half_normal(0.5)"
NARROW = {"sigma_b": HALF, "sigma_theta": HALF}
SMALL: dict[str, Any] = {"modifiers": "a", "priors": NARROW}
AGAINST_NUTS: dict[str, dict[str, Any]] = {
    "clusters": SMALL | {"priors": NARROW | {"sigma_state": HALF}},
    "arms": SMALL,
    "categories": SMALL,
}


def fit(name: str, method: str, **more: Any) -> fw.Fit:
    return fw.fit(DATA, **asked(name, **more, method=method))


@pytest.mark.parametrize("name", ["gaussian"])
def test_what_collapses_too(name: str) -> None:
    agree(fit(name, "laplace", draws=20_000), fit(name, "collapse", draws=20_000))


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_what_quadrature_takes_too(family: str) -> None:
    question = USUAL | {"outcome": {"bernoulli": "voted", "poisson": "count"}[family]}
    one, other = (
        fw.fit(DATA, **question | {"family": family}, method=method, draws=20_000)
        for method in ("laplace", "quadrature")
    )
    agree(one, other)


@pytest.mark.slow  # for NUTS
@pytest.mark.parametrize("name", AGAINST_NUTS)
def test_what_nuts_alone_takes_too(name: str) -> None:
    more = AGAINST_NUTS[name]
    # of some hundred sds one is 4 errors off now and then, at a thousand effective draws
    agree(fit(name, "laplace", draws=10_000, **more), fit(name, "nuts", draws=4000, **more))


@pytest.mark.parametrize("name", CASES)
def test_weights_pass_their_check(name: str) -> None:
    found = fit(name, "laplace", draws=1000).fitted.diagnostics
    assert found.passed, found
    assert found.statistics["k_hat"] < 0.6
    assert found.statistics["effective_share"] > 0.3


def test_equal_seeds_make_equal_draws() -> None:
    one, two, other = (fit("clusters", "laplace", draws=200, seed=seed) for seed in (4, 4, 5))
    arrays = [dict(found.fitted.draws.arrays()) for found in (one, two, other)]
    assert all(np.array_equal(values, arrays[1][key]) for key, values in arrays[0].items())
    assert not np.array_equal(arrays[0]["levels 0"], arrays[2]["levels 0"])


def test_weights_that_fail_lead_to_nuts(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*args: Any, **words: Any) -> Any:
        return replace(explore_adaptively(*args, **words), k_hat=1.2)

    monkeypatch.setattr("forwhom.methods.laplace.sampler.explore_adaptively", failing)
    with short_chains(20, depth=4):
        found = fit("clusters", "auto", draws=40).fitted.diagnostics
    assert found.method == "nuts"
    assert "importance weights of method 'laplace' failed" in found.why
