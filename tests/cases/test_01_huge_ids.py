"""Ids longer than a float can hold are names: forty accounts are forty groups, named in full."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
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

ACCOUNTS, EACH = 40, 6
FIRST = 1_583_715_738_627_261_039  # neighbours 3 apart share one float with 80 others
NAMES = [FIRST + 3 * j for j in range(ACCOUNTS)]


def rows() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    n = ACCOUNTS * EACH
    return {"y": rng.normal(size=n), "d": np.repeat([0, 1], n // 2), "account": NAMES * EACH}


def csv(folder: Path) -> Path:
    pd.DataFrame(rows()).to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def csv_with_gaps(folder: Path) -> Path:
    frame = pd.DataFrame(rows())
    gap = pd.DataFrame({"y": [0.5], "d": [1], "account": [pd.NA]})
    whole = [one.astype({"account": "Int64"}) for one in (frame, gap)]
    pd.concat(whole).to_csv(folder / "t.csv", index=False, na_rep="NA")
    return folder / "t.csv"


def json_lines(folder: Path) -> Path:
    columns = {name: np.asarray(values).tolist() for name, values in rows().items()}
    lines = zip(*columns.values(), strict=True)
    words = "".join(json.dumps(dict(zip(columns, line, strict=True))) + "\n" for line in lines)
    (folder / "t.jsonl").write_text(words, encoding="utf-8")
    return folder / "t.jsonl"


def parquet(folder: Path) -> Path:
    pd.DataFrame(rows()).to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def parquet_decimals(folder: Path) -> Path:
    decimals = pa.array([Decimal(v) for v in rows()["account"]], pa.decimal128(22, 0))
    table = pa.table({**rows(), "account": decimals})
    pa.parquet.write_table(table, folder / "t.parquet")
    return folder / "t.parquet"


def feather(folder: Path) -> Path:
    pd.DataFrame(rows()).to_feather(folder / "t.feather")
    return folder / "t.feather"


def with_account(kind: str) -> Callable[[Path], Any]:
    def make(folder: Path) -> Any:
        frame = pd.DataFrame(rows())
        return frame.assign(account=frame["account"].astype(kind))

    return make


def relation(folder: Path) -> Any:
    import duckdb

    return duckdb.connect().from_arrow(pa.table(rows()))


SOURCES: dict[str, Callable[[Path], Any]] = {
    "dict": lambda folder: rows(),
    "dict of arrays": lambda folder: {k: np.asarray(v) for k, v in rows().items()},
    "dict of decimals": lambda folder: rows() | {"account": [Decimal(v) for v in NAMES * EACH]},
    "pandas int64": lambda folder: pd.DataFrame(rows()),
    "pandas uint64": with_account("uint64"),
    "pandas Int64": with_account("Int64"),
    "pandas objects": with_account("object"),
    "pandas text": with_account("string"),
    "pandas category": with_account("category"),
    "pandas arrow": with_account("int64[pyarrow]"),
    "polars": lambda folder: pl.DataFrame(rows()),
    "polars lazy": lambda folder: pl.LazyFrame(rows()),
    "pyarrow": lambda folder: pa.table(rows()),
    "pyarrow decimals": lambda folder: pa.table(
        {**rows(), "account": pa.array([Decimal(v) for v in NAMES * EACH])}
    ),
    "DuckDB": relation,
    "CSV": csv,
    "CSV with gaps": csv_with_gaps,
    "JSON Lines": json_lines,
    "Parquet": parquet,
    "Parquet decimals": parquet_decimals,
    "Feather": feather,
}


@pytest.mark.parametrize("source", SOURCES)
def test_forty_accounts_are_forty_groups_and_clusters(source: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"outcome": "y", "treatment": "d"}
    plan = make_plan(**given, groups="account")
    data = SOURCES[source](tmp_path)
    design, _ = build_design(plan, load(data, plan.columns))
    assert design.groups.texts(0) == [str(name) for name in NAMES]
    assert design.groups.n_rows.tolist() == [EACH] * ACCOUNTS
    table = load(data, plan.columns)
    half = load({"half": np.arange(table.n_rows) // ACCOUNTS % 2}, ["half"]).columns
    table = replace(table, columns={**table.columns, **half})
    plan = make_plan(**given, modifiers="half", clusters="account")
    design, rows_used = build_design(plan, table)
    assert design.clusters[0].levels == tuple(str(name) for name in NAMES)
    assert len(np.unique(rows_used.clusters)) == ACCOUNTS


def test_the_fingerprint_is_the_same_from_every_source_and_feels_one_digit() -> None:
    prints = {load(data, ["account"]).fingerprint for data in (
        pd.DataFrame(rows()), pl.DataFrame(rows()), pa.table(rows()), rows(),
        pd.DataFrame(rows()).astype({"account": "uint64"}))}  # fmt: skip
    assert len(prints) == 1
    other = rows() | {"account": [*(NAMES * EACH)[:-1], NAMES[-1] + 1]}
    assert load(other, ["account"]).fingerprint not in prints


@pytest.mark.parametrize("first", [2**53, 2**63 + 1, 2**64 + 1, 10**30, -(2**62)])
def test_whole_numbers_of_any_length(first: int) -> None:
    ids = [first + j for j in range(4)]
    data = rows() | {"account": ids * (ACCOUNTS * EACH // 4)}
    table = fw.fit(data, outcome="y", treatment="d", groups="account", draws=10).effects()
    assert table.to_dict()["account"] == ids
    assert all(str(name) in str(table) for name in ids)


def test_levels_and_arms_keep_every_digit() -> None:
    four = NAMES[:4] * (ACCOUNTS * EACH // 4)
    given: dict[str, Any] = {"outcome": "y", "treatment": "d", "draws": 10}
    fit = fw.fit(rows() | {"account": four}, modifiers="C(account)", **given)
    terms = fit.modifiers().to_dict()["term"]
    assert terms == ["Intercept", *(f"C(account)[{name}]" for name in NAMES[1:4])]
    assert fit.predict({"account": NAMES[:2]}).to_dict()["account"] == NAMES[:2]
    with pytest.raises(DataError, match=f"holds '{NAMES[0] + 1}', which the fit has not seen"):
        fit.predict({"account": [NAMES[0] + 1]})
    data = rows() | {"d": [NAMES[0], NAMES[1]] * (len(four) // 2), "m": four}
    plan = make_plan(outcome="y", treatment="d", groups="m", reference=NAMES[1])
    design, made = build_design(plan, load(data, plan.columns))
    t = design.effects[0].treatment
    assert (t.control, t.treated) == (str(NAMES[1]), str(NAMES[0]))
    assert made.d[:2, 0].tolist() == [1, 0]


def test_cells_of_a_reduced_fit_keep_them_apart() -> None:
    """Rows of one group that differ in an id among the controls are different cells."""
    n = ACCOUNTS * EACH
    rng = np.random.default_rng(7)
    data = {"y": rng.integers(0, 2, n), "d": rows()["d"], "m": ["a", "a", "b", "b"] * (n // 4)}
    given: dict[str, Any] = {"outcome": "y", "treatment": "d", "groups": "m", "draws": 20,
                             "family": "bernoulli", "baseline": "shared"}  # fmt: skip
    ids = fw.fit(data | {"account": NAMES[:2] * (n // 2)}, controls="C(account)", **given)
    texts = fw.fit(data | {"account": ["a", "b"] * (n // 2)}, controls="C(account)", **given)
    for table in ("effects", "parameters"):
        one, other = (getattr(fit, table)().to_dict() for fit in (ids, texts))
        assert one["estimate"] == other["estimate"]


@pytest.mark.parametrize("role", ["groups", "clusters", "C"])
def test_ids_that_were_rounded_before_are_refused(role: str) -> None:
    data = rows() | {"account": [float(name) for name in NAMES * EACH], "m": [1, 2] * 120}
    given = {"groups": {"groups": "account"}, "clusters": {"clusters": "account", "modifiers": "m"},
             "C": {"modifiers": "C(account)"}}[role]  # fmt: skip
    with pytest.raises(DataError) as caught:
        fw.fit(data, outcome="y", treatment="d", **given)
    message = str(caught.value)
    assert "column 'account' holds whole numbers of 19 digits" in message
    assert "Store it as text or as whole numbers" in message
    strings = data | {"account": [str(name) for name in NAMES * EACH]}
    plan = make_plan(outcome="y", treatment="d", **given)
    build_design(plan, load(strings, plan.columns))  # the way out


def test_round_numbers_of_any_size_are_levels() -> None:
    data = rows() | {"account": [1e18 * (1 + j % 4) for j in range(ACCOUNTS * EACH)]}
    fit = fw.fit(data, outcome="y", treatment="d", groups="account", draws=10)
    assert fit.effects().to_dict()["account"] == [1e18, 2e18, 3e18, 4e18]


def test_as_amounts_they_are_refused_where_rounding_merges_them() -> None:
    given: dict[str, Any] = {"outcome": "y", "treatment": "d"}
    with pytest.raises(DataError) as caught:
        fw.fit(rows(), modifiers="account", **given)
    message = str(caught.value)
    assert "leaves 2 of 40 different ones" in message
    assert "groups='account'" in message
    apart = rows() | {"account": [2**60 + 4096 * j for j in range(240)]}
    plan = make_plan(**given, modifiers="account")
    design, _ = build_design(plan, load(apart, plan.columns))
    assert any("as amounts they are rounded to about 16 digits" in note for note in design.notes)


def test_sixteen_digits_below_the_limit_are_shown_in_full() -> None:
    cards = [4_000_123_412_340_000 + 17 * j for j in range(ACCOUNTS)]
    data = rows() | {"account": cards * EACH}
    fit = fw.fit(data, outcome="y", treatment="d", groups="account", draws=10)
    table = fit.effects()
    assert table.to_dict()["account"] == cards
    assert all(str(card) in str(table) for card in cards[:10])
