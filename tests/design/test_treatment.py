"""What d = 0 and d = 1 mean, for every kind of treatment column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forwhom.data import load
from forwhom.data.table import Column
from forwhom.design.treatment import TreatmentCoding, code_treatment
from forwhom.errors import DataError
from forwhom.plan import make_plan


def column(values: Any, labels: dict[float, str] | None = None) -> Column:
    made = load({"t": values}, ["t"]).columns["t"]
    return replace(made, value_labels=tuple((labels or {}).items()))


def code_all(column: Column, **plan: Any) -> tuple[tuple[TreatmentCoding, ...], np.ndarray]:
    return code_treatment(make_plan(outcome="y", treatment="t", modifiers="m", **plan), column)


def code(column: Column, **plan: Any) -> tuple[TreatmentCoding, np.ndarray]:
    (coding,), d = code_all(column, **plan)
    assert d.shape == (column.values.size, 1)
    return coding, d[:, 0]


# values, labels, plan, kind, control, treated, d
BINARY = [
    ([0, 1, 1], {}, {}, "0", "1", [0, 1, 1]),
    ([0, 1, 1], {}, {"reference": 1}, "1", "0", [1, 0, 0]),
    ([0.0, 1.0], {}, {"treatment_type": "binary"}, "0", "1", [0, 1]),
    ([True, False], {}, {}, "False", "True", [1, 0]),
    ([True, False], {}, {"reference": True}, "True", "False", [0, 1]),
    ([True, False], {}, {"reference": "True"}, "True", "False", [0, 1]),
    ([1, 2, 2], {}, {"reference": 1}, "1", "2", [0, 1, 1]),
    ([1, 2, 2], {}, {"reference": 2}, "2", "1", [1, 0, 0]),
    ([1, 2, 2], {}, {"reference": "2"}, "2", "1", [1, 0, 0]),
    ([-1, 1], {}, {"reference": -1}, "-1", "1", [0, 1]),
    ([1, 2], {1.0: "Letter", 2.0: "None"}, {"reference": "None"}, "None", "Letter", [1, 0]),
    ([0, 1], {0.0: "None", 1.0: "Letter"}, {}, "None", "Letter", [0, 1]),
    (["b", "a", "b"], {}, {}, "a", "b", [1, 0, 1]),
    (["b", "a", "b"], {}, {"reference": "b"}, "b", "a", [0, 1, 0]),
    (["1", "2"], {}, {"reference": 2}, "2", "1", [1, 0]),
]


@pytest.mark.parametrize(("values", "labels", "plan", "control", "treated", "d"), BINARY)
def test_two_values(
    values: list[Any],
    labels: dict[float, str],
    plan: dict[str, Any],
    control: str,
    treated: str,
    d: list[float],
) -> None:
    coding, found = code(column(values, labels), **plan)
    assert (coding.kind, coding.control, coding.treated) == ("binary", control, treated)
    assert found.tolist() == d


# values, labels, plan, control, arms, the row of each arm's column of d
ARMS = [
    (["b", "a", "c", "b"], {}, {}, "a", ["b", "c"], [[1, 0], [0, 0], [0, 1], [1, 0]]),
    (["b", "a", "c"], {}, {"reference": "c"}, "c", ["a", "b"], [[0, 1], [1, 0], [0, 0]]),
    ([0, 1, 2], {}, {"reference": 0}, "0", ["1", "2"], [[0, 0], [1, 0], [0, 1]]),
    ([0, 1, 2], {}, {"reference": "1"}, "1", ["0", "2"], [[1, 0], [0, 0], [0, 1]]),
    ([0, 1, 2], {0.0: "No", 1.0: "A", 2.0: "B"}, {}, "No", ["A", "B"], [[0, 0], [1, 0], [0, 1]]),
    ([0, 1, 2], {}, {"treatment_type": "arms"}, "0", ["1", "2"], [[0, 0], [1, 0], [0, 1]]),
    ([5, 6, 7], {5.0: "No", 6.0: "A", 7.0: "B"}, {"reference": "A"}, "A", ["No", "B"],
     [[1, 0], [0, 0], [0, 1]]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "labels", "plan", "control", "arms", "d"), ARMS)
def test_every_arm_is_held_against_the_control(
    values: list[Any],
    labels: dict[float, str],
    plan: dict[str, Any],
    control: str,
    arms: list[str],
    d: list[list[float]],
) -> None:
    codings, found = code_all(column(values, labels), **plan)
    assert [coding.treated for coding in codings] == arms
    assert [coding.name for coding in codings] == [f"t[{arm}]" for arm in arms]
    assert {coding.control for coding in codings} == {control}
    assert {coding.kind for coding in codings} == {"binary"}
    assert found.tolist() == d
    said = f"Treatment 't' has 2 arms, each held against '{control}'. Say reference= for another."
    assert [coding.note for coding in codings] == ["" if "reference" in plan else said, ""]


def test_the_first_of_two_texts_is_control_and_that_is_said() -> None:
    coding, _ = code(column(["letter", "call"]))
    assert coding.note == (
        "Treatment 't' holds 'call' and 'letter'; 'call', the first, is taken as control. "
        "Say reference='letter' for the other way round."
    )
    assert code(column(["letter", "call"]), reference="call")[0].note == ""


@pytest.mark.parametrize(
    ("values", "plan"),
    [
        ([0, 1.5, 3, 0], {}),
        ([0, 5, 5], {"treatment_type": "dose"}),
        ([0, 1], {"treatment_type": "dose"}),
    ],
)
def test_a_dose_keeps_its_numbers_and_is_said(values: list[float], plan: dict[str, Any]) -> None:
    coding, d = code(column(values), **plan)
    assert (coding.kind, coding.control, coding.treated) == ("dose", "0", "one unit")
    assert d.tolist() == values
    assert f"has {len(set(values))} different values and is taken as a dose" in coding.note


@pytest.mark.parametrize(
    ("values", "labels", "plan", "words"),
    [
        ([1, 1], {}, {}, "'t' is 1 in all 2 complete rows; an effect needs treated and untreated"),
        ([0, 0], {}, {}, "'t' is 0 in all 2 complete rows"),
        (["a", "a"], {}, {}, "'t' has one level only ('a')"),
        ([1, 2], {}, {}, "'t' holds 1 and 2, not 0 and 1; which one is control is not guessed. "
                         "Say reference=1 (or 2)."),
        ([0, 2], {}, {}, "Say reference=0 (or 2)"),
        ([0, 1], {}, {"reference": 2}, "reference=2 is not a value of treatment 't'; it hold"),
        ([1, 2], {}, {"reference": "one"}, "reference='one' is not a value"),
        (["call", "letter"], {}, {"reference": "leter"}, "Did you mean 'letter'?"),
        ([0, 1, 2], {}, {"treatment_type": "binary"},
         "'t' has 3 values ('0', '1', '2'), and treatment_type='binary' takes two. Keep the rows"),
        (["a", "b", "c"], {}, {"treatment_type": "binary"},
         "'t' has 3 values ('a', 'b', 'c'), and treatment_type='binary' takes two"),
        (["a", "b", "c"], {}, {"preset": "alley2023"},
         "'t' has 3 values ('a', 'b', 'c'), and preset 'alley2023' takes two"),
        ([1, 2, 3], {1.0: "No", 2.0: "A", 3.0: "B"}, {},
         "'t' has the arms 'No', 'A', 'B'; which one is control is not guessed. Say "
         "reference='No' (or another)"),
        ([0, 1, 2], {}, {"reference": 3}, "reference=3 is not a value of treatment 't'; it holds"),
        (["a", "b", "c"], {}, {"reference": "d"}, "reference='d' is not a level of treatment 't'"),
        ([*range(60)], {}, {"reference": 0},
         "'t' has 60 values ('0', '1', '2', '3' and 56 more), and at most 50 arms are possible"),
        (["a", "b"], {}, {"treatment_type": "dose"}, "'t' holds text ('a', 'b'); a dose is"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_treatment(
    values: list[Any], labels: dict[float, str], plan: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        code(column(values, labels), **plan)
    assert words in str(caught.value)
