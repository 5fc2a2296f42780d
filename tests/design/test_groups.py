"""Groups by hand: who is in which, how many of each arm, what is binned."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.errors import DataError, PlanError
from forwhom.plan import make_plan

DATA: dict[str, Any] = {
    "y": [1.0, 2, 3, 4, 5, 6, 7, 8, 9],
    "t": [0, 1, 1, 0, 1, 0, 1, 0, 0],
    "sex": ["f", "f", "m", "m", "m", "f", "f", "m", "m"],
    "old": [0, 1, 0, 0, 1, 0, 1, 1, 1],
    "site": [7, 7, 9, 9, 9, 7, 7, 9, 9],
}


def design(data: dict[str, Any] | None = None, **plan: Any) -> tuple[Design, Rows]:
    made = make_plan(
        **{"outcome": "y", "treatment": "t", "modifiers": "sex + old", "family": "gaussian"} | plan
    )
    return build_design(made, load(data or DATA, made.columns))


def named(found: Design) -> dict[str, tuple[int, int]]:
    groups, (effect,) = found.groups, found.effects
    counts = zip(effect.n_treated.tolist(), effect.n_control.tolist(), strict=True)
    return {groups.name(g): arms for g, arms in enumerate(counts)}


def test_observed_combinations_and_their_arms() -> None:
    found, rows = design()
    assert named(found) == {
        "sex=f, old=0": (0, 2),
        "sex=f, old=1": (2, 0),
        "sex=m, old=0": (1, 1),
        "sex=m, old=1": (1, 2),
    }
    assert rows.groups.tolist() == [0, 1, 2, 2, 3, 0, 1, 3, 3]
    assert found.groups.column_values(0) == ["f", "f", "m", "m"]
    assert list(found.groups.column_values(1)) == [0, 1, 0, 1]
    assert not found.groups.has_control_group


def test_groups_column_replaces_the_combinations() -> None:
    found, rows = design(groups="site")
    assert named(found) == {"site=7": (2, 2), "site=9": (2, 3)}
    assert rows.groups.tolist() == [0, 0, 1, 1, 1, 0, 0, 1, 1]
    assert found.modifiers.names == ("sex[m]", "old")


def test_several_groups_columns_and_no_modifiers() -> None:
    found, _ = design(groups=["site", "old"], modifiers=None)
    assert found.groups.columns == ("site", "old")
    assert found.groups.count == 4
    assert found.effects[0].lambda_names == ("Intercept",)


def test_one_control_group_of_preset_alley2023() -> None:
    """Combinations of treated rows only; untreated rows of the same combination are counted."""
    found, rows = design(preset="alley2023")
    assert found.groups.has_control_group
    assert named(found) == {"sex=f, old=1": (2, 0), "sex=m, old=0": (1, 1), "sex=m, old=1": (1, 2)}
    assert rows.groups.tolist() == [3, 0, 1, 3, 2, 3, 0, 3, 3]
    assert found.delta_names == () and found.random_names == ("theta",)


def test_a_dose_counts_rows_with_and_without_it() -> None:
    data = DATA | {"t": [0, 0.5, 2, 0, 1, 0, 3, 0, 0]}
    found, _ = design(data)
    assert named(found)["sex=m, old=1"] == (1, 2)


@pytest.mark.parametrize(("distinct", "binned"), [(12, False), (13, True)])
def test_more_than_twelve_values_are_binned(distinct: int, binned: bool) -> None:
    n = 4 * distinct
    data = {"y": np.arange(n) % 7.0, "t": np.arange(n) % 2, "age": np.arange(n) // 4}
    found, rows = design(data, modifiers="age")
    assert found.groups.count == (4 if binned else distinct)
    assert found.groups.binned == ((("age", 4),) if binned else ())
    if binned:  # quartiles of 0..12, four of each, are 3, 6 and 9
        assert Counter(rows.groups.tolist()) == {0: 16, 1: 12, 2: 12, 3: 12}
        assert found.groups.texts(0) == ["up to 3", "over 3 to 6", "over 6 to 9", "over 9"]
        assert found.notes == (
            "'age' is cut into 4 bins to form the groups; the equation uses its own values.",
        )


@pytest.mark.parametrize(
    ("bins", "texts"),
    [
        (2, ["up to 19.5", "over 19.5"]),
        ({"age": 2}, ["up to 19.5", "over 19.5"]),
        ({"age": [10, 30.5]}, ["up to 10", "over 10 to 30.5", "over 30.5"]),
        ({"age": [-5, 10, 99]}, ["up to 10", "over 10"]),
    ],
)
def test_bins_by_count_and_by_cut_points(bins: Any, texts: list[str]) -> None:
    data = {"y": np.arange(40.0), "t": np.arange(40) % 2, "age": np.arange(40)}
    found, rows = design(data, modifiers="age", bins=bins)
    assert found.groups.texts(0) == texts
    if len(texts) == 3:
        edges = (data["age"] > 10).astype(int) + (data["age"] > 30.5)
        assert rows.groups.tolist() == edges.tolist()


def test_a_formulas_own_bins_are_the_groups_and_nothing_is_said() -> None:
    data = {"y": np.arange(40.0), "t": np.arange(40) % 2, "age": np.arange(40)}
    found, _ = design(data, modifiers="bin(age, 5)")
    assert found.groups.count == 5 and found.notes == ()
    both, _ = design(data, modifiers="age + bin(age, 5)")
    assert both.groups.count == 5
    assert both.notes == (
        "'age' is cut into 5 bins to form the groups; the equation uses its own values.",
    )


def test_levels_asked_for_are_not_binned() -> None:
    data = {"y": np.arange(40.0), "t": np.arange(40) % 2, "age": np.arange(40) // 2}
    found, _ = design(data, modifiers="C(age)")
    assert found.groups.count == 20


@pytest.mark.parametrize(("column", "held"), [("sex", "text"), ("flag", "true/false values")])
def test_only_numbers_are_cut(column: str, held: str) -> None:
    data = DATA | {"flag": [bool(v) for v in DATA["old"]]}
    with pytest.raises(PlanError, match=f"bins: column '{column}' holds {held}.*Leave it out"):
        design(data, modifiers="sex + flag", bins={column: 3})


def test_cut_points_outside_the_data() -> None:
    with pytest.raises(DataError, match="bins of 'old': no cut point separates the values"):
        design(bins={"old": [5]})


def test_controls_that_are_modifiers_enter_once() -> None:
    found, _ = design(controls="old + site")
    assert found.controls.names == ("site",)
    assert any("'old' are modifiers too" in note for note in found.notes)
    shared, _ = design(controls="old + site", baseline="shared")
    assert shared.controls.names == ("old", "site")


def test_long_numbers_of_groups_stay_apart() -> None:
    data = DATA | {"site": [1000001, 1000002, 1000003] * 3}
    found, _ = design(data, groups="site", modifiers=None)
    assert found.groups.texts(0) == ["1000001", "1000002", "1000003"]
