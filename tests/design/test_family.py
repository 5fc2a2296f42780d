"""Family "auto": what every kind of outcome becomes, and what is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forwhom.data import Table, load
from forwhom.design import build_design
from forwhom.design.family import settle
from forwhom.errors import DataError, PlanError
from forwhom.plan import Plan, make_plan


def plan(**keywords: Any) -> Plan:
    return make_plan(**{"outcome": "y", "treatment": "d", "modifiers": "m"} | keywords)


def table(values: Any, labels: dict[float, str] | None = None) -> Table:
    made = load(values if hasattr(values, "columns") else {"y": values}, ["y"])
    column = replace(made.columns["y"], value_labels=tuple((labels or {}).items()))
    return replace(made, columns={"y": column})


def ordered(*levels: str) -> pd.DataFrame:
    return pd.DataFrame({"y": pd.Categorical(levels, categories=levels, ordered=True)})


MEANS = " For differences of means say family='gaussian'."
# outcome, labels, family, why
SETTLED = [
    ([0, 1, 1], {}, "bernoulli", f"'y' holds 0 and 1.{MEANS}"),
    ([1.0, 0.0], {}, "bernoulli", f"'y' holds 0 and 1.{MEANS}"),
    ([True, False], {}, "bernoulli", f"'y' is true or false.{MEANS}"),
    (["No", "Yes"], {}, "bernoulli", "'y' holds 'No' and 'Yes'."),
    (["dead", "alive"], {}, "bernoulli", "'y' holds 'alive' and 'dead'."),
    ([1, 2], {1.0: "No", 2.0: "Yes"}, "bernoulli", "'y' holds 'No' and 'Yes'."),
    (ordered("low", "mid", "high"), {}, "ordinal", "'y' is an ordered category of 3 levels."),
    (ordered("low", "high"), {}, "bernoulli", "'y' holds 'low' and 'high'."),
    ([1.5, 2, 3], {}, "gaussian", "'y' holds numbers."),
    ([0, 1, 2], {}, "gaussian", "'y' holds numbers."),
    ([1, 2, 3], {1.0: "Low", 3.0: "High"}, "gaussian", "'y' holds numbers, 3 codes some of which "
     "have labels. For ordered levels say family='ordinal', for categories family='categorical'."),
    (list(range(101)), {0.0: "Cold", 100.0: "Warm"}, "gaussian", "'y' holds numbers."),
]  # fmt: skip


@pytest.mark.parametrize(("values", "labels", "family", "why"), SETTLED)
def test_the_outcome_settles_the_family(
    values: Any, labels: dict[float, str], family: str, why: str
) -> None:
    found, note = settle(plan(), table(values, labels))
    assert found == plan(family=family)
    assert note == f"Family {family}, because {why}"


def test_a_family_that_is_named_is_left_as_it_is() -> None:
    named = plan(family="gaussian")
    assert settle(named, table([0, 1])) == (named, "")


@pytest.mark.parametrize(
    ("given", "family", "why"),
    [
        ({"trials": "n"}, "binomial", "trials are given"),
        ({"preset": "alley2023"}, "gaussian", "the published analyses are of means"),
        ({"method": "exact"}, "gaussian", "method 'exact' is asked for"),
        ({"sigma_by": "group"}, "gaussian", "sigma_by is given"),
        ({"treatment": None, "std_error": "s"}, "gaussian", "std_error is given"),
        ({"success": 0}, "bernoulli", "success names a level of the outcome"),
        ({"breaks": [2]}, "piecewise_exponential", "breaks are given"),
        ({"reference_category": 1}, "categorical", "reference_category is given"),
    ],
)
def test_keywords_go_before_the_outcome(given: dict[str, Any], family: str, why: str) -> None:
    found, note = settle(plan(**given), table([0, 1, 1]))
    assert found == plan(**given, family=family)
    assert note == f"Family {family}, because {why}."


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2, 2], "outcome 'y' holds two numbers alone, '1' (1 row), '2' (2 rows). Which of them "
         "counts as 1 is not guessed: add success=1 or success=2 (the same in a plan file; as a "
         "flag --success 1). Or, for differences between means of its numbers, say "
         "family='gaussian'."),
        ([0, 100], "add success=0 or success=100"),
        (["a", "b", "c"], "outcome 'y' holds text of 3 levels ('a', 'b', 'c'), and no family is "
         "taken for it by itself. For categories without an order add family='categorical'"),
    ],
)  # fmt: skip
def test_what_is_asked(values: list[Any], words: str) -> None:
    with pytest.raises(DataError) as caught:
        settle(plan(), table(values))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("values", "given", "words"),
    [
        ([0, 1], {"priors": {"sigma": "flat"}}, "'sigma' is not a parameter that takes a prior"),
        ([0.5, 1, 2], {"link": "probit"}, "family 'gaussian' has no link 'probit'"),
        ([0.5, 1, 2], {"offset": "o"}, "not to family 'gaussian'"),
        ([0.5, 1, 2], {"priors": {"gaps": "flat"}}, "'gaps' is not a parameter"),
    ],
)
def test_checks_that_need_the_family_are_made_once_it_is_settled(
    values: list[float], given: dict[str, Any], words: str
) -> None:
    with pytest.raises(PlanError) as caught:
        settle(plan(**given), table(values))
    assert words in str(caught.value)
    assert f"(Family {'bernoulli' if 0 in values else 'gaussian'}, because 'y'" in str(caught.value)


def test_complete_rows_decide_and_the_design_holds_the_settled_plan() -> None:
    data = {
        "y": [0, 1, 1, 0, 7.5],
        "d": [0, 1, 0, 1, 1],
        "m": [0, 0, 1, 1, np.nan],
    }
    design, rows = build_design(plan(), load(data, ["y", "d", "m"]))
    assert design.plan == plan(family="bernoulli")
    assert design.notes[0] == f"Family bernoulli, because 'y' holds 0 and 1.{MEANS}"
    assert rows.y.tolist() == [0, 1, 1, 0]


def test_rounding_makes_no_third_number() -> None:
    data = {"y": [0.0, 1.0, 1 - 1e-16, 1e-12], "d": [0, 1, 0, 1], "m": [0, 0, 1, 1]}
    design, rows = build_design(plan(), load(data, ["y", "d", "m"]))
    assert design.plan.family == "bernoulli"
    assert rows.y.tolist() == [0, 1, 1, 0]
    assert any("within rounding of whole ones" in note for note in design.notes)
    small = load(data | {"y": [1e-12, 2e-12, 4e-12, 3e-12]}, ["y", "d", "m"])
    assert build_design(plan(), small)[0].plan.family == "gaussian"


@pytest.mark.parametrize(
    ("levels", "is_ordered", "family"),
    [
        ([1, 2, 3], True, "ordinal"),
        ([1, 2, 3], False, "gaussian"),
        ([0, 1], True, "bernoulli"),
        ([False, True], False, "bernoulli"),
    ],
)
def test_categories_that_are_numbers(levels: list[Any], is_ordered: bool, family: str) -> None:
    values = pd.Categorical(levels * 2, categories=levels, ordered=is_ordered)
    found, _ = settle(plan(), load(pd.DataFrame({"y": values}), ["y"]))
    assert found.family == family


def test_an_enumeration_of_polars_is_ordered() -> None:
    import polars as pl

    frame = pl.DataFrame({"y": pl.Series(["b", "a", "c"], dtype=pl.Enum(["c", "b", "a"]))})
    assert settle(plan(), load(frame, ["y"]))[0].family == "ordinal"
    plain = pl.DataFrame({"y": pl.Series(["b", "a", "c"], dtype=pl.Categorical)})
    with pytest.raises(DataError, match="holds text of 3 levels"):
        settle(plan(), load(plain, ["y"]))


def test_rows_without_weight_do_not_decide() -> None:
    data = {"y": [0, 1, 1, 5.5], "w": [1, 1, 1, 0], "d": [0, 1, 0, 1], "m": [0, 1, 1, 0]}
    found = load(data, list(data))
    assert settle(plan(weights="w"), found)[0].family == "bernoulli"
    assert settle(plan(), found)[0].family == "gaussian"
