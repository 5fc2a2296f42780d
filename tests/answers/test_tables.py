"""Every table against the draws it summarises."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers import summarise
from forwhom.data import Tidy
from forwhom.errors import PlanError
from tests.reference.survey import CASES, MODIFIERS, make_survey

SUMMARY = ["estimate", "std_error", "conf_low", "conf_high", "prob_positive"]
DATA = make_survey()
KINDS = ["group", "shared", "alley2023", "dose", "spread none", "sites", "sampling weights"]


@cache
def fitted(case: str) -> fw.Fit:
    return fw.fit(DATA, outcome="y", modifiers=MODIFIERS, draws=300, **CASES[case])


def assert_summary(table: Tidy, draws: np.ndarray, level: float = 0.95) -> None:
    """The table's summary columns are those of ``draws`` (rows, D)."""
    for name, values in summarise(draws, level).items():
        # rows summarised together share a unit in single precision: 1e-6 of an sd at most
        np.testing.assert_allclose(
            table.columns[name], values, rtol=0, atol=1e-6 * draws.std(axis=1).max()
        )


@pytest.mark.parametrize("case", KINDS)
def test_modifiers(case: str) -> None:
    found = fitted(case)
    table = found.modifiers()
    assert list(table.columns) == ["treatment", "term", *SUMMARY]
    names = ["Intercept", "woman", "age", "region[north]", "region[south]", "woman:age"]
    assert table.to_dict()["term"] == names
    assert set(table.columns["treatment"]) == {CASES[case]["treatment"]}
    assert_summary(table, found.estimands[0].lambda_.T)


@pytest.mark.parametrize("case", KINDS)
def test_effects(case: str) -> None:
    found = fitted(case)
    table = found.effects()
    own = ["site"] if case == "sites" else ["woman", "age", "region"]
    assert list(table.columns) == [
        *("treatment", "group_id", *own, "n_treated", "n_control"), *SUMMARY, "data_share",
    ]  # fmt: skip
    assert table.to_dict()["group_id"] == list(range(1, table.n_rows + 1))
    assert_summary(table, found.estimands[0].theta())
    assert_summary(found.effects(level=0.5), found.estimands[0].theta(), 0.5)
    d = DATA[CASES[case]["treatment"]]
    for i in range(table.n_rows):
        row = table.row(i)
        here = np.logical_and.reduce([DATA[name] == row[name] for name in own])
        assert row["n_treated"] == (here & (d != 0)).sum()
        assert row["n_control"] == (here & (d == 0)).sum()
    groups = found.groups()
    assert list(groups.columns) == ["group_id", *own, "n_treated", "n_control"]
    assert groups.to_dict() == {name: table.to_dict()[name] for name in groups.columns}


@pytest.mark.parametrize("case", KINDS)
def test_averages_are_weighted_within_draws(case: str) -> None:
    """The weight of a group is its rows (treated rows under alley2023, weights where given)."""
    found = fitted(case)
    theta = found.estimands[0].theta()
    groups, arms = found.fitted.design.groups, found.fitted.design.effects[0]
    effects = found.effects().to_dict()
    if case == "sampling weights":
        w = DATA["pweight"] * len(DATA["y"]) / DATA["pweight"].sum()
        keys = list(zip(*(DATA[n].tolist() for n in ("woman", "age", "region")), strict=True))
        own = zip(effects["woman"], effects["age"], effects["region"], strict=True)
        weight = np.array([sum(w[i] for i, k in enumerate(keys) if k == key) for key in own])
    else:
        weight = arms.n_treated + (0 if case == "alley2023" else arms.n_control)
    average = found.average()
    assert list(average.columns) == ["treatment", "n_groups", "n_treated", "n_control", *SUMMARY]
    assert_summary(average, (weight @ theta / weight.sum())[None])
    assert average.row(0)["n_groups"] == groups.count
    assert average.row(0)["n_treated"] == arms.n_treated.sum()

    by = ["site"] if case == "sites" else ["region", "woman"]
    table = found.average(by=by)
    assert list(table.columns) == [
        *("treatment", *by, "n_groups", "n_treated", "n_control"), *SUMMARY,
    ]  # fmt: skip
    means, counts = [], []
    for i in range(table.n_rows):
        row = table.row(i)
        here = np.logical_and.reduce([np.array(effects[name]) == row[name] for name in by])
        means.append(weight[here] @ theta[here] / weight[here].sum())
        counts.append((here.sum(), arms.n_treated[here].sum(), arms.n_control[here].sum()))
    assert_summary(table, np.array(means))
    found_counts = zip(
        *(table.columns[n] for n in ("n_groups", "n_treated", "n_control")), strict=True
    )
    assert [tuple(int(v) for v in row) for row in found_counts] == counts


def test_averages_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks summed by several threads, in any order, are the weighted mean of their own draws."""
    monkeypatch.setattr("forwhom.methods.exact.draws.BLOCK", 2)
    found = fw.fit(DATA, outcome="y", modifiers=MODIFIERS, draws=300, **CASES["group"])
    theta, weight = found.estimands[0].theta(), found.fitted.group_weight
    assert_summary(found.average(), (weight @ theta / weight.sum())[None])
    region = np.array(found.effects().to_dict()["region"])
    means = [weight[region == r] @ theta[region == r] / weight[region == r].sum()
             for r in ("east", "north", "south")]  # fmt: skip
    assert_summary(found.average(by="region"), np.array(means))


def test_one_name_or_several_and_effects_by() -> None:
    found = fitted("group")
    one = found.average(by="woman")
    assert (
        one.to_dict() == found.average(by=["woman"]).to_dict() == found.effects("woman").to_dict()
    )
    assert one.to_dict()["woman"] == [0, 1]
    assert one.title == "Average effects by woman, of d (1 against 0) on y"


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("income", "by='income': effects can be averaged by the columns that define the groups"),
        (["woman", "regio"], "Did you mean 'region'?"),
        ([], "by= names no column. Effects can be averaged by 'woman', 'age', 'region'"),
    ],
)
def test_what_cannot_be_averaged_by(by: Any, words: str) -> None:
    with pytest.raises(PlanError) as caught:
        fitted("group").average(by=by)
    assert words in str(caught.value)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5])
@pytest.mark.parametrize("table", ["modifiers", "effects", "average", "parameters"])
def test_levels_lie_between_zero_and_one(table: str, level: float) -> None:
    with pytest.raises(PlanError, match=f"level={level} must lie between 0 and 1"):
        getattr(fitted("group"), table)(level=level)


def test_parameters() -> None:
    found = fitted("group")
    table, result = found.parameters(), found.estimands[0]
    assert list(table.columns) == ["parameter", "term", *SUMMARY]
    pairs = list(zip(table.columns["parameter"], table.columns["term"], strict=True))
    delta = ["woman", "age", "region[north]", "region[south]", "woman:age"]
    assert pairs == [
        ("alpha", ""), ("beta", "income"), *(("delta", name) for name in delta),
        ("sigma_b", ""), ("sigma_theta", ""), ("sigma", ""),
    ]  # fmt: skip
    draws = [result.alpha, *result.beta.T, *result.delta.T]
    assert_summary(table, np.array([*draws, result.sigma_b, result.sigma_theta, result.sigma]))
    alone = fitted("shared")
    assert alone.parameters().to_dict()["parameter"] == ["alpha", "sigma_theta", "sigma"]


def test_priors_in_words() -> None:
    found = fw.fit(
        DATA, outcome="y", treatment="d", modifiers="woman", controls="income", draws=50,
        preset="alley2026", priors={"lambda": {"woman": "student_t(4, 0, 0.1)"}},
    )  # fmt: skip
    table = found.priors()
    rows = [tuple(table.row(i).values()) for i in range(table.n_rows)]
    assert list(table.columns) == ["parameter", "term", "prior", "in_words", "source"]
    preset = "preset alley2026"
    half = "half-normal, scale 1"
    assert rows == [
        ("alpha", "", "normal(0, 1)", "normal, mean 0, sd 1", preset),
        ("beta", "income", "normal(0, 0.5)", "normal, mean 0, sd 0.5", preset),
        ("delta", "woman", "normal(0, 0.5)", "normal, mean 0, sd 0.5", preset),
        ("lambda", "Intercept", "normal(0, 0.5)", "normal, mean 0, sd 0.5", preset),
        ("lambda", "woman", "student_t(4, 0, 0.1)",
         "Student-t, 4 degrees of freedom, centre 0, scale 0.1", "yours"),
        ("sigma_b", "", "half_normal(1)", half, preset),
        ("sigma_theta", "", "half_normal(1)", half, preset),
        ("sigma", "", "half_normal(1)", half, preset),
    ]  # fmt: skip


def test_rows_read_dropped_and_used() -> None:
    gone = np.where(np.arange(240) < 5, np.nan, DATA["income"])
    weight = np.where((np.arange(240) >= 3) & (np.arange(240) < 10), 0.0, 1.0)
    table = fw.fit(
        DATA | {"income": gone, "pweight": weight}, outcome="y", treatment="d", modifiers="woman",
        controls="income", weights="pweight", draws=50,
    ).rows()  # fmt: skip
    assert table.to_dict() == {
        "rows": ["read", "missing income", "zero weight", "used"],
        "n": [240, 5, 5, 230],
    }


def test_diagnostics() -> None:
    found = fitted("group")
    row = found.diagnostics().row(0)
    assert list(row) == [
        *("method", "draws", "proposals", "k_hat", "effective_share", "distinct", "passed"),
    ]
    assert row["method"] == "exact" and row["draws"] == 300 and row["passed"] is True
    assert row["k_hat"] < 0.7 and 0 < row["effective_share"] <= 1
    assert found.passed is True


def test_a_column_named_like_ours_keeps_out_of_the_way() -> None:
    data = DATA | {"estimate": DATA["woman"], "n_treated": DATA["region"]}
    found = fw.fit(data, outcome="y", treatment="d", modifiers=["estimate", "n_treated"], draws=50)
    for table in (found.effects(), found.groups(), found.average(by=["estimate", "n_treated"])):
        assert set(table.columns["estimate_"]) == {0, 1}
        assert set(table.columns["n_treated_"]) == {"east", "north", "south"}
        assert table.headers["n_treated"] == "Treated" and table.headers["estimate"] == "Estimate"


@pytest.mark.parametrize(
    ("case", "note"),
    [
        ("group", "Averaged within draws over all analysed rows."),
        ("sampling weights", "Averaged within draws over all analysed rows, weighted."),
        ("alley2023", "Averaged within draws over the treated rows."),
    ],
)
def test_notes_say_what_is_compared_and_over_whom(case: str, note: str) -> None:
    assert fitted(case).average().notes == (note, "Effects on y of d: 1 against 0.")
    assert fitted(case).effects().notes == ("Effects on y of d: 1 against 0.",)
    assert fitted("dose").effects().notes == ("Effects on y of one unit of dose.",)
