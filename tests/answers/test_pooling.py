"""What decides a group's effect, against computations by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers.regroup import advice
from forwhom.fitted import data_shares
from forwhom.methods import METHODS
from tests.chains import short_chains
from tests.reference.survey import CASES, MODIFIERS, explicit, make_survey

SHARES = ("data_share", "modifiers_share", "prior_share")
DATA = make_survey()
KINDS = [name for name in CASES if "sampling" not in name]


@cache
def fitted(case: str, method: str = "auto") -> fw.Fit:
    return fw.fit(DATA, outcome="y", modifiers=MODIFIERS, draws=300, method=method, **CASES[case])


def balanced(groups: int = 8, each: int = 6, seed: int = 1) -> dict[str, Any]:
    """Groups with ``each`` treated and untreated rows."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(groups), 2 * each)
    d = np.tile(np.arange(2 * each) % 2, groups)
    effect = 1 + rng.normal(0, 0.7, groups)
    y = rng.normal(0, 1, groups)[site] + d * effect[site] + rng.normal(size=len(d))
    return {"y": y, "d": d, "site": [f"s{k}" for k in site], "x": rng.normal(size=groups)[site]}


@pytest.mark.parametrize("case", KINDS)
@pytest.mark.parametrize("method", ["exact", "quadrature"])
def test_shares_sum_to_one(case: str, method: str) -> None:
    table = fitted(case, method).pooling()
    shares = np.array([table.columns[name] for name in SHARES])
    assert ((shares >= 0) & (shares <= 1)).all()
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_equal(shares[0], fitted(case, method).effects().columns["data_share"])


@pytest.mark.parametrize("case", KINDS)
def test_the_data_share_is_the_weight_of_own_rows_given_the_spreads(case: str) -> None:
    """Draw by draw, from the rows: 1 - Var(theta | own rows, what is shared) / sigma_theta^2."""
    found = fitted(case, "exact").fitted
    if "theta" not in found.design.random_names:
        np.testing.assert_equal(data_shares(found, 0, 0), 0.0)
        return
    rows = explicit(DATA, CASES[case])
    expected = np.zeros((found.design.groups.count, found.count))
    at = found.design.random_names.index("theta")
    sigma = found.draws.parameters["sigma"][:, 0]
    for g in range(len(expected)):
        own = rows.own[rows.group == g]
        gram = own.T @ (own * rows.w[rows.group == g, None])
        for k in range(found.count):
            precision = np.diag(1 / found.draws.spreads[k, 0] ** 2)
            variance = np.linalg.inv(gram / sigma[k] ** 2 + precision)[at, at]
            expected[g, k] = 1 - variance * precision[at, at]
    np.testing.assert_allclose(data_shares(found, 0, 0), expected.mean(axis=1), atol=1e-9)


def test_a_balanced_case_by_hand() -> None:
    """One effect and one baseline, both partially pooled, n rows in each arm of every group."""
    each, data = 6, balanced()
    fit = fw.fit(data, "y", "d", "x", groups="site", draws=500)
    found, table = fit.fitted, fit.pooling()
    sigma = found.draws.parameters["sigma"][:, 0]
    sd_b, sd_theta = found.draws.spreads[:, 0].T
    # what own rows tell of theta: treated means less untreated ones, the baseline known in part
    noise = sigma**2 / each
    left = sd_b**2 * noise / (sd_b**2 + noise)  # of the baseline, after the untreated rows
    share = sd_theta**2 / (sd_theta**2 + noise + left)
    np.testing.assert_allclose(table.columns["data_share"], share.mean(), rtol=1e-10)
    lambda_ = fit.estimands[0].lambda_
    prior = [entry.prior.parameters[1] ** 2 for entry in found.priors.coefficients[-2:]]
    x = np.unique(data["x"])
    for value in x:
        z = np.array([1.0, value])
        held = z @ np.cov(lambda_.T) @ z / (z**2 @ np.array(prior))
        row = next(i for i, s in enumerate(table.columns["site"]) if _x(data, s) == value)
        expected = (1 - share.mean()) * held
        np.testing.assert_allclose(table.columns["prior_share"][row], expected, rtol=1e-9)


def _x(data: dict[str, Any], site: str) -> float:
    return float(data["x"][data["site"].index(site)])


def test_huge_groups_and_flat_priors_are_all_data() -> None:
    rng = np.random.default_rng(2)
    n = 60_000
    site, d = rng.integers(0, 6, n), rng.integers(0, 2, n)
    y = rng.normal(size=6)[site] + d * rng.normal(0, 2, 6)[site] + rng.normal(0, 0.5, n)
    data = {"y": y, "d": d, "site": site}
    fit = fw.fit(data, "y", "d", "C(site)", priors={"lambda": "flat"}, baseline="group", draws=400)
    assert (fit.pooling().columns["prior_share"] == 0).all()
    fit = fw.fit(data, "y", "d", "site", groups="site", draws=400)
    assert fit.pooling().columns["data_share"].min() > 0.99


def test_without_a_spread_nothing_is_a_groups_own() -> None:
    table = fitted("spread none").pooling()
    assert (table.columns["data_share"] == 0).all()
    assert table.notes[0].startswith("On average 0 % of a group's effect is its own data (spread=")
    assert (fitted("spread none").effects().columns["data_share"] == 0).all()


def test_the_raw_estimate_is_the_difference_of_means() -> None:
    fit = fw.fit(balanced(), "y", "d", "x", groups="site", draws=300)
    table, data = fit.pooling(), balanced()
    site = np.array(data["site"])
    sigma = fit.fitted.draws.parameters["sigma"].mean()
    for i, name in enumerate(table.columns["site"]):
        here = site == name
        treated, control = (data["y"][here & (data["d"] == k)] for k in (1, 0))
        assert table.columns["raw_estimate"][i] == pytest.approx(treated.mean() - control.mean())
        expected = sigma * np.sqrt(1 / len(treated) + 1 / len(control))
        assert table.columns["raw_std_error"][i] == pytest.approx(expected)


@pytest.mark.parametrize("case", KINDS)
def test_raw_estimates_are_the_same_by_sums_and_by_rows(case: str) -> None:
    """Given the same shared parameters; both fits have them within Monte Carlo error."""
    sums, rows = fitted(case, "exact").pooling(), fitted(case, "quadrature").pooling()
    if np.isnan(sums.columns["raw_estimate"]).all():
        assert "No raw estimates" in " ".join(sums.notes)
        return
    one, other = (t.columns["raw_estimate"] for t in (sums, rows))
    error = sums.columns["raw_std_error"]
    np.testing.assert_allclose(one, other, atol=0.2 * np.nanmax(error))
    np.testing.assert_allclose(error, rows.columns["raw_std_error"], rtol=0.02)


def test_of_a_probability_it_is_the_difference_in_shares() -> None:
    voted = (DATA["y"] > 7).astype(int)
    fit = fw.fit(DATA | {"v": voted}, "v", "d", "woman + region", draws=200)
    table, link = fit.pooling(), fit.pooling(scale="link")
    for i in range(table.n_rows):
        row = table.row(i)
        here = (DATA["woman"] == row["woman"]) & (DATA["region"] == row["region"])
        p, q = (voted[here & (DATA["d"] == k)].mean() for k in (1, 0))
        n, m = row["n_treated"], row["n_control"]
        assert row["raw_estimate"] == pytest.approx(100 * (p - q), abs=1e-5)
        error = 100 * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
        assert row["raw_std_error"] == pytest.approx(error, rel=1e-3)
        odds = np.log(p / (1 - p)) - np.log(q / (1 - q))
        assert link.row(i)["raw_estimate"] == pytest.approx(odds, abs=1e-6)


def test_rows_all_alike_have_no_raw_estimate_on_the_link_scale() -> None:
    rng = np.random.default_rng(3)
    site, d = np.repeat([0, 1, 2], 40), rng.integers(0, 2, 120)
    y = np.where(site == 0, 0, rng.integers(0, 2, 120))
    fit = fw.fit({"y": y, "d": d, "site": site}, "y", "d", "C(site)", draws=200)
    link, told = fit.pooling(scale="link"), fit.pooling()
    assert np.isnan(link.columns["raw_estimate"][0]) and np.isnan(link.columns["raw_std_error"][0])
    assert told.columns["raw_estimate"][0] == pytest.approx(0, abs=1e-3)
    assert np.isnan(told.columns["raw_std_error"][0])
    assert np.isfinite(link.columns["raw_estimate"][1:]).all()
    assert "- where they cannot tell" in " ".join(link.notes)


def test_a_group_that_lacks_an_arm_has_none() -> None:
    data = balanced()
    data["d"] = np.where(np.array(data["site"]) == "s0", 0, data["d"])
    table = fw.fit(data, "y", "d", "x", groups="site", draws=200).pooling()
    assert np.isnan(table.columns["raw_estimate"]).tolist() == [True] + [False] * 7
    share = table.columns["data_share"]
    # its untreated rows tell its baseline, and nothing of its effect
    assert share[0] == pytest.approx(0, abs=1e-12) and share[1:].min() > 0.05


def test_every_method_tells_it() -> None:
    """Shares of a normal outcome agree between methods, within what draws of the spreads allow."""
    data = balanced(each=10)
    found = {}
    for name in ("exact", "quadrature"):
        fit = fw.fit(data, "y", "d", "x", groups="site", method=name, draws=1000)
        found[name] = fit.pooling().columns["data_share"]
    np.testing.assert_allclose(found["exact"], found["quadrature"], atol=0.06)
    assert "nuts" in METHODS
    with short_chains(20, depth=4):
        chains = fw.fit(
            data, "y", "d", "x", groups="site", method="nuts", draws=40, spread="student"
        )
        shares = np.array([chains.pooling().columns[name] for name in SHARES])
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert (shares[0] > 0).all()


def test_options_of_tables() -> None:
    fit = fitted("group")
    some = fit.pooling(where="woman == 1", above=0.5, level=0.8)
    assert set(some.columns["woman"]) == {1} and "prob_above" in some.columns
    draws = fit.pooling(where="woman == 1", draws=True)
    theta = fit.estimands[0].theta()
    kept = [i - 1 for i in dict.fromkeys(draws.columns["group_id"].tolist())]
    np.testing.assert_equal(draws.columns["value"], theta[kept].ravel())
    with pytest.raises(fw.PlanError, match="Did you mean 'woman'"):
        fit.pooling(where="womn == 1")
    with pytest.raises(fw.PlanError, match="scale='percnt'"):
        fit.pooling(scale="percnt")


def test_small_groups_are_told_how_to_be_larger() -> None:
    rng = np.random.default_rng(4)
    n = 200
    data = {
        "d": rng.integers(0, 2, n),
        "woman": rng.integers(0, 2, n),
        "age": rng.integers(20, 28, n),
        "town": rng.integers(0, 6, n),
    }
    data["y"] = data["d"] * (1 + data["woman"]) + rng.normal(size=n)
    fit = fw.fit(data, "y", "d", "woman + age + C(town)", draws=200)
    said = [note for note in fit.pooling().notes if note.startswith("Groups are small")]
    assert len(said) == 1 and "groups=[" in said[0]
    names = said[0].partition("groups=[")[2].partition("]")[0].replace('"', "").split(", ")
    again = fw.fit(data, "y", "d", "woman + age + C(town)", groups=names, draws=200)
    count = again.fitted.design.groups.count
    median = np.median(again.fitted.design.groups.n_rows)
    assert f"would make {count} of them" in said[0] and f"median {median:g} rows" in said[0]
    assert median >= 10
    assert not [note for note in again.pooling().notes if note.startswith("Groups are small")]
    large = fitted("sites").fitted.design
    assert advice(large.plan, large.groups, np.full(8, 0.3), np.zeros(8)) == ""
