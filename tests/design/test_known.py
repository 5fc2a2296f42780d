"""Columns brought to the kind that the fit knows."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.data.table import Column
from forwhom.design.known import KnownColumn, exact_text, know, number_in, recall
from forwhom.errors import DataError


def numeric(*values: float) -> Column:
    return Column("v", "numeric", np.array(values))


def text(*levels: str) -> Column:
    return Column("v", "text", np.arange(len(levels), dtype=np.int32), levels)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("30", 30), (" 30 ", 30), ("+3.5", 3.5), ("-.5", -0.5), ("5.", 5.0), ("1E3", 1000.0)),
        *(("", None), ("1,234", None), ("1_000", None), ("nan", None), ("inf", None)),
        *(("1e999", None), ("٣", None), ("0x10", None), ("3 0", None), ("9" * 5000, None)),
        *(("12%", None), ("$5", None), ("1/2", None), ("--3", None)),
        ("9007199254740993", 2**53 + 1),
    ],
)  # fmt: skip
def test_number_in(written: str, number: float | None) -> None:
    assert number_in(written) == number


def test_a_column_of_the_same_kind_is_left_alone() -> None:
    for column in (numeric(1.5, 2), text("a", "b"), Column("v", "boolean", np.array([0.0, 1]))):
        assert recall(know(column), column) is column


def test_missing_values_stay_missing() -> None:
    column = Column("v", "text", np.array([0, -1, 1]), ("1", "2"))
    made = recall(know(numeric(1, 2, 3)), column)
    np.testing.assert_array_equal(made.values, [1, np.nan, 2])
    made = recall(know(text("1", "2")), numeric(2, np.nan, 1))
    assert made.kind == "text"
    assert [None if c < 0 else (made.levels or ())[c] for c in made.values] == ["2", None, "1"]


def test_levels_that_no_row_holds_are_no_strangers() -> None:
    column = Column("v", "text", np.array([0, 0]), ("1", "odd"))
    assert recall(know(numeric(1, 2)), column).values.tolist() == [1, 1]


def test_texts_are_told_by_all_their_digits() -> None:
    known = KnownColumn("v", "text", ("0.1", "0.1000000001", "True"))
    made = recall(known, numeric(0.1000000001, 0.1))
    assert [(made.levels or ())[c] for c in made.values] == ["0.1000000001", "0.1"]
    assert exact_text(0.1 + 0.2) == "0.30000000000000004"
    made = recall(known, Column("v", "boolean", np.array([1.0])))
    assert made.levels == ("True",)
    with pytest.raises(DataError, match="holds true and false, and at the fit it held text"):
        recall(known, Column("v", "boolean", np.array([0.0])))


def test_a_label_of_two_codes_is_no_code() -> None:
    known = KnownColumn("v", "numeric", (), ((1.0, "Yes"), (8.0, "Other"), (9.0, "Other")))
    assert recall(known, text("Yes", "9")).values.tolist() == [1, 9]
    with pytest.raises(DataError, match="what 'Other' in 1 row would be there cannot be told"):
        recall(known, text("Other"))


def test_labels_of_codes_that_do_not_occur_are_not_held_against_one_another() -> None:
    known = KnownColumn("v", "numeric", (), ((1.0, "a"), (2.0, "b")))
    column = Column("v", "numeric", np.array([1.0]), value_labels=((1.0, "A "), (2.0, "c")))
    assert recall(known, column) is column


def test_numbers_are_true_or_false_only_where_they_are_one_or_zero() -> None:
    known = know(Column("v", "boolean", np.array([0.0, 1])))
    assert recall(known, numeric(1, 0, np.nan)).kind == "boolean"
    for column in (numeric(1, 2), text("2"), text("maybe")):
        with pytest.raises(DataError, match="at the fit it held true and false"):
            recall(known, column)
    assert know(numeric(0, 1)).truth
    assert not know(numeric(*([0] * 300), 2)).truth
