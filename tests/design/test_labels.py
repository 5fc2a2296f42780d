"""Labels of a plan are held to the data: columns, terms and values that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from forwhom.data import load
from forwhom.design import Design, build_design
from forwhom.errors import PlanError
from forwhom.plan import make_plan, plan_from_toml, plan_to_toml

N = 240
RNG = np.random.default_rng(3)
DATA: dict[str, Any] = {
    "y": RNG.normal(size=N),
    "d": np.arange(N) % 2,
    "woman": np.arange(N) // 2 % 2,
    "age": RNG.uniform(20, 80, N).round(2),
    "region": np.array(["north", "south"])[np.arange(N) // 4 % 2],
    "member": (np.arange(N) // 8 % 2).astype(bool),
    "half": np.array([0.5, 1.5])[np.arange(N) // 16 % 2],
}
MODIFIERS = "woman*region + age + member + half + I(age > 50)"


def design(data: Any = DATA, modifiers: str = MODIFIERS, **labels: Any) -> Design:
    plan = make_plan(outcome="y", treatment="d", modifiers=modifiers, **labels)
    return build_design(plan, load(data, plan.columns))[0]


def refusal(**labels: Any) -> str:
    with pytest.raises(PlanError) as caught:
        design(**labels)
    return str(caught.value)


def test_columns_and_terms_may_have_names() -> None:
    labels = {
        "woman": "Woman",
        "y": "Support",
        "woman:region[south]": "Southern women",
        "region[south]": "South",
        "I(age > 50)": "Over 50",
    }
    assert dict(design(labels=labels).plan.labels) == labels


def test_a_misspelt_column_is_refused_with_the_nearest() -> None:
    assert refusal(labels={"wman": "Woman"}).startswith(
        "labels: 'wman' is neither a column of this plan nor a term of its modifiers. Did you mean "
        "'woman'? It has 'y', 'd', 'woman', 'region', 'age'"
    )
    assert "Did you mean 'region[south]'?" in refusal(labels={"region[suoth]": "South"})
    said = refusal(value_labels={"regoin": {"south": "South"}})
    assert said.startswith("value_labels: 'regoin' is not a column of this plan. Did you mean 're")


def test_a_misspelt_value_is_refused_with_the_nearest() -> None:
    assert refusal(value_labels={"region": {"suoth": "South"}}) == (
        "value_labels: 'region' has no value 'suoth'. Did you mean 'south'? It has 'north', "
        "'south'."
    )
    assert refusal(value_labels={"woman": {2: "Other"}}) == (
        "value_labels: 'woman' has no value '2'. It has '0', '1'."
    )
    assert "'d' has no value 'yes'" in refusal(value_labels={"d": {"yes": "Ad"}})


@pytest.mark.parametrize(
    ("column", "key", "text"),
    [
        ("woman", 1, "1"),
        ("woman", 1.0, "1"),
        ("woman", "1.0", "1"),
        ("half", 0.5, "0.5"),
        ("half", ".50", "0.5"),
        ("member", True, "True"),
        ("member", "true", "True"),
        ("member", 1, "True"),
        ("region", "north", "north"),
    ],
)
def test_a_value_is_told_in_any_way_of_writing_it(column: str, key: Any, text: str) -> None:
    found = design(value_labels={column: {key: "X"}}).plan.value_labels
    assert found == ((column, ((text, "X"),)),)


def test_bins_are_values_too() -> None:
    name = design().groups.display[2][0]
    assert name.startswith("up to")
    plan = design(value_labels={"age": {name: "Young"}}).plan
    assert plan.value_labels == (("age", ((name, "Young"),)),)


def test_values_that_only_dropped_rows_have_are_there() -> None:
    y = DATA["y"].copy()
    y[DATA["region"] == "north"] = np.nan
    region = np.where(np.arange(N) % 8 == 4, "east", DATA["region"])
    data = {**DATA, "y": y, "region": region}
    assert design(data, "region", value_labels={"region": {"north": "North"}}).plan.value_labels


@pytest.fixture
def stata(tmp_path: Path) -> Path:
    frame = pd.DataFrame({name: DATA[name] for name in ("y", "d", "woman")}).astype(float)
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(
        frame,
        str(path),
        column_labels=["Support for the policy", "Letter", ""],
        variable_value_labels={"woman": {0.0: "male", 1.0: "female"}},
    )
    return path


def test_a_files_labels_come_by_themselves(stata: Path) -> None:
    assert design(stata, "woman").labels == (("y", "Support for the policy"), ("d", "Letter"))


@pytest.mark.parametrize("key", [1, "1", "female"])
def test_a_value_labelled_by_the_file_is_told_by_code_or_label(stata: Path, key: Any) -> None:
    plan = design(stata, "woman", value_labels={"woman": {key: "Women"}}).plan
    assert plan.value_labels == (("woman", (("female", "Women"),)),)
    again = plan_from_toml(plan_to_toml(plan), "plan.toml")
    assert again.value_labels == plan.value_labels


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"labels": ["age"]}, "labels says by column or term what it is called"),
        ({"labels": {"age": 3}}, "labels for 'age': a readable name is a text; got 3."),
        ({"labels": {"age": " "}}, "labels for 'age': a readable name is a text; got ' '."),
        ({"labels": {3: "Age"}}, "labels: a column or term is named by a text; got 3."),
        ({"value_labels": {"woman": "Woman"}}, "value_labels says by column what its values"),
        ({"value_labels": {"woman": {None: "x"}}}, "value_labels for 'woman' is one value of the"),
        ({"value_labels": {"woman": {0: "Man", "0": "M"}}}, "'0' is given twice"),
        ({"value_labels": {"woman": {0: "Man", 1: "Man"}}}, "two values are called 'Man'"),
    ],
)
def test_what_is_no_label(given: dict[str, Any], words: str) -> None:
    assert words in refusal(**given)
