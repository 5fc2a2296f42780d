"""Designs without grouping columns: one group of every complete row, and a note that says so."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.design.recognise import recognise
from forwhom.plan import make_plan

DATA = {
    "y": [1.0, 2, None, 4, 5, 6],
    "d": [0, 1, 1, 0, 1, 0],
    "arm": ["control", "ad", "mail", "ad", "mail", "control"],
    "same": [3, 3, 3, 3, 3, 3],
    "n": [2, 1, 1, 3, 1, 1],
}
NOTE = (
    "No modifiers and no groups are named, so all rows are one group: baseline 'shared', spread "
    "'none'."
)


def design(**keywords: object) -> tuple[Design, Rows]:
    made = make_plan(**{"outcome": "y", "treatment": "d", "family": "gaussian", **keywords})
    return build_design(made, load(DATA, made.columns))


def test_every_complete_row_is_in_the_one_group() -> None:
    found, rows = design()
    groups = found.groups
    assert (groups.columns, groups.count, groups.name(0)) == ((), 1, "all rows")
    assert groups.n_rows.tolist() == [5]
    assert rows.groups.tolist() == [0] * 5
    assert found.effects[0].n_treated.tolist() == [2]
    assert found.effects[0].n_control.tolist() == [3]
    assert found.effects[0].lambda_names == ("Intercept",)
    assert found.random_names == found.delta_names == ()
    assert NOTE in found.notes


def test_arms_and_frequencies_are_counted() -> None:
    found, _ = design(treatment="arm", weights="n", weights_kind="frequency")
    assert found.groups.n_rows.tolist() == [8]
    assert [effect.n_treated.tolist() for effect in found.effects] == [[4], [1]]


def test_new_rows_are_all_of_it() -> None:
    found, _ = design()
    new = load({"z": [1, 2, 3]}, ["z"])
    assert recognise(found, new).group.tolist() == [0, 0, 0]


def test_nothing_is_said_where_columns_are_named() -> None:
    found, _ = design(groups="arm")
    assert NOTE not in found.notes
    one, _ = design(groups="same")  # a column of one value is a column
    assert one.groups.name(0) == "same=3" and NOTE not in one.notes


def test_a_modifier_of_one_value_is_refused_as_before() -> None:
    with pytest.raises(fw.DataError, match="'same' has one level only"):
        fw.fit(DATA | {"same": np.array(["a"] * 6)}, "y", "d", modifiers="same", family="gaussian")
