"""Tables of effects join back to the data: every row finds its group, in every library."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import forwhom as fw

N = 240
FIRST_ID = 1583715738627261039
CODE = np.arange(N) % 4
FLAG = CODE % 2 == 0
WORDS = ["north", "south", "east", "west"]
GIVEN: dict[str, Any] = {"draws": 20, "outcome": "y", "treatment": "d", "modifiers": None}


def rows() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    d = rng.permutation(np.arange(N) % 2)
    return {"y": rng.normal(size=N) + d, "d": d, "place": np.arange(N)}


def words() -> list[str]:
    return [WORDS[code] for code in CODE]


PANDAS: dict[str, Any] = {
    "int8": pd.Series(CODE.astype(np.int8)),
    "int64": pd.Series(CODE),
    "uint64": pd.Series(CODE.astype(np.uint64) + np.uint64(2**63)),
    "ids": pd.Series(CODE * 3 + FIRST_ID),
    "Int64": pd.Series(CODE * 3 + FIRST_ID, dtype="Int64"),
    "int64[pyarrow]": pd.Series(CODE * 3 + FIRST_ID, dtype="int64[pyarrow]"),
    "long objects": pd.Series([2**80 + int(code) for code in CODE], dtype=object),
    "float32": pd.Series((CODE / 10).astype(np.float32)),
    "float64": pd.Series(CODE / 10),
    "Float64": pd.Series(CODE / 10, dtype="Float64"),
    "bool": pd.Series(FLAG),
    "boolean": pd.Series(FLAG, dtype="boolean"),
    "bool[pyarrow]": pd.Series(FLAG, dtype="bool[pyarrow]"),
    "objects of truth": pd.Series(FLAG.tolist(), dtype=object),
    "decimals": pd.Series([Decimal(int(code)) / 10 for code in CODE], dtype=object),
    "str": pd.Series(words()),
    "object": pd.Series(words(), dtype=object),
    "string": pd.Series(words(), dtype="string"),
    "string[pyarrow]": pd.Series(words(), dtype="string[pyarrow]"),
    "category": pd.Series(pd.Categorical(words(), [*WORDS, "never"])),
    "ordered": pd.Series(pd.Categorical(words(), WORDS, ordered=True)),
    "category of numbers": pd.Series(pd.Categorical(CODE)),
    "category of fractions": pd.Series(pd.Categorical(CODE / 2)),
    "category of truth": pd.Series(pd.Categorical(FLAG)),
    "mixed category": pd.Series(pd.Categorical.from_codes(CODE, ["low", 2, 3, "high"])),
    "cut": pd.cut(pd.Series(CODE), [-1, 0, 1, 2, 3]),
    "cut at fractions": pd.cut(pd.Series(CODE), 4),
}


@pytest.mark.parametrize("kind", PANDAS)
def test_every_row_of_a_pandas_frame_finds_its_group(kind: str) -> None:
    frame = pd.DataFrame({**rows(), "g": PANDAS[kind]})
    effects = fw.fit(frame, groups="g", **GIVEN).effects()
    assert len(effects) == frame["g"].nunique()
    joined = frame.merge(effects, on="g")
    assert sorted(joined["place"]) == list(range(N))
    assert joined["group_id"].nunique() == len(effects)
    assert (joined.groupby("group_id")["g"].nunique() == 1).all()
    if "object" not in kind and kind not in ("decimals",):
        assert effects["g"].dtype == frame["g"].dtype


POLARS: dict[str, Any] = {
    "Int8": pl.Series(CODE).cast(pl.Int8),
    "ids": pl.Series(CODE * 3 + FIRST_ID),
    "UInt64": pl.Series(CODE).cast(pl.UInt64) + 2**63,
    "Float32": pl.Series(CODE / 10).cast(pl.Float32),
    "Float64": pl.Series(CODE / 10),
    "Decimal": pl.Series([Decimal(int(code)) / 10 for code in CODE], dtype=pl.Decimal(12, 2)),
    "Boolean": pl.Series(FLAG),
    "String": pl.Series(words()),
    "Categorical": pl.Series(words(), dtype=pl.Categorical),
    "Enum": pl.Series(words(), dtype=pl.Enum([*WORDS, "never"])),
}


@pytest.mark.parametrize("kind", POLARS)
def test_every_row_of_a_polars_frame_finds_its_group(kind: str) -> None:
    frame = pl.DataFrame({**rows(), "g": POLARS[kind]})
    effects = fw.fit(frame, groups="g", **GIVEN).effects()
    assert effects["g"].dtype == frame["g"].dtype
    joined = frame.join(effects, on="g")
    assert sorted(joined["place"]) == list(range(N))
    lazy = fw.fit(frame.lazy(), groups="g", **GIVEN).effects()
    assert frame.join(lazy, on="g").height == N


ARROW: dict[str, Any] = {
    "int8": pa.array(CODE, pa.int8()),
    "ids": pa.array(CODE * 3 + FIRST_ID),
    "uint64": pa.array(CODE.astype(np.uint64) + np.uint64(2**63)),
    "float": pa.array(CODE / 10, pa.float32()),
    "double": pa.array(CODE / 10),
    "bool": pa.array(FLAG),
    "string": pa.array(words()),
    "large_string": pa.array(words(), pa.large_string()),
    "decimal": pa.array([Decimal(int(code)) for code in CODE], pa.decimal128(20, 2)),
    "long decimal": pa.array([Decimal(2**62 + int(c)) for c in CODE], pa.decimal128(25, 0)),
    "dictionary": pa.array(words()).dictionary_encode(),
    "large dictionary": pa.array(words(), pa.large_string()).dictionary_encode(),
    "dictionary of numbers": pa.array(CODE, pa.int16()).dictionary_encode(),
}


@pytest.mark.parametrize("kind", ARROW)
def test_every_row_of_an_arrow_table_finds_its_group(kind: str) -> None:
    table = pa.table({**rows(), "g": ARROW[kind]})
    effects = fw.fit(table, groups="g", **GIVEN).effects()
    joined = table.join(effects, "g", join_type="inner")
    assert sorted(joined["place"].to_pylist()) == list(range(N))


PYTHON: dict[str, Any] = {
    "whole": CODE.tolist(),
    "long": [2**80 + code for code in CODE.tolist()],
    "fractions": (CODE / 10).tolist(),
    "truth": FLAG.tolist(),
    "text": words(),
}


@pytest.mark.parametrize("kind", PYTHON)
def test_every_row_of_a_dict_finds_its_group(kind: str) -> None:
    data = {**rows(), "g": PYTHON[kind]}
    table = fw.fit(data, groups="g", **GIVEN).effects().to_dict()
    ids = dict(zip(table["g"], table["group_id"], strict=True))
    assert {type(key) for key in ids} == {type(value) for value in data["g"]}
    assert [ids[value] for value in data["g"]]
    assert set(ids) == set(data["g"])


def test_every_row_finds_its_group_by_several_modifiers() -> None:
    given = GIVEN | {"modifiers": "flag * region + age + C(site)"}
    data = {
        **rows(),
        "flag": FLAG,
        "region": [WORDS[code] for code in np.arange(N) // 2 % 3],
        "age": np.arange(N) // 6 % 4,
        "site": np.arange(N) // 24 % 2 * 3 + FIRST_ID,
    }
    names = ["flag", "region", "age", "site"]
    pandas = pd.DataFrame(data).merge(fw.fit(pd.DataFrame(data), **given).effects(), on=names)
    polars = pl.DataFrame(data).join(fw.fit(pl.DataFrame(data), **given).effects(), on=names)
    arrow = pa.table(data).join(fw.fit(pa.table(data), **given).effects(), names, join_type="inner")
    for found in (pandas["place"], polars["place"], arrow["place"].to_pylist()):
        assert sorted(found) == list(range(N))


def aged() -> tuple[dict[str, Any], dict[str, Any]]:
    """A modifier of many values, which is binned for grouping."""
    data = {**rows(), "age": 18 + np.arange(N) % 60}
    return data, GIVEN | {"modifiers": "age", "bins": {"age": [30, 50.5]}}


def test_bins_are_intervals_of_pandas() -> None:
    data, given = aged()
    frame = pd.DataFrame(data)
    effects = fw.fit(frame, **given).effects()
    assert isinstance(effects["age"].dtype, pd.IntervalDtype)
    cut = frame.assign(age=pd.cut(frame["age"], pd.IntervalIndex(effects["age"])))
    joined = cut.merge(effects, on="age")
    assert sorted(joined["place"]) == list(range(N))
    assert (joined["n_treated"] + joined["n_control"] == joined.groupby("age", observed=True)[
        "place"].transform("size")).all()  # fmt: skip


def test_bins_have_their_ends_in_every_library() -> None:
    data, given = aged()
    effects = fw.fit(pl.DataFrame(data), **given).effects()
    frame = pl.DataFrame(data).with_columns(pl.col("age").cast(pl.Float64))
    joined = frame.join_where(
        effects.drop("age"), pl.col("age") > pl.col("age_low"), pl.col("age") <= pl.col("age_high")
    )
    assert sorted(joined["place"]) == list(range(N))
    counts = joined.group_by("group_id").len().sort("group_id")["len"]
    assert counts.to_list() == (effects["n_treated"] + effects["n_control"]).to_list()
    tidy = fw.fit(data, **given).effects()
    table = tidy.to_dict()
    assert table["age"] == ["up to 30", "over 30 to 50.5", "over 50.5"]
    assert table["age_low"] == [-np.inf, 30, 50.5] and table["age_high"] == [30, 50.5, np.inf]
    assert "age_low" not in str(tidy)  # the bins' names say as much
    arrow = fw.fit(pa.table(data), **given).effects()
    assert arrow["age_high"].to_pylist() == table["age_high"]


def test_averages_and_predictions_have_the_same_keys() -> None:
    frame = pl.DataFrame({**rows(), "flag": FLAG, "size": pl.Series(CODE).cast(pl.Int16)})
    fit = fw.fit(frame, **(GIVEN | {"modifiers": "flag + size"}))
    assert frame.join(fit.average("size"), on="size").height == N
    assert frame.join(fit.groups(), on=["flag", "size"]).height == N
    new = frame.select("flag", "size").unique(maintain_order=True)
    predicted = fit.predict(new)
    assert predicted.select("flag", "size").equals(new)


def test_a_saved_fit_keeps_its_keys(tmp_path: Any) -> None:
    frame = pd.DataFrame({**rows(), "g": pd.cut(pd.Series(CODE), [-1, 1, 3]), "i": PANDAS["Int64"]})
    fit = fw.fit(frame, groups=["g", "i"], **GIVEN)
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    pd.testing.assert_frame_equal(again.effects(), fit.effects())
    assert len(frame.merge(again.effects(), on=["g", "i"])) == N
