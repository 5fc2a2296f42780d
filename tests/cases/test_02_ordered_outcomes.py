"""An ordered category is an ordinal outcome in its declared order, as codes 0, 1, 2 are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import forwhom as fw
from forwhom.data import load
from forwhom.design import build_design
from forwhom.errors import DataError
from forwhom.plan import make_plan

N = 300
WORDS = ["low", "medium", "high"]  # in the alphabet, high comes first
DECLARED = ["never", *WORDS, "always"]  # what no row holds keeps its place and is left out


def codes() -> tuple[dict[str, Any], np.ndarray]:
    rng = np.random.default_rng(2)
    d, m = rng.integers(0, 2, N), rng.integers(0, 3, N)
    code = np.digitize(0.3 * m + 0.5 * d + rng.logistic(size=N), [-0.5, 1.0])
    return {"d": d, "m": m}, code


def average(data: Any, family: str = "ordinal") -> Any:
    fit = fw.fit(data, outcome="y", treatment="d", modifiers="m", family=family, draws=100, seed=3)
    return fit, fit.tables()["average"].to_dict()


def sources(folder: Path) -> dict[str, Any]:
    beside, code = codes()
    ordered = pd.Categorical.from_codes(code + 1, DECLARED, ordered=True)
    frame = pd.DataFrame({**beside, "y": ordered})
    enum = pl.Series([WORDS[c] for c in code], dtype=pl.Enum(DECLARED))
    polars = pl.DataFrame({**beside, "y": enum})
    dictionary = pa.DictionaryArray.from_arrays(
        pa.array(code + 1, pa.int8()), DECLARED, ordered=True
    )
    frame.to_parquet(folder / "pandas.parquet")
    frame.to_feather(folder / "pandas.feather")
    polars.write_parquet(folder / "polars.parquet")
    polars.write_ipc(folder / "polars.arrow")
    return {
        "pandas": frame,
        "polars": polars,
        "polars lazy": polars.lazy(),
        "pyarrow": pa.table({**beside, "y": dictionary}),
        "pandas arrow": pa.table({**beside, "y": dictionary}).to_pandas(types_mapper=pd.ArrowDtype),
        "dict of series": {**beside, "y": pd.Series(ordered)},
        **{path.name: path for path in folder.iterdir()},
    }


def test_the_declared_order_gives_what_codes_give(tmp_path: Path) -> None:
    beside, code = codes()
    _, expected = average({**beside, "y": code})
    found = sources(tmp_path)
    assert len(found) == 10
    for name, source in found.items():
        fit, table = average(source)
        assert fit.fitted.design.outcome.levels == tuple(WORDS), name
        assert table["outcome"] == ["medium or above", "high or above"], name
        for column in ("estimate", "std_error", "conf_low", "conf_high"):
            np.testing.assert_array_equal(table[column], expected[column], err_msg=name)
        (note,) = [note for note in fit.fitted.design.notes if "never" in note]
        assert note == "'never', 'always' of 'y' never occur in the complete rows and are left out."


def test_an_enumeration_of_duckdb_has_an_order() -> None:
    import duckdb

    beside, code = codes()
    con = duckdb.connect()
    con.register("t", pa.table({**beside, "w": [WORDS[c] for c in code]}))
    con.execute("create type degree as enum ('low', 'medium', 'high')")
    _, table = average(con.sql("select d, m, w::degree as y from t"))
    _, expected = average({**beside, "y": code})
    assert table["estimate"] == expected["estimate"]


@pytest.mark.parametrize(
    "outcome",
    [
        lambda code: pd.Categorical.from_codes(code, WORDS),
        lambda code: pl.Series([WORDS[c] for c in code], dtype=pl.Categorical),
        lambda code: pa.DictionaryArray.from_arrays(pa.array(code, pa.int8()), WORDS),
        lambda code: [WORDS[c] for c in code],
    ],
    ids=["pandas", "polars", "pyarrow", "text"],
)
def test_an_order_that_is_not_declared_is_not_made_up(outcome: Any) -> None:
    beside, code = codes()
    held = outcome(code)
    held = pd.Series(held) if isinstance(held, pd.Categorical) else held
    with pytest.raises(DataError) as caught:
        average({**beside, "y": held})
    message = str(caught.value)
    assert "whose order is not known" in message
    assert "pd.Categorical with ordered=True" in message and "pl.Enum" in message


@pytest.mark.parametrize("family", ["gaussian", "poisson", "ordinal", "categorical"])
def test_categories_that_are_numbers_are_numbers_as_an_outcome(family: str) -> None:
    beside, code = codes()
    plan = make_plan(outcome="y", treatment="d", modifiers="m", family=family)
    expected, rows = build_design(plan, load({**beside, "y": code}, plan.columns))
    for given in (pd.Categorical(code), pd.Categorical(code.astype(float)),
                  pd.Categorical(code, [2, 1, 0, 9])):  # fmt: skip
        frame = pd.DataFrame({**beside, "y": given})
        found, same = build_design(plan, load(frame, plan.columns))
        assert found.outcome.levels == expected.outcome.levels
        np.testing.assert_array_equal(same.y, rows.y)


def test_a_declared_order_of_numbers_is_taken_as_declared() -> None:
    beside, code = codes()
    falling = pd.Categorical(code, [2, 1, 0], ordered=True)
    fit, _ = average(pd.DataFrame({**beside, "y": falling}))
    assert fit.fitted.design.outcome.levels == ("2", "1", "0")


def test_labels_at_the_ends_only() -> None:
    """As pandas reads a Stata file whose scale has labels for its first and last value."""
    beside, code = codes()
    scale = ["Disagree", 2, "Agree"]
    frame = pd.DataFrame({**beside, "y": pd.Categorical.from_codes(code, scale, ordered=True)})
    _, expected = average({**beside, "y": code})
    fit, table = average(frame)
    assert fit.fitted.design.outcome.levels == ("Disagree", "2", "Agree")
    assert table["estimate"] == expected["estimate"]
    with pytest.raises(DataError, match="say family='ordinal', which takes its levels in their"):
        average(frame, "gaussian")


def test_categories_of_numbers_wherever_numbers_are_needed() -> None:
    """As a dose, weights, an offset, under a function; as levels where they stand alone."""
    beside, code = codes()
    y = np.random.default_rng(4).normal(size=N)
    plain = {**beside, "y": y, "k": code + 1}
    frame = pd.DataFrame({**plain, "k": pd.Categorical(plain["k"])})
    given: dict[str, Any] = {"outcome": "y", "modifiers": "m", "draws": 20}
    for roles in (
        {"treatment": "k", "treatment_type": "dose"},
        {"treatment": "d", "weights": "k"},
        {"treatment": "d", "offset": "k", "family": "student"},
        {"treatment": "d", "controls": "log(k)"},
        {"treatment": "d", "controls": "poly(k, 2)"},
        {"treatment": "d", "controls": "C(k)"},
    ):
        one, other = (fw.fit(data, **given | roles).effects() for data in (plain, frame))
        assert one.to_dict()["estimate"] == other["estimate"].tolist(), roles
    fit = fw.fit(frame, outcome="y", treatment="d", modifiers="k", draws=20)
    assert fit.modifiers()["term"].tolist() == ["Intercept", "k[2]", "k[3]"]
    two = pd.DataFrame({**plain, "d": pd.Categorical(plain["d"])})
    assert fw.fit(two, **given, treatment="d").fitted.design.effects[0].treatment.control == "0"


def test_two_categories_that_read_alike_are_refused() -> None:
    beside, _ = codes()
    frame = pd.DataFrame({**beside, "y": pd.Categorical([1, "1"] * (N // 2), [1, "1"])})
    with pytest.raises(DataError, match="two categories that read '1', one a number and one text"):
        average(frame)
