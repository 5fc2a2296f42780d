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
    (["b", "no b", "b"], {}, {}, "no b", "b", [1, 0, 1]),
    (["Ad", "Control", "Ad"], {}, {}, "Control", "Ad", [1, 0, 1]),
    (["Control", "Treat", "Treat"], {}, {}, "Control", "Treat", [0, 1, 1]),
    (["1", "0"], {}, {}, "0", "1", [1, 0]),
    (["01", "02"], {}, {"reference": 2}, "02", "01", [1, 0]),
    (["true", "maybe"], {}, {"reference": True}, "true", "maybe", [0, 1]),
    ([1, 2], {1.0: "Ad", 2.0: "Control"}, {}, "Control", "Ad", [1, 0]),
    ([1, 2], {1.0: "Control", 2.0: "Ad"}, {}, "Control", "Ad", [0, 1]),
    ([1, 2], {1.0: "Control"}, {}, "Control", "2", [0, 1]),
    ([1, 2], {1.0: "Ad", 2.0: "Card"}, {"reference": 2}, "Card", "Ad", [1, 0]),
    ([0, 1], {0.0: "Ad", 1.0: "Card"}, {}, "Ad", "Card", [0, 1]),
    ([0, 1], {0.0: "Yes", 1.0: "No"}, {"reference": "No"}, "No", "Yes", [1, 0]),
    ([0, 1], {0.0: "Arm", 1.0: "Arm"}, {}, "Arm (0)", "Arm (1)", [0, 1]),
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
    (["b", "none", "a", "b"], {}, {}, "none", ["a", "b"], [[0, 1], [0, 0], [1, 0], [0, 1]]),
    ([1, 2, 3], {1.0: "A", 2.0: "B", 3.0: "No"}, {}, "No", ["A", "B"], [[1, 0], [0, 1], [0, 0]]),
    ([0, 1, 2], {0.0: "A", 1.0: "B", 2.0: "C"}, {}, "A", ["B", "C"], [[0, 0], [1, 0], [0, 1]]),
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
    why = ", which says absence" if control in ("none", "No") and 0 not in values else ""
    said = (
        f"Treatment 't' has 2 arms, each held against '{control}'{why}. Say reference= for another."
    )
    assert [coding.note for coding in codings] == ["" if "reference" in plan else said, ""]


def test_a_control_that_words_tell_is_said() -> None:
    coding, _ = code(column(["letter", "no letter"]))
    assert coding.note == (
        "Treatment 't': 'letter' is held against 'no letter', which says absence. Say "
        'reference="letter" for the other way round.'
    )
    assert code(column(["letter", "no letter"]), reference="letter")[0].note == ""
    assert code(column([0, 1]))[0].note == ""
    assert coding.words == "t (letter against no letter)"


# values, labels, plan, what the question shows, the words to add
ASKED = [
    (["call", "letter", "call"], {}, {}, "'call' (2 rows), 'letter' (1 row), and neither says",
     'Add reference="call" or reference="letter" (the same in a plan file; as a flag --reference '
     "call)."),
    (["no call", "none"], {}, {}, "'no call' and 'none' both say that something is absent",
     "as a flag --reference 'no call')."),
    (["a", "b", "c"], {}, {}, "'c' (1 row), and none of them says",
     'Add reference="a" (the same in a plan file; as a flag --reference a), or name another'),
    (["a", "no", "none"], {}, {}, "'no' and 'none' both say", 'Add reference="a"'),
    ([1, 2, 2], {}, {}, "'1' (1 row), '2' (2 rows), and they are not 0 and 1.",
     "Add reference=1 or reference=2 (the same in a plan file; as a flag --reference 1)."),
    ([0, 2], {}, {}, "they are not 0 and 1", "Add reference=0 or reference=2"),
    ([0.5, 2], {}, {}, "'0.5' (1 row)", "Add reference=0.5 or reference=2 (the same in a plan "
     "file; as a flag --reference 0.5). Or say treatment_type='dose' if its numbers are amounts."),
    (["a", "b\nc"], {}, {}, "'a' (1 row), 'b\\nc' (1 row), and", 'or reference="b\\nc" (the same'),
    ([1, 2], {1.0: "Ad", 2.0: "Card"}, {}, "'Ad' (code 1, 1 row), 'Card' (code 2, 1 row), and",
     'Add reference="Ad" or reference="Card"'),
    ([0, 1], {0.0: "Letter", 1.0: "No letter"}, {}, "the label 'No letter' says absence and stands "
     "for code 1, while code 0 is 'Letter'", 'Add reference="Letter" or reference="No letter"'),
    ([0, 1], {1.0: "No letter"}, {}, "'0' and 'No letter' both say", "Add reference=0 or refer"),
    ([5, 6, 7], {}, {"treatment_type": "arms"}, "and none of them is 0.",
     "Or say treatment_type='dose' if its numbers are amounts."),
]  # fmt: skip


@pytest.mark.parametrize(("values", "labels", "plan", "shown", "words"), ASKED)
def test_what_is_control_is_asked(
    values: list[Any], labels: dict[float, str], plan: dict[str, Any], shown: str, words: str
) -> None:
    with pytest.raises(DataError) as caught:
        code(column(values, labels), **plan)
    said = str(caught.value)
    assert "treatment 't': which level the others are held against is not guessed; it has" in said
    assert shown in said
    assert words in said


def test_one_of_several_treatments_is_asked_with_what_is_said_of_the_others() -> None:
    plan = make_plan(outcome="y", treatment=["t", "u"], modifiers="m", reference={"u": "none"})
    with pytest.raises(DataError) as caught:
        code_treatment(plan, column(["a", "b"]))
    assert (
        'Add reference={"u": "none", "t": "a"} or reference={"u": "none", "t": "b"} (in a plan '
        'file reference = {u = "none", t = "a"}; as a flag --reference t=a).'
    ) in str(caught.value)
    answer = replace(plan, reference=(("u", "none"), ("t", "a")))
    (coding,), _ = code_treatment(answer, column(["a", "b"]))
    assert coding.control == "a"


def test_rows_are_counted_as_often_as_they_stand() -> None:
    plan = make_plan(outcome="y", treatment="t", modifiers="m")
    with pytest.raises(DataError, match="'a' \\(3 rows\\), 'b' \\(2 rows\\)"):
        code_treatment(plan, column(["a", "b"]), np.array([3.0, 2.0]))


def test_the_sign_follows_the_words_whatever_the_spelling() -> None:
    pairs = [
        ("Letter", "No letter"), ("Active", "Placebo"), ("Treated", "Untreated"), ("yes", "no"),
        ("Intervention", "Usual care"), ("Zinc", "Baseline"), ("Asked", "Never asked"),
        ("Aid", "off"), ("Ad", "FALSE"), ("Absentee ballot", "control group"), ("Y", "N"),
    ]  # fmt: skip
    for treated, control in pairs:
        for order in ([treated, control, treated], [control, treated, treated]):
            coding, d = code(column(order))
            assert (coding.control, coding.treated) == (control, treated)
            assert d.tolist() == [float(value == treated) for value in order]


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
        (["a", "a"], {}, {}, "'t' is a in all 2 complete rows; an effect needs treated and"),
        ([0, 1], {}, {"reference": 2}, "reference=2 is not a level of treatment 't' in the "
         "complete rows; it has '0', '1'."),
        ([1, 2], {}, {"reference": "one"}, "reference='one' is not a level"),
        (["call", "letter"], {}, {"reference": "leter"}, "Did you mean 'letter'?"),
        ([0, 1, 2], {}, {"treatment_type": "binary"},
         "'t' has 3 values ('0', '1', '2'), and treatment_type='binary' takes two. Keep the rows"),
        (["a", "b", "c"], {}, {"treatment_type": "binary"},
         "'t' has 3 values ('a', 'b', 'c'), and treatment_type='binary' takes two"),
        (["a", "b", "c"], {}, {"preset": "alley2023"},
         "'t' has 3 values ('a', 'b', 'c'), and preset 'alley2023' takes two"),
        ([0, 1, 2], {}, {"reference": 3}, "reference=3 is not a level of treatment 't'"),
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


def test_arms_of_long_whole_numbers_are_asked_digit_by_digit() -> None:
    ids = [1580000000000000001, 1580000000000000003]
    with pytest.raises(DataError) as caught:
        code(column(np.array(ids)))
    assert f"Add reference={ids[0]} or reference={ids[1]} (the" in str(caught.value)
    coding, d = code(column(np.array(ids)), reference=ids[1])
    assert (coding.control, d.tolist()) == (str(ids[1]), [1.0, 0.0])
