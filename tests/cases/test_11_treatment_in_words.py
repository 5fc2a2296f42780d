"""A treatment in words: its sign is never left to the alphabet; results name the contrast."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import forwhom as fw
from forwhom.cli import app
from forwhom.data import Tidy, load
from forwhom.design import build_design
from forwhom.errors import DataError
from forwhom.plan import make_plan

RNG = np.random.default_rng(1104)
ROWS = 400
D, WOMAN = RNG.permutation(np.arange(ROWS) % 2), RNG.integers(0, 2, ROWS)
Y = D + RNG.normal(0, 1, ROWS)
ASKED: dict[str, Any] = {"outcome": "y", "treatment": "arm", "modifiers": "woman", "draws": 500}

TOLD = [
    ("Ad", "Control"), ("Active", "Placebo"), ("Letter", "No letter"), ("Treated", "Untreated"),
    ("Zinc", "none"), ("Absentee form", "Not contacted"), ("Therapy", "Usual care"), ("A", "Never"),
    ("Brochure", "off"), ("yes", "no"), ("1", "0"), ("Ad", "false"),
]  # fmt: skip


def data(treated: str, control: str) -> dict[str, Any]:
    arm = [treated if d else control for d in D]
    return {"y": Y, "arm": arm, "woman": WOMAN}


def average(fit: fw.Fit) -> tuple[float, float]:
    """Estimate and standard error, from any kind of table."""
    table = fit.average()
    if isinstance(table, Tidy):
        return table.row(0)["estimate"], table.row(0)["std_error"]
    return float(np.asarray(table["estimate"])[0]), float(np.asarray(table["std_error"])[0])


@pytest.fixture(scope="module")
def numbers() -> fw.Fit:
    """The same arms as 0 and 1."""
    return fw.fit({"y": Y, "arm": D, "woman": WOMAN}, **ASKED)


@pytest.mark.parametrize(("treated", "control"), TOLD)
def test_words_give_the_numbers_effect(numbers: fw.Fit, treated: str, control: str) -> None:
    """One posterior, draw by draw: words only name what 0 and 1 are."""
    fit = fw.fit(data(treated, control), **ASKED)
    assert average(fit) == average(numbers)
    estimate, error = average(fit)
    assert abs(estimate - 1) < 4 * error
    assert f"Average effect of arm ({treated} against {control}) on y over all rows" in " ".join(
        fit.summary().split()
    )


def to_dictionary(columns: dict[str, Any]) -> pa.Table:
    arm = pa.array(columns["arm"]).dictionary_encode()
    return pa.table({"y": columns["y"], "arm": arm, "woman": columns["woman"]})


ENGINES: list[Callable[[dict[str, Any]], Any]] = [
    pd.DataFrame,
    lambda c: pd.DataFrame(c).astype({"arm": "category"}),
    lambda c: pd.DataFrame(c).assign(
        arm=lambda f: pd.Categorical(f["arm"], ["Zinc", "none"], ordered=True)
    ),
    pl.DataFrame,
    lambda c: pl.DataFrame(c).with_columns(pl.col("arm").cast(pl.Enum(["Zinc", "none"]))),
    to_dictionary,
]


@pytest.mark.parametrize("engine", range(len(ENGINES)))
def test_whatever_the_data_come_in_and_however_levels_are_ordered(
    numbers: fw.Fit, engine: int
) -> None:
    fit = fw.fit(ENGINES[engine](data("Zinc", "none")), **ASKED)
    assert average(fit) == average(numbers)


def test_labelled_codes_too(numbers: fw.Fit, tmp_path: Path) -> None:
    import pyreadstat

    frame = pd.DataFrame({"y": Y, "arm": np.where(D == 1, 1, 2), "woman": WOMAN})
    path = tmp_path / "trial.dta"
    labels = {"arm": {1: "Ad", 2: "Control"}}
    pyreadstat.write_dta(frame, str(path), variable_value_labels=labels)
    assert average(fw.fit(path, **ASKED)) == average(numbers)
    pyreadstat.write_dta(frame, str(path), variable_value_labels={"arm": {1: "Ad", 2: "Card"}})
    with pytest.raises(DataError, match="'Ad' \\(code 1, 200 rows\\), 'Card' \\(code 2, 200 rows"):
        fw.fit(path, **ASKED)
    assert average(fw.fit(path, **ASKED, reference="Card")) == average(numbers)
    assert average(fw.fit(path, **ASKED, reference=2)) == average(numbers)


@pytest.mark.parametrize(
    ("one", "other"), [("T", "C"), ("Ad", "Banner"), ("Control", "No letter"), ("dose 5", "dose 9")]
)
def test_what_nothing_tells_is_asked_and_the_words_work_everywhere(
    numbers: fw.Fit, one: str, other: str, tmp_path: Path
) -> None:
    table = data(one, other)
    with pytest.raises(DataError) as caught:
        fw.fit(table, **ASKED)
    said = str(caught.value)
    assert f"'{one}' (200 rows)" in said and f"'{other}' (200 rows)" in said
    first, second = re.findall(r'reference="([^"]*)"', said)
    assert {first, second} == {one, other}
    assert average(fw.fit(table, **ASKED, reference=other)) == average(numbers)
    turned, error = average(fw.fit(table, **ASKED, reference=one))
    assert abs(turned + 1) < 4 * error
    # as a flag and in a plan file, word for word
    import shlex

    path = tmp_path / "trial.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    flag = shlex.split(re.search(r"as a flag (--reference .*)\)\.", said)[1])  # type: ignore[index]
    command = ["fit", str(path), "--outcome", "y", "--treatment", "arm", "--modifiers", "woman"]
    out = ["--draws", "500", "--out", str(tmp_path / "out")]
    assert app([*command, *out, *flag], standalone_mode=False) == 0
    assert f'reference = "{first}"' in (tmp_path / "out" / "plan.toml").read_text()


def test_three_arms_are_held_against_the_one_that_says_absence() -> None:
    arms = np.array(["Door canvass", "None", "Mail"])[np.arange(ROWS) % 3]
    table = {"y": Y, "arm": arms.tolist(), "woman": WOMAN}
    made = make_plan(**ASKED)
    design, _ = build_design(made, load(table, made.columns))
    assert [effect.treatment.treated for effect in design.effects] == ["Door canvass", "Mail"]
    assert {effect.treatment.control for effect in design.effects} == {"None"}
    arms[arms == "None"] = "Phone"
    with pytest.raises(DataError, match="none of them says that something is absent"):
        fw.fit(table | {"arm": arms.tolist()}, **ASKED)


def test_outcomes_in_words_as_their_zeros_and_ones() -> None:
    voted = (RNG.random(ROWS) < 0.3 + 0.3 * D).astype(int)
    table = {"y": voted, "arm": D, "woman": WOMAN}
    plain = fw.fit(table, **ASKED)
    for yes, no in (("Yes", "No"), ("Abstained", "Did not abstain"), ("Always", "Never")):
        words = fw.fit(table | {"y": [yes if v else no for v in voted]}, **ASKED)
        assert average(words) == average(plain)
        assert f"on the probability of y = {yes}, in percentage points" in words.average().notes[-1]
        assert words.average().title == f"Average effect of arm (1 against 0) on y = {yes}"
        assert f"log odds of y = {yes}" in " ".join(words.summary().split())
    turned = fw.fit(table, **ASKED, success=0)
    assert average(turned)[0] == pytest.approx(-average(plain)[0], abs=4 * average(plain)[1] / 10)
    assert "Average effect of arm (1 against 0) on y = 0" in turned.summary()
    with pytest.raises(DataError) as caught:
        fw.fit(table | {"y": ["dead" if v else "alive" for v in voted]}, **ASKED)
    assert 'Add success="alive" or success="dead"' in str(caught.value)
    words = fw.fit(
        table | {"y": ["dead" if v else "alive" for v in voted]}, **ASKED, success="dead"
    )
    assert average(words) == average(plain)
