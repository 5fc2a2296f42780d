"""Chains given the scales against independent draws of the same posteriors, and against NUTS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.errors import PlanError
from forwhom.methods.collapse import chains
from forwhom.methods.diagnostics import SweepCheck, WeightCheck
from forwhom.methods.importance.adaptive import explore_adaptively
from tests.methods.agreement import agree
from tests.methods.collapse.cases import CASES, DATA, USUAL

SHRUNK = tuple(name for name in CASES if "learnt" in name or "horseshoe" in name or "r2d2" in name)
# priors of sds without long tails, in which walks would take long to settle
NARROW = dict.fromkeys(("sigma_b", "sigma_theta", "sigma_wave"), "half_normal(0.5)")


def asked(name: str) -> dict[str, Any]:
    found = USUAL | CASES[name]
    kept = ("sigma_theta",) if found.get("std_error") else tuple(NARROW)
    kept = tuple(k for k in kept if k != "sigma_wave" or found.get("clusters") == "wave")
    return found | {"priors": found["priors"] | {key: NARROW[key] for key in kept}}


def by_chains(monkeypatch: pytest.MonkeyPatch, draws: int, **given: Any) -> fw.Fit:
    with monkeypatch.context() as patch:
        patch.setattr("forwhom.methods.collapse.sampler.MOST_SCALES", 0)
        fit = fw.fit(DATA, **given, method="collapse", draws=draws)
    assert isinstance(fit.fitted.diagnostics.check, SweepCheck)
    return fit


def test_there_is_one_of_each_kind() -> None:
    assert len(SHRUNK) == 6


@pytest.mark.parametrize("name", SHRUNK)
def test_the_posterior_of_independent_draws(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chained = by_chains(monkeypatch, 4000, **asked(name))
    other = fw.fit(DATA, **asked(name), method="collapse", draws=16_000)
    assert isinstance(other.fitted.diagnostics.check, WeightCheck)
    agree(chained, other)


def many(terms: int, n: int = 200) -> dict[str, np.ndarray]:
    """Modifiers that hang together; two of them matter."""
    rng = np.random.default_rng(9)
    z = rng.normal(size=(n, terms)) + 0.7 * rng.normal(size=(n, 1))
    d = rng.integers(0, 2, n)
    y = z[:, 0] * 0.3 + d * (0.4 + 0.8 * z[:, 0] - 0.6 * z[:, 1]) + rng.normal(size=n)
    return {f"z{k}": z[:, k].round(3) for k in range(terms)} | {"d": d, "y": y.round(3)}


def plan(terms: int, prior: str) -> dict[str, Any]:
    modifiers = " + ".join(f"z{k}" for k in range(terms))
    return {
        "outcome": "y",
        "treatment": "d",
        "modifiers": modifiers,
        "spread": "none",
        "baseline": "modifiers",
        "priors": {"lambda": prior},
    }


@pytest.mark.parametrize("prior", ["horseshoe(0.2, 1, 10)", "r2d2(0.4, 5)"])
def test_more_terms_than_are_weighed(prior: str, tmp_path: Path) -> None:
    fit = fw.fit(many(24), **plan(24, prior), draws=1600)
    found = fit.fitted.diagnostics
    assert (found.method, found.passed, found.chains) == ("collapse", True, chains.CHAINS)
    assert "scales are too many for independent proposals" in found.why
    lambdas = fit.fitted.draws.coefficients[:, 0, -24:]
    assert (np.argsort(-np.abs(np.median(lambdas, axis=0)))[:2] == [0, 1]).all()
    fit.save(tmp_path / "fit.nc")
    again = fw.load(tmp_path / "fit.nc")
    assert again.fitted.diagnostics == found
    np.testing.assert_array_equal(again.fitted.draws.coefficients, fit.fitted.draws.coefficients)


@pytest.mark.slow  # for NUTS
@pytest.mark.parametrize("prior", ["horseshoe(0.2, 1, 10)", "r2d2(0.4, 5)"])
def test_many_terms_against_nuts(prior: str) -> None:
    data, given = many(20), plan(20, prior)
    agree(
        fw.fit(data, **given, draws=8000, method="collapse"),
        fw.fit(data, **given, draws=4000, method="nuts"),
    )


def test_weights_that_fail_lead_to_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*given: Any, **words: Any) -> Any:
        return replace(explore_adaptively(*given, **words), k_hat=1.2)

    monkeypatch.setattr("forwhom.methods.collapse.sampler.explore_adaptively", failing)
    fit = fw.fit(DATA, **asked("horseshoe"), draws=1600)
    found = fit.fitted.diagnostics
    assert (found.method, found.passed, found.chains) == ("collapse", True, chains.CHAINS)
    assert "independent proposals failed (Pareto k-hat 1.20" in found.why


def test_a_seed_gives_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "FIRST", 100)
    monkeypatch.setattr(chains, "LONGEST", 100)
    one, two = (by_chains(monkeypatch, 800, **asked("r2d2")) for _ in range(2))
    np.testing.assert_array_equal(one.fitted.draws.coefficients, two.fitted.draws.coefficients)


def test_more_sds_than_can_be_explored_are_refused_still() -> None:
    treatments = {f"t{k}": (np.arange(len(DATA["y"])) // 2**k) % 2 for k in range(6)}
    given = {"treatment": list(treatments), "correlated": True, "modifiers": "a"}
    with pytest.raises(PlanError, match="29 standard deviations and correlations are too many"):
        fw.fit(DATA | treatments, "y", **given, priors={"lambda": "learnt(1)"}, method="collapse")
