"""What outcomes mean: categories and their reference, intervals of a hazard, shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forwhom.data import load
from forwhom.design.outcome import OutcomeCoding, OutcomeRows, code_outcome
from forwhom.errors import DataError
from forwhom.plan import make_plan


def code(
    values: Any, labels: dict[float, str] | None = None, beside: Any = None, **plan: Any
) -> tuple[OutcomeCoding, OutcomeRows]:
    table = load({"y": values} | (beside or {}), ["y", *(beside or {})])
    column = replace(table.columns["y"], value_labels=tuple((labels or {}).items()))
    made = make_plan(outcome="y", treatment="d", modifiers="m", **plan)
    return code_outcome(made, replace(table, columns=table.columns | {"y": column}))


LABELS = {1.0: "left", 2.0: "right", 3.0: "none", 4.0: "other"}
# values, labels, reference, levels, codes
CATEGORIES = [
    (["b", "a", "c", "b"], {}, None, ("a", "b", "c"), [1, 0, 2, 1]),
    (["b", "a", "c", "b"], {}, "b", ("b", "a", "c"), [0, 1, 2, 0]),
    (["b", "a", "c", "b"], {}, "c", ("c", "a", "b"), [2, 1, 0, 2]),
    ([3, 1, 2, 2], {}, None, ("1", "2", "3"), [2, 0, 1, 1]),
    ([3, 1, 2, 2], {}, 2, ("2", "1", "3"), [2, 1, 0, 0]),
    ([3, 1, 2, 2], {}, "3", ("3", "1", "2"), [0, 1, 2, 2]),
    ([0.5, 1.5, 2.5], {}, 1.5, ("1.5", "0.5", "2.5"), [1, 0, 2]),
    ([3, 1, 2, 2], LABELS, "none", ("none", "left", "right"), [0, 1, 2, 2]),
    ([3, 1, 2, 2], LABELS, 3, ("none", "left", "right"), [0, 1, 2, 2]),
    (["2", "1", "3"], {}, 2, ("2", "1", "3"), [0, 1, 2]),
]


@pytest.mark.parametrize(("values", "labels", "reference", "levels", "codes"), CATEGORIES)
def test_the_reference_is_zero_and_the_others_keep_their_order(
    values: list[Any],
    labels: dict[float, str],
    reference: Any,
    levels: tuple[str, ...],
    codes: list[int],
) -> None:
    coding, rows = code(values, labels, family="categorical", reference_category=reference)
    assert coding.levels == levels
    assert coding.n_levels == len(levels)
    assert rows.y.tolist() == codes
    said = f"held against '{levels[0]}', the first. Say reference_category= for another."
    assert any(said in note for note in coding.notes) == (reference is None)
    absent = any("'other' of 'y' never occurs" in note for note in coding.notes)
    assert absent == bool(labels)


def test_two_categories_are_bernoullis() -> None:
    coding, rows = code([True, False, True], family="categorical", reference_category=True)
    assert coding.levels == ("True", "False")
    assert rows.y.tolist() == [0, 1, 0]
    assert "family 'bernoulli' says the same" in coding.notes[0]


@pytest.mark.parametrize(
    ("values", "plan", "message"),
    [
        (["left", "right", "none"], {"reference_category": "rigth"},
         "reference_category='rigth' is not a category of 'y' in the complete rows; it has 'left', "
         "'none', 'right'. Did you mean 'right'?"),
        ([1, 2, 3], {"reference_category": 4}, "it has '1', '2', '3'."),
        ([1, 2, 3], {"reference_category": "one"}, "reference_category='one' is not a category"),
        (list(range(51)), {}, "at most 50 categories"),
        (["a", "a"], {}, "outcome 'y' is 'a' in all 2 complete rows"),
    ],
)  # fmt: skip
def test_categories_refused(values: list[Any], plan: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        code(values, family="categorical", **plan)
    assert message in str(caught.value)


TIMES = {"family": "piecewise_exponential", "event": "e"}


def test_intervals_hold_about_as_many_events_each() -> None:
    rng = np.random.default_rng(3)
    y, e = rng.exponential(size=401), (rng.random(401) < 0.7).astype(float)
    coding, _ = code(y, beside={"e": e}, **TIMES)
    assert len(coding.ends) == coding.n_levels == 4
    assert coding.ends[-1] == y.max()
    assert coding.levels == ()
    held = np.histogram(y[e == 1], [0, *np.nextafter(coding.ends, np.inf)])[0]
    assert held.max() - held.min() <= 1
    assert "4 intervals with about as many events each" in coding.notes[0]
    more, _ = code(y, beside={"e": e}, **TIMES, breaks=19)
    assert more.n_levels == 19
    assert "may change at 18 times from " in more.notes[0]


def test_an_interval_holds_its_end() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0])
    coding, _ = code(y, beside={"e": [1, 1, 1, 0]}, **TIMES, breaks=[1, 2])
    assert coding.ends == (1.0, 2.0, 4.0)
    assert coding.notes == ()


def test_equal_times_leave_fewer_intervals_and_it_is_said() -> None:
    coding, _ = code([1.0, 1.0, 1.0, 2.0, 3.0], beside={"e": [1] * 5}, **TIMES)
    assert coding.ends == (1.0, 2.0, 3.0)
    assert "4 were asked for; equal times left 3." in coding.notes[0]
    last, _ = code([1.0, 2.0, 2.0, 2.0], beside={"e": [1] * 4}, **TIMES)
    assert last.ends == (1.0, 2.0)  # a cut at the last event would leave none after it


def test_quantiles_of_weighted_rows_are_those_of_repeated_rows() -> None:
    rng = np.random.default_rng(4)
    y, e, w = np.round(rng.exponential(size=50), 1) + 0.1, rng.integers(0, 2, 50), None
    w = rng.integers(1, 5, 50)
    weighted, _ = code(
        y, beside={"e": e, "w": w}, **TIMES, weights="w", weights_kind="frequency", breaks=5
    )
    repeated, _ = code(np.repeat(y, w), beside={"e": np.repeat(e, w)}, **TIMES, breaks=5)
    assert weighted.ends == repeated.ends


@pytest.mark.parametrize(
    ("breaks", "where"), [([1, 2, 3], "from 2 to 3"), ([0.5, 1], "from 0 to 0.5"), ([5], "after 5")]
)
def test_an_interval_without_an_event_is_named(breaks: list[float], where: str) -> None:
    with pytest.raises(DataError) as caught:
        code([0.7, 1.5, 2.5, 4.0], beside={"e": [1, 1, 0, 1]}, **TIMES, breaks=breaks)
    assert str(caught.value) == (
        f"breaks: no event of 'y' falls in the interval {where}, so its hazard cannot be learnt "
        "(events are from 0.7 to 4). Move or leave out a break, or say breaks="
        f"{len(breaks) + 1} for intervals with about as many events each."
    )


@pytest.mark.parametrize(
    ("values", "notes"),
    [
        ([0, 0.5, 1], ()),
        ([0.2, 0.5, 1], ("Outcome 'y' never is 0: the cutpoint leans on its prior.",)),
        ([0, 0.5, 0.6], ("Outcome 'y' never is 1: the gap leans on its prior.",)),
        ([0.2, 0.5], ("Outcome 'y' never is 0 or 1: the cutpoints rest on their priors. Family "
                      "'beta' does without them.",)),
    ],
)  # fmt: skip
def test_a_share_that_lacks_a_part_is_noted(values: list[float], notes: tuple[str, ...]) -> None:
    assert code(values, family="ordered_beta")[0].notes == notes


@pytest.mark.parametrize(
    ("values", "key", "edge"), [([0.1, 0.2, 1], "cutpoint", 0), ([0, 0.2, 0.1], "gap", 1)]
)
def test_nothing_bounds_a_cutpoint_under_a_flat_prior(
    values: list[float], key: str, edge: int
) -> None:
    with pytest.raises(DataError) as caught:
        code(values, family="ordered_beta", priors={key: "flat"})
    assert f"outcome 'y' never is {edge}, so nothing bounds the {key}" in str(caught.value)
    assert code([0, 0.5, 1], family="ordered_beta", priors={key: "flat"})[0].notes == ()
