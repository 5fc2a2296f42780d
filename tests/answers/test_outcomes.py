"""Outcomes without and with treatment, against g-computation by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from tests.answers.test_contract import table_of
from tests.reference.survey import CASES, MODIFIERS, make_survey

DATA = make_survey()


def arms(table: Any) -> dict[str, np.ndarray]:
    """Estimates by arm."""
    arm = np.array(table.columns["arm"])
    return {name: table.columns["estimate"][arm == name] for name in dict.fromkeys(arm)}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", "a + m", controls="x", draws=200)


def test_a_probability_by_hand(fit: fw.Fit) -> None:
    data, found = table_of(), fit.fitted
    one = fit.estimands[0]
    keys = fit.groups().to_dict()
    group_of = {pair: i for i, pair in enumerate(zip(keys["a"], keys["m"], strict=True))}
    g = [group_of[pair] for pair in zip(data["a"].tolist(), data["m"].tolist(), strict=True)]
    eta = one.alpha + np.outer(data["x"], one.beta[:, 0]) + one.baselines()[g]
    theta = one.theta()[g]
    without, treated = (100 / (1 + np.exp(-values)) for values in (eta, eta + theta))
    expected = [without.mean(axis=0), treated.mean(axis=0), (treated - without).mean(axis=0)]
    draws = fit.outcomes(draws=True)
    np.testing.assert_allclose(draws.columns["value"].reshape(3, -1), expected, rtol=1e-9)
    assert draws.columns["arm"][:: found.count] == ["without", "with", "difference"]
    a = data["a"] == 1
    table = fit.outcomes(by="a")
    assert table.columns["arm"] == ["without", "with", "difference"] * 2
    by_hand = np.median(without[a].mean(axis=0))
    assert arms(table)["without"][1] == pytest.approx(by_hand)


@pytest.mark.parametrize("by", [None, "a", ["a", "m"]])
@pytest.mark.parametrize("options", [{}, {"where": "m > 0"}, {"weights": "equal"}, {"level": 0.5}])
def test_the_difference_is_the_average_effect(fit: fw.Fit, by: Any, options: Any) -> None:
    outcomes, average = fit.outcomes(by=by, **options), fit.average(by=by, **options)
    here = np.array(outcomes.columns["arm"]) == "difference"
    for name in ("estimate", "std_error", "conf_low", "conf_high", "prob_positive"):
        np.testing.assert_allclose(
            outcomes.columns[name][here], average.columns[name], rtol=1e-6, err_msg=name
        )
    np.testing.assert_equal(outcomes.columns["n_treated"][here], average.columns["n_treated"])


SUMS = ("group", "alley2023", "alley2023 with a control", "alley2026", "dose", "spread none",
        "sites", "sampling weights", "shared", "frequency weights", "modifiers", "dose, shared",
        "no spread at all")  # fmt: skip


@pytest.mark.parametrize("case", SUMS)
def test_sums_tell_what_rows_tell(case: str) -> None:
    """By method "exact" from sums; by hand from the rows and the same draws."""
    plan = CASES[case]
    fit = fw.fit(DATA, "y", modifiers=MODIFIERS, draws=200, method="exact", **plan)
    if "site" in plan.values():
        assert fit.outcomes(by="site").n_rows == 24
    one, groups = fit.estimands[0], fit.groups().to_dict()
    own = [name for name in ("site",) if name in groups] or ["woman", "age", "region"]
    rows = list(zip(*(DATA[name].tolist() for name in own), strict=True))
    numbers = {pair: i for i, pair in enumerate(zip(*(groups[n] for n in own), strict=True))}
    d = DATA[plan["treatment"]]
    kept = np.array([i for i, key in enumerate(rows) if key in numbers])
    if plan.get("preset") == "alley2023":
        kept = kept[d[kept] == 1]
    g = np.array([numbers[rows[i]] for i in kept])
    eta = np.tile(one.alpha, (len(kept), 1))
    if plan.get("controls"):
        eta += np.outer(DATA["income"][kept], one.beta[:, 0])
    z = np.array([np.asarray(_columns(i)) for i in kept])
    eta += z @ one.delta.T if one.delta.shape[1] else 0.0
    if "b" in fit.fitted.design.random_names:
        mean = fit.fitted.cells.modifier_mean
        eta += (one.baselines() - mean @ one.delta.T)[g]
    if plan["treatment"] == "dose":
        u = one.theta() - one.eta()
        effect = np.column_stack([np.ones(len(z)), z]) @ one.lambda_.T + u[g]
        eta += d[kept, None] * effect
    weight = DATA[plan["weights"]][kept] if "weights" in plan else np.ones(len(kept))
    expected = weight @ eta / weight.sum()
    draws = fit.outcomes(draws=True).columns["value"].reshape(3, -1)
    np.testing.assert_allclose(draws[0], expected, rtol=1e-6)
    np.testing.assert_allclose(draws[1] - draws[0], fit.average(draws=True).columns["value"])


def _columns(i: int) -> list[float]:
    woman, age, region = (DATA[name][i] for name in ("woman", "age", "region"))
    return [woman, age, region == "north", region == "south", woman * age]


@pytest.mark.parametrize("case", ["modifiers", "dose, shared"])
@pytest.mark.parametrize("options", [{"by": "woman"}, {"where": "woman == 1"}])
def test_groups_whose_sums_are_not_kept_are_refused(case: str, options: Any) -> None:
    fit = fw.fit(DATA, "y", modifiers=MODIFIERS, draws=200, method="exact", **CASES[case])
    with pytest.raises(fw.PlanError, match=r"method 'exact' keeps .* method='quadrature'"):
        fit.outcomes(**options)
    assert fit.tables()["outcomes"].n_rows == 3


def test_estimated_effects_have_no_outcomes() -> None:
    data = {"effect": [0.1, 0.4, 0.3, 0.2], "se": [0.1] * 4, "m": [0, 1, 0, 1]}
    fit = fw.fit(data, "effect", modifiers="m", std_error="se", draws=100)
    with pytest.raises(fw.PlanError, match="estimated elsewhere"):
        fit.outcomes()
    with pytest.raises(fw.PlanError, match="estimated elsewhere"):
        fit.plot.outcomes()


def test_ordered_categories_sum_to_a_hundred() -> None:
    data = table_of() | {"o": np.digitize(table_of()["x"], [-0.5, 0.7])}
    fit = fw.fit(data, "o", "d", "a", family="ordinal", draws=150)
    draws = fit.outcomes(scale="categories", draws=True).columns
    value, arm = draws["value"].reshape(9, -1), np.array(draws["arm"]).reshape(9, -1)[:, 0]
    for name, total in (("without", 100), ("with", 100), ("difference", 0)):
        np.testing.assert_allclose(value[arm == name].sum(axis=0), total, atol=1e-9)
    assert set(fit.outcomes().columns["outcome"]) == {"1 or above", "2 or above"}


def test_a_mean_in_percent_is_told_as_two_means() -> None:
    data = table_of() | {"p": np.exp(table_of()["x"])}
    fit = fw.fit(data, "p", "d", "a", family="lognormal", method="quadrature", draws=150)
    found = arms(fit.outcomes())
    assert (found["without"] > 0).all() and found["with"][0] > found["without"][0]
    exact = fw.fit(data, "p", "d", "a", family="lognormal", draws=150)
    with pytest.raises(fw.PlanError, match="method='quadrature'"):
        exact.outcomes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "aa"}, "Did you mean 'a'"),
        ({"where": "a == 7"}, "'7' is not a value of 'a'"),
        ({"scale": "percent"}, "scale='percent' is not known"),
        ({"above": 300}, "beyond the scale"),
        ({"weights": "b"}, "weights='b' is not known"),
        ({"level": 95}, "level=95"),
    ],
)
def test_bad_questions(fit: fw.Fit, options: Any, words: str) -> None:
    with pytest.raises(fw.PlanError, match=words):
        fit.outcomes(**options)
