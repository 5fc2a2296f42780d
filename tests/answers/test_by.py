"""Averages at the values of a modifier and their differences, against draws by hand and OLS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw


def simulated(n: int = 900, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "d": rng.integers(0, 2, n),
            "woman": rng.integers(0, 2, n),
            "age": rng.integers(18, 80, n),
            "region": rng.choice(["North", "South", "East"], n),
            "educ": rng.integers(1, 8, n),
        }
    )
    effect = 0.4 + 0.5 * data["woman"] + 0.01 * (data["age"] - 50) * data["woman"]
    data["y"] = rng.normal(size=n) + effect * data["d"]
    return data


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(simulated(), "y", "d", "age*woman + C(region) + educ", draws=400)


def test_a_difference_is_that_of_the_averages(fit: fw.Fit) -> None:
    """With an interaction, the coefficient of woman is that at age 0; the difference is not."""
    drawn = fit.average(by="woman", draws=True)
    zero, one = (drawn[drawn["woman"] == k]["value"].to_numpy() for k in (0, 1))
    table = fit.differences()
    table = table[table["where"] == ""].set_index("modifier").loc["woman"]
    assert table["value"] == "woman = 1 against woman = 0"
    assert table["estimate"] == pytest.approx(np.median(one - zero), rel=1e-12)
    assert table["conf_high"] == pytest.approx(np.quantile(one - zero, 0.975), rel=1e-12)
    by = fit.by("woman")
    assert by["difference"].tolist() == [False, False, True]
    assert by["estimate"].tolist()[2] == table["estimate"]
    averages = fit.average(by="woman")["estimate"].tolist()
    assert by["estimate"].tolist()[:2] == pytest.approx(averages, rel=1e-12)
    assert abs(table["estimate"] - 0.5) < 3 * table["std_error"]  # the truth, at the mean age
    at_zero = fit.modifiers().set_index("term").loc["woman", "estimate"]
    assert abs(at_zero - table["estimate"]) > 0.1  # the coefficient is another question


def test_an_interval_is_as_wide_as_that_of_ols() -> None:
    """One binary modifier, 468 rows: the issue's case; normal errors, pooled variance."""
    rng = np.random.default_rng(9)
    n = 468
    woman, d = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y = rng.normal(size=n) + 0.2 * d
    fit = fw.fit({"y": y, "d": d, "woman": woman}, "y", "d", "woman", method="exact")
    row = fit.differences().row(0)
    x = np.column_stack([np.ones(n), d, woman, d * woman])
    beta, rss, *_ = np.linalg.lstsq(x, y, rcond=None)
    se = np.sqrt(rss[0] / (n - 4) * np.linalg.inv(x.T @ x)[3, 3])
    width = row["conf_high"] - row["conf_low"]
    assert width == pytest.approx(2 * 1.965 * se, rel=0.1)
    assert row["estimate"] == pytest.approx(beta[3], abs=0.3 * se)


def test_numbers_of_many_values_are_cut_into_quarters_of_the_rows(fit: fw.Fit) -> None:
    by = fit.by("educ")
    values = by[~by["difference"]]
    assert values["value"].tolist()[0].startswith("educ ")
    assert 2 <= len(values) <= 4
    rows = (values["n_treated"] + values["n_control"]).to_numpy()
    assert rows.sum() == 900 and rows.min() > 900 / 8
    last = by["value"].tolist()[-1]
    assert last == f"{values['value'].tolist()[-1]} against {values['value'].tolist()[0]}"
    groups = fit.effects()
    theta = fit.estimands[0].theta()
    n = (groups["n_treated"] + groups["n_control"]).to_numpy(float)
    word = values["value"].tolist()[0]
    high = int(word.split(" to ")[1]) if " to " in word else int(word.split(" = ")[1])
    w = n * (groups["educ"] <= high).to_numpy()
    expected = np.median(w @ theta / w.sum())
    assert values["estimate"].tolist()[0] == pytest.approx(expected, rel=1e-9)


def test_each_category_is_held_against_the_first(fit: fw.Fit) -> None:
    table = fit.differences()
    mine = table[table["modifier"] == "region"]["value"].tolist()
    assert mine == ["North against East", "South against East"]


def test_bins_are_named_by_their_variable(fit: fw.Fit) -> None:
    by = fit.by("age")
    assert all(value.startswith("age ") for value in by["value"])


def test_a_modifier_of_groups_that_is_no_grouping_column_is_told_too() -> None:
    rng = np.random.default_rng(2)
    state = rng.integers(0, 40, 2000)
    income, rich = rng.normal(size=40), rng.integers(0, 2, 40)
    d = rng.integers(0, 2, 2000)
    y = rng.normal(size=2000) + d * (0.3 + 0.4 * income[state])
    data = {"y": y, "d": d, "income": income[state], "rich": rich[state], "state": state}
    fit = fw.fit(data, "y", "d", "income + rich", groups="state", draws=400)
    table = fit.differences()
    named = dict(zip(table.columns["modifier"], table.columns["value"], strict=True))
    assert named["rich"] == "rich = 1 against rich = 0"
    assert " to " in named["income"]
    at = table.columns["modifier"].index("income")
    assert table.columns["conf_low"][at] > 0
    theta = fit.estimands[0].theta()
    n = fit.fitted.group_weight
    means = fit.fitted.cells.effects[0].mean
    one = means[:, 1] > 0.5
    expected = np.median((n * one) @ theta / n[one].sum() - (n * ~one) @ theta / n[~one].sum())
    at = table.columns["modifier"].index("rich")
    assert table.columns["estimate"][at] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"modifier": "wmoan"}, "Did you mean 'woman'"),
        ({"modifier": None}, "needs a modifier"),
        ({"modifier": "woman", "where": "woman == 2"}, "'2' is not a value of 'woman'"),
    ],
)
def test_what_cannot_be_told_is_said(given: dict[str, Any], words: str, fit: fw.Fit) -> None:
    with pytest.raises(fw.PlanError) as caught:
        fit.by(**given)
    assert words in str(caught.value)


def test_one_value_left_has_no_difference(fit: fw.Fit) -> None:
    assert fit.by("woman", where="woman == 1")["difference"].tolist() == [False]
    left = fit.differences(where="woman == 1")["modifier"].tolist()
    assert "woman" not in left and "region" in left
