"""Readable names in printed tables, titles and notes; the columns stay as the data have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import forwhom as fw
from forwhom.data import Tidy
from forwhom.plan import plan_from_toml, plan_to_toml

N = 240
RNG = np.random.default_rng(3)
DATA: dict[str, Any] = {
    "y": RNG.normal(size=N),
    "vote": np.array(["no", "yes"])[RNG.integers(0, 2, N)],
    "d": np.arange(N) % 2,
    "arm": np.array(["none", "ad", "call"])[np.arange(N) % 3],
    "woman": np.arange(N) // 2 % 2,
    "region": np.array(["north", "south"])[np.arange(N) // 4 % 2],
    "estimate": np.array(["a", "b"])[np.arange(N) // 8 % 2],
}
LABELS = {"y": "support", "d": "the letter", "woman": "Sex", "region[south]": "The South"}
VALUES = {"woman": {0: "Man", 1: "Woman"}, "d": {0: "Nothing", 1: "Letter"}}


def fitted(outcome: str = "y", treatment: str = "d", by: str = "woman*region", **more: Any) -> Any:
    return fw.fit(DATA, outcome, treatment, by, draws=100, **more)


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    made: fw.Fit = fitted(labels=LABELS, value_labels=VALUES)
    return made


def cells(table: Tidy) -> list[list[str]]:
    """Head and rows of a printed table, without its notes."""
    lines = str(table).splitlines()[1:]
    return [line.split("  ") for line in (lines[0], *lines[2 : 2 + len(table)])]


def test_heads_and_values_of_groups(fit: fw.Fit) -> None:
    for table in (fit.effects(), fit.average(by="woman"), fit.groups()):
        printed = str(table)
        for words in ("  Sex  ", "  Man  ", "  Woman  "):
            assert words in printed
        assert set(np.asarray(table["woman"]).tolist()) == {0, 1}
        assert "woman" in table.to_csv() and "Woman" not in table.to_csv()
    assert "  region  " in str(fit.effects())  # it has no label


def test_terms_with_a_labelled_column(fit: fw.Fit) -> None:
    table = fit.modifiers()
    printed = str(table)
    for words in ("  Sex  ", "  The South  ", "  Sex × region: south", "  Intercept  "):
        assert words in printed
    assert table["term"] == ["Intercept", "woman", "region[south]", "woman:region[south]"]


def test_titles_and_notes(fit: fw.Fit) -> None:
    assert fit.effects().title == "Group effects (theta) of the letter against Nothing on support"
    assert fit.average(by="woman").title.startswith("Average effects by Sex, of the letter")
    assert "Effects on support of the letter: Letter against Nothing." in fit.effects().notes
    assert fit.groups().notes == ("Treated: the letter is Letter; control: Nothing.",)
    assert "In units of support, modifiers as given" in fit.modifiers().notes[-1]
    assert "are in support." in fit.parameters().notes[-1]


def test_html_and_draws_too(fit: fw.Fit) -> None:
    table = fit.effects(draws=True)
    assert ">Sex</th>" in table._repr_html_() and ">Man</td>" in table._repr_html_()


def test_levels_of_the_outcome_and_of_arms() -> None:
    fit = fitted(
        "vote",
        "arm",
        labels={"vote": "turnout", "arm": "Contact"},
        value_labels={"vote": {"yes": "Voted"}, "arm": {"ad": "An ad", "none": "Nobody"}},
    )
    printed = str(fit.average())
    assert "Contact: An ad" in printed and "Contact: call" in printed
    assert fit.average()["treatment"] == ["arm[ad]", "arm[call]"]
    assert "turnout = Voted" in str(fit.modifiers())
    assert "An ad against Nobody" in printed


def test_categories_of_the_outcome() -> None:
    fit = fw.fit(
        {**DATA, "choice": DATA["arm"][RNG.permutation(N)]},
        *("choice", "d", "woman"),
        family="categorical",
        draws=50,
        value_labels={"choice": {"ad": "Advert"}},
    )
    table = fit.average()
    assert "ad" in table["outcome"] and "Advert" in str(table)


def test_a_grouping_column_with_the_name_of_the_tables_own() -> None:
    fit = fitted(by="estimate", labels={"estimate": "Guess"}, value_labels={"estimate": {"a": "A"}})
    table = fit.effects()
    assert "estimate_" in table
    head = str(table).splitlines()[1]
    assert "Guess" in head and "Estimate" in head
    assert " A " in str(table)


def test_without_labels_nothing_changes() -> None:
    table = fitted().effects()
    assert table.value_labels == {}
    assert table.title == "Group effects (theta) of d (1 against 0) on y"


def test_a_frame_of_the_users_library_joins_back() -> None:
    data = pd.DataFrame(DATA)
    fit = fw.fit(data, "y", "d", "woman", draws=50, value_labels=VALUES)
    assert len(data.merge(fit.effects(), on="woman")) == N


def test_a_plan_carries_its_labels(fit: fw.Fit) -> None:
    again = fw.fit(DATA, plan=plan_from_toml(plan_to_toml(fit.plan), "plan.toml"))
    assert again.plan.labels == fit.plan.labels
    assert str(again.effects()) == str(fit.effects())
    assert again.plot.effects().spec == fit.plot.effects().spec


def test_a_saved_fit_keeps_them(fit: fw.Fit, tmp_path: Path) -> None:
    again = fw.load(fit.save(tmp_path / "a.nc"))
    assert str(again.effects()) == str(fit.effects())


def test_a_figures_own_names_go_before_the_plans(fit: fw.Fit) -> None:
    spec = str(fit.plot.effects(labels={"y": "approval"}, value_labels={"woman": {1: "She"}}).spec)
    assert "approval" in spec and "She" in spec and "Man" in spec
    assert "support" not in spec
    with pytest.raises(fw.PlanError, match="'womn' is neither a column"):
        fit.plot.modifiers(labels={"womn": "x"})
    with pytest.raises(fw.PlanError, match="'woman' has no value 3"):
        fit.plot.effects(value_labels={"woman": {3: "x"}})
    with pytest.raises(fw.PlanError, match="'womn' is not a column of this plan"):
        fit.plot.effects(value_labels={"womn": {1: "x"}})


def test_a_stata_file_names_things_itself(tmp_path: Path) -> None:
    frame = pd.DataFrame({name: DATA[name] for name in ("y", "d", "woman")}).astype(float)
    path = tmp_path / "a.dta"
    pyreadstat.write_dta(
        frame,
        str(path),
        column_labels=["Support for the policy", "Letter", "Sex of respondent"],
        variable_value_labels={"woman": {0.0: "male", 1.0: "female"}},
    )
    fit = fw.fit(path, "y", "d", "woman", draws=50)
    assert "of Letter (1 against 0) on Support for the policy" in fit.effects().title
    assert "Sex of respondent" in str(fit.effects()) and " female " in str(fit.effects())
    assert "Sex of respondent: female" in str(fit.modifiers())
    named = fw.fit(
        path, "y", "d", "woman", draws=50, labels={"woman": "Sex"}, value_labels={"woman": {1: "F"}}
    )
    assert " Sex " in str(named.effects()) and " F " in str(named.effects())
