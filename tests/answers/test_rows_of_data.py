"""The effect for each row of any data: groups recognised, others predicted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

import forwhom as fw
from forwhom.answers import effects_of_rows
from forwhom.cli import app
from tests.answers.test_contract import table_of
from tests.reference.survey import make_survey

SUMMARY = ["estimate", "std_error", "conf_low", "conf_high", "prob_positive", "data_share"]
DATA = make_survey()
# kinds of grouping columns: numbers, texts, bins, truth, comparisons, named groups
PLANS: dict[str, dict[str, Any]] = {
    "numbers and texts": {"modifiers": "woman + region"},
    "bins": {"modifiers": "woman + income"},
    "bins of the formula": {"modifiers": "bin(income, 3) + woman"},
    "truth": {"modifiers": "member + region"},
    "a comparison": {"modifiers": "I(age >= 35) + woman"},
    "named groups": {"modifiers": "woman", "groups": "site", "controls": "income"},
    "one control group": {"modifiers": "woman + region", "preset": "alley2023"},
    "a probability": {"modifiers": "woman + region", "outcome": "v", "controls": "income"},
}


def columns() -> dict[str, Any]:
    return DATA | {"member": DATA["age"] > 30, "v": (DATA["y"] > 7).astype(int)}


def asked(name: str) -> dict[str, Any]:
    return {"outcome": "y", "treatment": "d", "draws": 200} | PLANS[name]


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_joined_back_to_the_data_they_reproduce_the_group_table(name: str, library: Any) -> None:
    frame = library(columns())
    fit = fw.fit(frame, **asked(name))
    found = _pandas(fit.effects(data=frame))
    groups = _pandas(fit.effects()).set_index("group_id")
    assert found["row"].tolist() == list(range(1, len(DATA["y"]) + 1))
    assert found["in_fit"].all()
    of_rows = found.groupby("group_id")[SUMMARY]
    np.testing.assert_array_equal(of_rows.nunique(), 1)
    pd.testing.assert_frame_equal(of_rows.first(), groups[SUMMARY], check_names=False)
    if name != "one control group":
        sizes = groups["n_treated"] + groups["n_control"]
        np.testing.assert_array_equal(found.groupby("group_id").size(), sizes)


def _pandas(frame: Any) -> pd.DataFrame:
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()


def test_one_of_another_group_is_predicted() -> None:
    frame = pd.DataFrame(columns())
    fit = fw.fit(frame, **asked("named groups"))
    new = frame.head(6).assign(site=[1, 99, 99, 2, 98, 99], woman=[0, 1, 1, 0, 1, 0])
    found = fit.effects(data=new)
    assert found["in_fit"].tolist() == [True, False, False, True, False, False]
    assert found["group_id"].isna().tolist() == [False, True, True, False, True, True]
    assert found["data_share"][1] == 0
    predicted = fit.predict(new)
    np.testing.assert_allclose(
        found["estimate"][[1, 4]],
        predicted["estimate"][[1, 4]],
        atol=0.3 * predicted.std_error.max(),
    )
    draws = fit.effects(data=new, draws=True).pivot(index="draw", columns="row", values="value")
    assert (draws[2] == draws[3]).all()  # of one new group
    own = draws[2] - draws[6]  # the same own part; the modifier alone differs
    np.testing.assert_allclose(own, fit.estimands[0].lambda_[:, 1], atol=1e-12)
    assert np.corrcoef(draws[2], draws[5])[0, 1] < 0.999


def test_a_combination_not_in_the_fit_is_a_new_group() -> None:
    y = np.arange(18) % 5 + np.arange(18) % 7
    data: dict[str, Any] = {"y": y, "d": [0, 1] * 9, "a": [0, 0, 1, 1, 0, 0] * 3}
    data |= {"b": [0, 0, 0, 0, 1, 1] * 3}
    fit = fw.fit(data, "y", "d", "a + b", draws=100)
    found = fit.effects(data={"a": [1, 1], "b": [0, 1]}).to_dict()
    assert found["in_fit"] == [True, False] and found["group_id"] == [3, None]


def test_other_types_and_engines_are_recognised() -> None:
    frame = pd.DataFrame(columns())
    fit = fw.fit(frame, **asked("numbers and texts"))
    texts = {"woman": frame["woman"].astype(str).tolist(), "region": frame["region"].tolist()}
    for other in (texts, pl.DataFrame(texts), frame.astype({"region": "category"})):
        assert _pandas(fit.effects(data=other))["in_fit"].all()
    truth = frame.assign(woman=frame["woman"] == 1)
    assert fit.effects(data=truth)["in_fit"].all()


def test_many_rows_are_worked_on_a_piece_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(columns())
    fit = fw.fit(frame, **asked("named groups"))
    new = frame.assign(site=1000 + np.arange(len(frame)) // 2)
    whole = fit.effects(data=new)
    monkeypatch.setattr(effects_of_rows, "AT_ONCE", 200 * 7)
    pieces = fit.effects(data=new)
    assert not pieces["in_fit"].any()
    error = 5 * whole["std_error"].max() / np.sqrt(200)
    np.testing.assert_allclose(whole["estimate"], pieces["estimate"], atol=2 * error)
    alike = pieces.groupby(["site", "woman"])["estimate"].nunique()
    assert (alike == 1).all()  # the rows of a group are never apart


def test_several_arms_and_categories() -> None:
    data = columns() | {"arm": np.array(["no", "x", "z"])[np.arange(240) % 3]}
    fit = fw.fit(data, "y", "arm", "woman", reference="no", draws=200)
    found, groups = fit.effects(data=data), fit.effects()
    assert found.n_rows == 2 * 240
    for row in map(groups.row, range(groups.n_rows)):
        same = np.array(found.columns["treatment"]) == row["treatment"]
        mine = same & (found.columns["woman"] == row["woman"])
        np.testing.assert_equal(found.columns["estimate"][mine], row["estimate"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop(columns="region"), "no column 'region'"),
        (lambda f: f.assign(region="mars"), "'mars', which the fit has not seen"),
        (lambda f: f.assign(woman="many"), "what 'many' in 240 rows would be there"),
        (lambda f: f.assign(woman=np.where(f.index == 3, np.nan, f.woman)), "missing in 1 row"),
    ],
)
def test_bad_rows(change: Any, words: str) -> None:
    frame = pd.DataFrame(columns())
    fit = fw.fit(frame, **asked("numbers and texts"))
    with pytest.raises(fw.DataError) as caught:
        fit.effects(data=change(frame))
    assert words in str(caught.value)


@pytest.mark.parametrize("options", [{"by": "a"}, {"where": "a == 1"}, {"weights": "equal"}])
def test_rows_are_no_groups(options: dict[str, Any]) -> None:
    fit = fw.fit(table_of(), "y", "d", "a + m", draws=100)
    with pytest.raises(fw.PlanError, match="are of groups"):
        fit.effects(data=table_of(), **options)


def test_too_many_draws_are_refused_before_they_are_made() -> None:
    fit = fw.fit(table_of(), "y", "d", "a + m", draws=100)
    many = {"a": np.zeros(300_000, dtype=int), "m": np.zeros(300_000, dtype=int)}
    with pytest.raises(fw.PlanError, match="Give fewer rows"):
        fit.effects(data=many, draws=True)


def test_the_command_line_tells_the_same(tmp_path: Path) -> None:
    fit = fw.fit(table_of(), "y", "d", "a + m", draws=100)
    saved, rows = fit.save(tmp_path / "one.nc"), tmp_path / "rows.csv"
    rows.write_text("a,m\n0,1\n1,3\n1,9\n")
    run = CliRunner().invoke(app, ["effects", str(saved), "--data", str(rows), "--json"])
    assert run.exit_code == 0, run.output
    expected = fit.effects(data={"a": [0, 1, 1], "m": [1, 3, 9]})
    assert json.loads(run.stdout) == [expected.row(i) for i in range(3)]
