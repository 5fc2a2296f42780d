"""NUTS on the joint density against the methods that integrate groups out; the chains' check.

Means within 4 joint Monte Carlo standard errors, sds within 5 % or 4 joint standard errors. Data
are small and seeds fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.methods.diagnostics import ChainCheck
from forwhom.methods.nuts.sampler import check_chains
from tests.posteriors import differences, of_chains, of_independent

Array = np.ndarray


def make_rows(n: int = 240) -> dict[str, Array]:
    """n rows in 12 groups with outcomes of several kinds, a treatment and a dose."""
    rng = np.random.default_rng(12)
    a, m = rng.integers(0, 3, n).astype(float), rng.integers(0, 4, n).astype(float)
    g = (4 * a + m).astype(int)
    d, dose = rng.integers(0, 2, n).astype(float), np.round(rng.gamma(2.0, 0.5, n), 1)
    exposure = np.round(rng.uniform(0.5, 3.0, n), 1)
    theta = 0.8 - 0.4 * a + 0.2 * m + 0.5 * rng.normal(size=12)[g]
    level = 0.2 + 0.2 * a - 0.1 * m + 0.4 * rng.normal(size=12)[g]
    eta = level + d * theta
    return {
        "a": a,
        "m": m,
        "d": d,
        "dose": dose,
        "exposure": exposure,
        "number": 50 + 5 * (eta + rng.normal(size=n)),
        "dosed": 5 * (level + dose * theta + rng.normal(size=n)),
        "happened": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "count": rng.poisson(exposure * np.exp(0.5 * eta)).astype(float),
    }


CASES: dict[str, dict[str, Any]] = {
    "bernoulli": {"outcome": "happened", "family": "bernoulli"},
    "poisson": {
        "outcome": "count",
        "family": "poisson",
        "exposure": "exposure",
        "baseline": "modifiers",
    },
    "gaussian": {"outcome": "number"},
    "alley2023": {"outcome": "number", "preset": "alley2023", "priors": {"alpha": "normal(50, 5)"}},
    "dose": {"outcome": "dosed", "treatment": "dose"},
}


def quantities(fit: fw.Fit) -> dict[str, Array]:
    """Draws of every parameter, the groups' among them."""
    result = fit.estimands[0]
    out = {"alpha": result.alpha}
    tables = {"delta": result.delta, "lambda": result.lambda_, "theta": result.theta().T}
    tables |= {"b": result.baselines().T} | dict(result.parameters)
    for name, values in tables.items():
        out |= {f"{name}[{j}]": values[:, j] for j in range(values.shape[1])}
    out |= {"sigma_b": result.sigma_b} if result.sigma_b is not None else {}
    assert result.sigma_theta is not None
    if result.design.groups.has_control_group:
        out["theta_control"] = result.control_theta()
    out["sigma_theta"] = result.sigma_theta
    return {key: values for key, values in out.items() if np.ptp(values)}  # some baselines are zero


SLOW = ("dose",)  # apart: make slow. Every run holds the exact method to stored chains of a dose


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES]
)
def test_nuts_equals_the_other_methods(case: str) -> None:
    plan = {"treatment": "d", "modifiers": "a + m"} | CASES[case]
    other = "quadrature" if "family" in plan else "exact"
    theirs = fw.fit(make_rows(), **plan, method=other, draws=12_000, seed=1)
    ours = fw.fit(make_rows(), **plan, method="nuts", draws=2000, seed=2)
    assert (ours.fitted.diagnostics.method, theirs.fitted.diagnostics.method) == ("nuts", other)
    assert ours.fitted.diagnostics.passed, ours.fitted.diagnostics
    assert theirs.fitted.diagnostics.check.k_hat < 0.7
    assert theirs.fitted.diagnostics.check.effective_share > 0.5
    check = ours.fitted.diagnostics.check
    found, exact = quantities(ours), quantities(theirs)
    assert set(found) == set(exact)
    chains = {key: of_chains(values.reshape(check.chains, -1)) for key, values in found.items()}
    independent = {key: of_independent(values, len(values) / 2) for key, values in exact.items()}
    assert differences({key: (chains[key], independent[key]) for key in found}) == {}


# the chains' check


def chains(seed: int = 4, draws: int = 500) -> Array:
    """Four good chains of three parameters."""
    return np.random.default_rng(seed).standard_normal((4, draws, 3))


def check(
    draws: Array, divergences: int = 0, energy: Array | None = None, levels: int = 0
) -> ChainCheck:
    diverging = np.zeros(draws.shape[:2], dtype=bool)
    diverging.reshape(-1)[:divergences] = True
    given = np.random.default_rng(5).standard_normal(draws.shape[:2]) if energy is None else energy
    return check_chains(draws, diverging, given, 600, np.arange(draws.shape[2]) < levels)


def wandering(shape: tuple[int, ...], memory: float) -> Array:
    """Autoregressive chains along the second axis, of variance one."""
    rng = np.random.default_rng(6)
    out = rng.standard_normal(shape)
    for t in range(1, shape[1]):
        out[:, t] = memory * out[:, t - 1] + np.sqrt(1 - memory**2) * out[:, t]
    return out


def test_good_chains_pass() -> None:
    found = check(chains())
    assert found.failures(2000) == ()
    assert found.r_hat < 1.005
    assert found.ess_bulk > 1500
    assert found.e_bfmi > 1.5  # independent energies
    assert check(chains(), divergences=2).failures(2000) == ()


def test_a_stuck_chain_is_seen() -> None:
    draws = chains()
    draws[2, :, 1] = draws[2, 0, 1]  # one parameter of one chain never moves
    found = check(draws)
    assert found.r_hat > 1.01
    assert any(words.startswith(f"R-hat {found.r_hat:.3f}") for words in found.failures(2000))
    elsewhere = chains()
    elsewhere[3, :, 0] += 3.0
    found = check(elsewhere)
    assert found.r_hat > 1.3
    assert found.failures(2000)[0] == f"R-hat {found.r_hat:.3f}, should be below 1.01"


def test_of_many_levels_some_r_hats_are_high_by_chance() -> None:
    # good chains of 2,000 levels, each worth what 500 draws are
    draws = np.random.default_rng(8).standard_normal((4, 125, 2_000))
    assert check(draws).r_hat > check(draws, levels=2_000).r_hat
    bad = draws.copy()
    bad[0, :, :2] += 3.0  # two may be left out, and are
    assert check(bad, levels=2_000).r_hat < 1.1
    bad[0, :, 2] += 3.0
    assert check(bad, levels=2_000).r_hat > 1.3
    shared = np.concatenate([draws, chains(draws=125)[:, :, :1]], axis=2)
    shared[0, :, -1] += 3.0  # one that is no level's is not
    assert check(shared, levels=2_000).r_hat > 1.3


def test_a_parameter_that_no_chain_moves_is_no_pass() -> None:
    draws = chains()
    draws[..., 0] = 1.0
    assert check(draws).failures(2000) != ()


def test_few_effective_draws_are_seen() -> None:
    draws = chains()
    draws[..., 2] = wandering((4, 500), 0.9)  # worth about 2000 (1 - 0.9) / (1 + 0.9)
    found = check(draws)
    assert 50 < found.ess_bulk < 200
    ess = min(found.ess_bulk, found.ess_tail)
    expected = f"effective sample size {ess:,.0f}, should be at least 400"
    assert expected in found.failures(2000)


def test_tails_count_too() -> None:
    draws = chains(draws=1000)
    slow = np.abs(wandering((4, 1000), 0.97)) > 1.5  # whether in a tail changes slowly
    draws[..., 0] = np.where(slow, 3.0, 1.0) * draws[..., 0]
    found = check(draws)
    assert found.ess_bulk > 1000
    assert found.ess_tail < 0.5 * found.ess_bulk


def test_divergences_and_energies_are_told() -> None:
    assert check(chains(), divergences=3).failures(2000) == ("3 divergences in 2,000 draws",)
    energy = 5 * wandering((4, 500), 0.95)  # moves worth 2 (1 - 0.95) of the variance
    found = check(chains(), energy=energy)
    assert 0.05 < found.e_bfmi < 0.2
    assert found.failures(2000) == (f"E-BFMI {found.e_bfmi:.2f}, should be at least 0.2",)


@pytest.mark.parametrize(("divergences", "failed"), [(6, False), (7, True)])
def test_divergences_of_a_thinned_run_are_counted_per_transition(
    divergences: int, failed: bool
) -> None:
    """One draw in three is kept: one in a thousand of 6,000 transitions may break off."""
    diverging = np.zeros((4, 1500), dtype=bool)
    diverging.reshape(-1)[:: 6000 // divergences][:divergences] = True
    energy = np.random.default_rng(5).standard_normal((4, 1500))
    found = check_chains(chains(), diverging, energy, 600, np.zeros(3, dtype=bool))
    assert (found.divergences, found.transitions) == (divergences, 6000)
    assert found.broken(2000) == failed
    assert found.failures(2000) == (("7 divergences in 6,000 transitions",) if failed else ())


def test_every_failure_is_told() -> None:
    found = ChainCheck(4, 600, 1.25, 1234.0, 87.4, 1500, 0.034)
    assert found.failures(4000) == (
        "R-hat 1.250, should be below 1.01",
        "effective sample size 87, should be at least 400",
        "1,500 divergences in 4,000 draws",
        "E-BFMI 0.03, should be at least 0.2",
    )
    missing = ChainCheck(4, 600, np.nan, np.nan, 500.0, 0, np.nan)
    assert len(missing.failures(4000)) == 3
