"""Names of levels: unique wherever they are shown, and the same whichever way the data came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forwhom.data import Column, Table, load
from forwhom.data.digits import number_text, number_texts
from forwhom.design import Design, build_design
from forwhom.design.levels import level_names, places_of, unique_names
from forwhom.errors import DataError
from forwhom.plan import make_plan

N = 24
CODE = np.arange(N) % 4
OTHERS = ((0, "Yes"), (1, "No"), (2, "Other"), (3, "Other"))
NAMES = ("Yes", "No", "Other (2)", "Other (3)")
DATA: dict[str, Any] = {"y": np.arange(N) % 5.0, "d": np.arange(N) // 4 % 2, "v": CODE}


def design(column: Column | None, data: dict[str, Any] | None = None, **plan: Any) -> Design:
    """The design of the data with one column replaced."""
    made = make_plan(**{"outcome": "y", "treatment": "d", "family": "gaussian"} | plan)
    table = load(data or DATA, made.columns)
    if column is not None:
        table = replace(table, columns={**table.columns, column.name: column})
    return build_design(made, table)[0]


def labelled() -> Column:
    """Codes of which two share a label, as a Stata or SPSS file can have them."""
    return replace(load(DATA, ["v"]).columns["v"], value_labels=OTHERS)


def labelled_text() -> Column:
    """Codes that are text, with labels, as an SPSS file can have them."""
    column = load({"v": [f"k{code}" for code in CODE]}, ["v"]).columns["v"]
    return replace(column, value_labels=tuple((f"k{code}", name) for code, name in OTHERS))


TEXT_NAMES = ("Yes", "No", "Other (k2)", "Other (k3)")


@pytest.mark.parametrize(
    ("column", "names"), [(labelled(), NAMES), (labelled_text(), TEXT_NAMES)], ids=["codes", "text"]
)
def test_codes_that_share_a_label_are_told_apart_everywhere(
    column: Column, names: Sequence[str]
) -> None:
    assert design(column, groups="v").groups.texts(0) == list(names)
    assert design(column, groups="v").groups.column_values(0) == list(names)
    terms = design(column, modifiers="C(v)").effects[0].lambda_names
    assert terms == ("Intercept", *(f"C(v)[{name}]" for name in names[1:]))
    half = {**DATA, "half": np.arange(N) // 4 % 3}
    assert design(column, half, modifiers="half", clusters="v").clusters[0].levels == names
    arms = design(column, half, modifiers="half", treatment="v", reference="Yes")
    assert [effect.treatment.treated for effect in arms.effects] == list(names[1:])
    assert {effect.treatment.control for effect in arms.effects} == {"Yes"}
    other = design(column, half, modifiers="half", treatment="v", reference=names[3])
    assert other.effects[0].treatment.control == names[3]
    outcome = design(column, half, modifiers="half", outcome="v", family="categorical")
    assert outcome.outcome.levels == names


def test_a_reference_may_be_the_code_behind_a_label() -> None:
    half = {**DATA, "half": np.arange(N) // 4 % 3}
    for column, code in ((labelled(), 2), (labelled_text(), "k2")):
        found = design(column, half, modifiers="half", treatment="v", reference=code)
        assert found.effects[0].treatment.control.startswith("Other (")
    with pytest.raises(DataError, match=r"'2 \(Other \(2\)\)'"):
        design(labelled(), half, modifiers="half", treatment="v", reference="Other")


def test_replay_of_labelled_text_goes_by_the_code() -> None:
    column = labelled_text()
    made = make_plan(outcome="y", treatment="d", modifiers="v")
    table = load(DATA, made.columns)
    table = replace(table, columns={**table.columns, "v": column})
    recipe = build_design(made, table)[0].modifiers
    new = Table({"v": load({"v": ["k3", "k0"]}, ["v"]).columns["v"]}, 2, "new", "dict", "")
    assert recipe.matrix(new).tolist() == [[0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("names", "own", "expected"),
    [
        (["2", "2"], ["1", "2"], ("2 (1)", "2 (2)")),  # a code without a label reads as a label
        # a label that reads as another's name with its code
        (["A", "A", "A (1)"], ["1", "2", "3"], ("A (1)", "A (2)", "A (1) (3)")),
        (["a", "b"], ["1", "2"], ("a", "b")),
    ],
)
def test_unique_names(names: list[str], own: list[str], expected: tuple[str, ...]) -> None:
    assert unique_names(names, own) == expected


def test_names_of_numbers_are_unique_for_any_numbers() -> None:
    rng = np.random.default_rng(0)
    sizes = 10.0 ** rng.integers(-300, 300, 2000)
    values = np.unique(np.concatenate([sizes, sizes * (1 + 1e-9), sizes * (1 + 4e-16)]))
    texts = number_texts(values.tolist())
    assert len(set(texts)) == len(values)
    assert number_texts([1, 1.0 + 1e-9]) == ("1", "1.000000001")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567890123456, "1234567890123456"),
        (2.0**53 - 1, "9007199254740991"),
        (-3.0, "-3"),
        (0.30000000000000004, "0.3"),
        (29.9999999999, "29.9999999999"),
        (1e-17, "1e-17"),
        (1e300, "1e+300"),
        (float(np.float32(0.1)), "0.1"),
        (np.int64(1583715738627261039), "1583715738627261039"),
        (float("nan"), "nan"),
    ],
)
def test_number_text(value: float, text: str) -> None:
    assert number_text(value) == text


def test_terms_do_not_depend_on_the_route(tmp_path: Path) -> None:
    """0 and 1 as whole numbers, floats, truth values, from frames and from files."""
    import pyreadstat

    plain = {**DATA, "v": CODE % 2}
    frame = pd.DataFrame(plain)
    pyreadstat.write_dta(frame.astype(float), str(tmp_path / "t.dta"))
    pyreadstat.write_dta(frame, str(tmp_path / "whole.dta"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.assign(v=frame["v"] == 1).to_csv(tmp_path / "truth.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    sources = [
        plain,
        plain | {"v": (CODE % 2).astype(float)},
        plain | {"v": CODE % 2 == 1},
        frame.assign(v=frame["v"].astype("Int8")),
        frame.assign(v=pd.Categorical(frame["v"] == 1)),
        pl.DataFrame(plain).with_columns(pl.col("v") == 1),
        *tmp_path.iterdir(),
    ]
    for formula, terms in (("v", ("v",)), ("C(v)", ("C(v)[1]",))):
        made = make_plan(outcome="y", treatment="d", modifiers=formula)
        for source in sources:
            found = build_design(made, load(source, made.columns))[0]
            assert found.modifiers.names == terms


def test_categories_of_numbers_read_as_the_numbers_do() -> None:
    for values in (pd.Categorical(CODE), pd.Categorical(CODE.astype(float))):
        found = design(None, DATA | {"v": pd.Series(values)}, modifiers="C(v)")
        assert found.modifiers.names == ("C(v)[1]", "C(v)[2]", "C(v)[3]")


def test_places_of_known_numbers() -> None:
    held = load({"x": [0.1 + 0.2, 2.0, 7.0, 0.1]}, ["x"]).columns["x"]
    assert places_of([0.1, 0.3, 2.0], held).tolist() == [1, 2, -1, 0]
    long = load({"x": [2**60 + 1, 2**60, 3]}, ["x"]).columns["x"]
    assert places_of([3, 2**60 + 1], long).tolist() == [1, -1, 0]
    assert places_of([3.0, 5.0], long).tolist() == [-1, -1, 0]
    assert places_of([2**60 + 1, 2**60 + 2], held).tolist() == [-1] * 4


def test_names_of_truth_values() -> None:
    column = load({"x": [True, False]}, ["x"]).columns["x"]
    assert level_names(column, [0.0, 1.0]) == ("False", "True")
    found = design(None, DATA | {"v": CODE % 2 == 0}, groups="v")
    assert found.groups.texts(0) == ["False", "True"]
    assert found.groups.column_values(0).dtype == bool


def test_categories_that_no_row_holds_are_named() -> None:
    held = pd.Series(pd.Categorical(["a", "b"] * (N // 2), ["c", "b", "a"]))
    found = design(None, DATA | {"v": held}, groups="v")
    assert found.groups.texts(0) == ["b", "a"]
    assert found.notes == ("'c' of 'v' never occurs in the complete rows and is left out.",)
