"""How data are read: missing, encoding and sheet, checked before any data are touched."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from forwhom.errors import PlanError
from forwhom.plan import make_plan, plan_from_toml, plan_to_toml

ASKED: dict[str, Any] = {"outcome": "therm", "treatment": "d", "modifiers": "age"}


def test_defaults_and_values() -> None:
    plan = make_plan(**ASKED)
    assert (plan.missing, plan.encoding, plan.sheet) == ((), None, None)
    plan = make_plan(
        **ASKED,
        missing={"therm": np.array([999, -9]), "age": "?", "d": []},
        encoding="CP1252",
        sheet=2,
    )
    assert plan.missing == (("therm", (999, -9)), ("age", ("?",)), ("d", ()))
    assert plan.reading == {"missing": plan.missing, "encoding": "CP1252", "sheet": 2}
    assert make_plan(**plan.keywords()) == plan
    assert plan_from_toml(plan_to_toml(plan), "plan.toml") == plan


def test_a_plan_file_has_a_table_of_them() -> None:
    text = 'outcome = "y"\ntreatment = "d"\nmodifiers = "x"\n[missing]\ny = [999, "n/a"]\nx = []\n'
    plan = plan_from_toml(text, "plan.toml")
    assert plan.missing == (("y", (999, "n/a")), ("x", ()))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"missing": {"thrm": [999]}},
            "'thrm' is not a column of this plan. Did you mean 'therm'?",
        ),
        ({"missing": [999]}, "missing says by column which codes stand for missing values"),
        ({"missing": "therm=999"}, "missing says by column"),
        ({"missing": {"therm": [[999]]}}, "missing for 'therm' is one value of the column 'therm'"),
        ({"missing": {"therm": [float("nan")]}}, "missing for 'therm' is one value"),
        ({"missing": {3: [1]}}, "missing: a column name is text"),
        ({"encoding": "cp1525"}, "encoding 'cp1525' is not known. Did you mean 'cp1252'?"),
        ({"encoding": "base64"}, "encoding 'base64' is not known"),
        ({"encoding": 8}, "encoding is a name such as 'utf-8' or 'cp1252'; got 8"),
        ({"sheet": 0}, "sheet is the name of a sheet, or its number from 1; got 0"),
        ({"sheet": ""}, "sheet is the name of a sheet"),
        ({"sheet": True}, "sheet is the name of a sheet"),
    ],
)
def test_bad_values(given: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError, match=re.escape(said)):
        make_plan(**ASKED, **given)
