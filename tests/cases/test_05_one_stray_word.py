"""One stray word in a column of numbers never makes a factor of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forwhom as fw

ASKED = {"outcome": "y", "treatment": "d", "modifiers": "age", "draws": 200}


def survey() -> pd.DataFrame:
    rng = np.random.default_rng(55)
    n = 400
    d, age = rng.integers(0, 2, n), rng.integers(18, 70, n)
    y = np.round(2 + 0.3 * d + 0.02 * age * d + rng.normal(0, 1, n), 2)
    income = np.round(rng.lognormal(10, 0.6, n))
    return pd.DataFrame({"y": y, "d": d, "age": age, "income": income})


@pytest.fixture(scope="module")
def meant() -> list[float]:
    """The estimates where the three rows are left out by hand."""
    return fw.fit(survey().drop([5, 77, 200]), **ASKED).modifiers()["estimate"].tolist()


def as_source(frame: pd.DataFrame, source: str, folder: Path) -> object:
    if source == "frame":
        return frame
    frame.to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


@pytest.mark.parametrize("source", ["frame", "file"])
@pytest.mark.parametrize("token", ["n/a", "-", "\\N", "#DIV/0!", "None", "..", ".", "#REF!"])
def test_a_token_of_another_program_is_missing(
    tmp_path: Path, meant: list[float], source: str, token: str
) -> None:
    frame = survey().astype({"age": str})
    frame.loc[[5, 77, 200], "age"] = token
    found = fw.fit(as_source(frame, source, tmp_path), **ASKED)
    table = found.modifiers()
    estimates = table["estimate"].tolist() if source == "frame" else table.to_dict()["estimate"]
    assert estimates == pytest.approx(meant, rel=1e-9)
    assert f"In 'age' '{token}' (3 rows) is taken as missing." in found.fitted.design.notes


@pytest.mark.parametrize("source", ["frame", "file"])
def test_any_other_word_is_refused_by_its_lines(
    tmp_path: Path, meant: list[float], source: str
) -> None:
    frame = survey().astype({"age": str})
    frame.loc[[5, 77, 200], "age"] = "*"
    data = as_source(frame, source, tmp_path)
    where = "rows 6, 78, 201" if source == "frame" else "lines 7, 79, 202"
    with pytest.raises(fw.DataError, match=rf"'\*' in 3 rows \({where}\)") as caught:
        fw.fit(data, **ASKED)
    assert 'say missing={"age": ["*"]}' in str(caught.value)
    table = fw.fit(data, **ASKED, missing={"age": ["*"]}).modifiers()
    estimates = table["estimate"].tolist() if source == "frame" else table.to_dict()["estimate"]
    assert estimates == pytest.approx(meant, rel=1e-9)


def test_a_number_with_thousands_commas_is_that_number(tmp_path: Path) -> None:
    frame = survey()
    asked = ASKED | {"modifiers": "income", "controls": "age"}
    plain = fw.fit(frame, **asked).modifiers()["estimate"].tolist()
    frame["income"] = [f"{value:,.0f}" for value in frame["income"]]
    found = fw.fit(as_source(frame, "file", tmp_path), **asked)
    assert found.modifiers().to_dict()["estimate"] == pytest.approx(plain, rel=1e-9)
    assert "'income' is written with thousands commas" in found.fitted.design.notes[0]


def test_an_outcome_with_one_token() -> None:
    frame = survey().astype({"y": str})
    frame.loc[3, "y"] = "n/a"
    found = fw.fit(frame, **ASKED)
    assert found.fitted.design.usage.missing == (("y", 1),)
