"""What must not change an answer: units, centres, and how the same rows are written down.

Draws agree to rounding, not only in law. Inside, columns are centred and scaled, so a change of
units does nothing. Moving a modifier z to z + c adds c times the treatment's column to the column
treatment x z, which stands after it; the coefficients are mode + inverse(transposed lower Cholesky
factor) x noise, and for a triangular change of coordinates the new factor is the old one times that
change. So the same noise gives the same coefficients. A modifier that is turned round reorders the
groups and turns the sign of its noise: there the law alone is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES
from forwhom.fitted import Estimand
from tests.reference.nuts.cases import simulate

FLAT = {"alpha": "flat", "delta": "flat", "lambda": "flat"}
CASES = [
    *[("gaussian", "exact", baseline) for baseline in ("group", "modifiers", "shared")],
    ("gaussian", "quadrature", "group"),
    *[("bernoulli", "quadrature", baseline) for baseline in ("group", "modifiers", "shared")],
    ("poisson", "quadrature", "group"),
    ("poisson", "quadrature", "shared"),
    ("ordinal", "quadrature", "group"),
]


def draws(name: str, data: dict[str, Any], **plan: Any) -> Estimand:
    given = {"family": name, "bins": 12, "draws": 1000} | plan
    for key in ("trials", "event"):
        if key in data:
            given[key] = key
    return fw.fit(data, "y", "d", "a + m", **given).estimands[0]


@pytest.mark.parametrize(("name", "method", "baseline"), CASES)
def test_centring_and_rescaling_modifiers_changes_no_effect(
    name: str, method: str, baseline: str
) -> None:
    """Spreads are held to where the search for modes converges, so that rounding tips no draw."""
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    moved = data | {"a": (data["a"] - 2.5) / 7e3, "m": 100 + 3e6 * data["m"]}
    priors = {key: value for key, value in FLAT.items() if (key, baseline) != ("delta", "shared")}
    priors |= {"sigma_theta": "half_normal(0.5)"}
    priors |= {"sigma_b": "half_normal(0.5)"} if baseline == "group" else {}
    one, two = (
        draws(name, some, method=method, baseline=baseline, priors=priors) for some in (data, moved)
    )
    theta, again = one.theta(), two.theta()
    np.testing.assert_allclose(again, theta, rtol=0, atol=1e-8)
    np.testing.assert_allclose(again - again[0], theta - theta[0], rtol=0, atol=1e-8)  # contrasts
    level, same = (r.alpha + r.baselines() for r in (one, two))
    np.testing.assert_allclose(same, level, rtol=0, atol=1e-7)  # alpha + b: 100 m cancels in it
    slopes = one.lambda_[:, 1:] / (two.lambda_[:, 1:] * [1 / 7e3, 3e6])
    np.testing.assert_allclose(slopes, 1, atol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "bernoulli"])
def test_an_interaction_is_the_same_from_any_centre(name: str) -> None:
    """a*m about other centres: main effects change their meaning, the groups' effects do not."""
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    moved = data | {"a": data["a"] - 3, "m": 0.1 * data["m"] - 5}
    given = {"family": name, "bins": 12, "draws": 1000, "priors": FLAT}
    one, two = (fw.fit(some, "y", "d", "a * m", **given).estimands[0] for some in (data, moved))
    np.testing.assert_allclose(two.theta(), one.theta(), rtol=0, atol=1e-7)


def test_turning_a_modifier_round_changes_no_effect() -> None:
    """Other draws of one law: tolerances are joint Monte Carlo errors."""
    data = simulate("bernoulli", "logit", dose=False)
    moved = data | {"a": (data["a"] - 2.0) * 1e-9, "m": 10.0 - 3.0 * data["m"]}
    first, second = (draws("bernoulli", some, priors=FLAT, draws=4000) for some in (data, moved))

    def order(result: Estimand) -> np.ndarray:
        a, m = (np.asarray(result.design.groups.column_values(j)) for j in range(2))
        return np.lexsort([m if result is first else -m, a])  # m was turned round

    one = first.theta()[order(first)]
    back = second.theta()[order(second)]
    error = np.hypot(one.std(axis=1), back.std(axis=1)) / np.sqrt(2500)
    assert (np.abs(one.mean(axis=1) - back.mean(axis=1)) < 4.5 * error).all()
    assert np.allclose(one.std(axis=1), back.std(axis=1), rtol=0.12)


SCALED = [
    ("gaussian", "exact"),
    ("gaussian", "quadrature"),
    ("student", "quadrature"),
    ("lognormal", "exact"),
    ("lognormal", "quadrature"),
    ("gamma", "quadrature"),
    ("exponential", "quadrature"),
    ("weibull", "quadrature"),
]


@pytest.mark.parametrize(("name", "method"), SCALED)
def test_huge_outcomes_and_tiny_modifiers_give_the_same_standardised_answer(
    name: str, method: str
) -> None:
    """On a log scale a factor adds to alpha, whose prior moves along; else it multiplies all."""
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    added = FAMILIES[name].links[0] == "log" or name == "lognormal"
    factor = 1.0 if added else 1e9
    shift = np.log(1e9) if added else 0.0
    scaled = data | {"y": data["y"] * 1e9, "a": data["a"] * 1e-9, "m": data["m"] * 1e-9}
    before, after = (
        {"alpha": f"normal({float(0.7 + move)!r}, 6.0)"} if added else {} for move in (0.0, shift)
    )
    if name == "student":  # to where the search for modes converges, as above
        for priors, unit in ((before, 1.0), (after, factor)):
            priors |= dict.fromkeys(("sigma_theta", "sigma_b"), f"half_normal({0.5 * unit!r})")
    one = draws(name, data, method=method, priors=before)
    two = draws(name, scaled, method=method, priors=after)
    near = {"rtol": 0, "atol": 1e-6}
    np.testing.assert_allclose(two.theta() / factor, one.theta(), **near)
    np.testing.assert_allclose((two.alpha - shift) / factor, one.alpha, **near)
    unit = factor * np.array([1.0, 1e9, 1e9])
    np.testing.assert_allclose(two.lambda_ / unit, one.lambda_, **near)
    for key, left in one.parameters.items():
        right = two.parameters[key]
        np.testing.assert_allclose(right / (factor if key == "sigma" else 1.0), left, **near)


@pytest.mark.parametrize("name", ["gamma", "lognormal"])
def test_default_priors_follow_a_huge_outcome_on_a_log_scale(name: str) -> None:
    """Alpha's prior moves by log(1e9), rounded to a hundredth of its sd: the same to that."""
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    one = draws(name, data)
    two = draws(name, data | {"y": data["y"] * 1e9})
    priors = [[e.prior.parameters for e in r.priors.all] for r in (one, two)]
    assert priors[0][1:] == priors[1][1:]
    (m0, s0), (m1, s1) = priors[0][0], priors[1][0]
    assert s0 == s1
    assert m1 - m0 == pytest.approx(np.log(1e9), abs=0.01 * s0)
    error = np.hypot(one.lambda_.std(axis=0), two.lambda_.std(axis=0)) / np.sqrt(600)
    assert (np.abs(one.lambda_.mean(axis=0) - two.lambda_.mean(axis=0)) < 4.5 * error).all()


@pytest.mark.parametrize("baseline", ["group", "modifiers", "shared"])
def test_binomial_counts_are_bernoulli_rows(baseline: str) -> None:
    """A row of n trials is n rows: default priors, coordinates and draws are the same."""
    data = simulate("bernoulli", "logit", dose=False)
    keys = np.column_stack([data[key] for key in ("d", "a", "m")])
    distinct, where = np.unique(keys, axis=0, return_inverse=True)
    counts: dict[str, Any] = dict(zip(("d", "a", "m"), distinct.T, strict=True))
    counts |= {"y": np.bincount(where, data["y"]), "trials": np.bincount(where).astype(float)}
    rows = draws("bernoulli", data, baseline=baseline)
    sums = draws("binomial", counts, baseline=baseline)
    assert [e.prior for e in rows.priors.all] == [e.prior for e in sums.priors.all]
    for name in ("alpha", "delta", "lambda_"):
        np.testing.assert_allclose(getattr(sums, name), getattr(rows, name), rtol=0, atol=1e-8)
    np.testing.assert_allclose(sums.theta(), rows.theta(), rtol=0, atol=1e-8)


def test_a_two_by_two_table_is_its_rows() -> None:
    """As many coefficients as lines, which is no fault where each line holds many trials."""
    table = {"d": [0, 1, 0, 1], "m": [0, 0, 1, 1], "y": [10, 14, 9, 25], "trials": [40, 38, 41, 44]}
    arrays = {key: np.array(values, dtype=float) for key, values in table.items()}
    y = np.concatenate([np.r_[np.ones(s), np.zeros(n - s)] for s, n in
                        zip(table["y"], table["trials"], strict=True)])  # fmt: skip
    times = np.array(table["trials"])
    rows = {"d": np.repeat(arrays["d"], times), "m": np.repeat(arrays["m"], times), "y": y}
    given = {"baseline": "modifiers", "spread": "none", "draws": 500}
    one = fw.fit(rows, "y", "d", "m", family="bernoulli", **given).estimands[0]
    two = fw.fit(arrays, "y", "d", "m", family="binomial", trials="trials", **given).estimands[0]
    np.testing.assert_allclose(two.lambda_, one.lambda_, rtol=0, atol=1e-8)
