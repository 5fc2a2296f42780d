"""Blanks around levels and names make no new ones; levels that differ in capitals are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forwhom as fw


def survey() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    n = 300
    d = rng.integers(0, 2, n)
    region = np.array(["North", "South", "East"])[rng.integers(0, 3, n)]
    return pd.DataFrame({"y": d + rng.normal(0, 1, n), "d": d, "region": region})


def test_blanks_around_regions() -> None:
    frame = survey()
    asked = {"outcome": "y", "treatment": "d", "modifiers": "region", "draws": 300}
    plain = fw.fit(frame, **asked).effects()
    frame["region"] = [f"{name} " if i % 7 == 0 else name for i, name in enumerate(frame["region"])]
    found = fw.fit(frame, **asked)
    assert found.effects()["region"].tolist() == ["East", "North", "South"]
    assert found.effects()["estimate"].tolist() == plain["estimate"].tolist()
    assert "Blanks around values of 'region' are left out" in found.fitted.design.notes[0]


def test_capitals_are_named() -> None:
    frame = survey()
    frame["region"] = frame["region"].where(frame.index % 3 > 0, frame["region"].str.upper())
    found = fw.fit(frame, "y", "d", "region", draws=200)
    (note,) = [note for note in found.fitted.design.notes if "capitals" in note]
    for name in ("North", "South", "East"):
        count, upper = (int((frame["region"] == n).sum()) for n in (name, name.upper()))
        assert f"'{name.upper()}' ({upper} rows) and '{name}' ({count} rows)" in note


@pytest.mark.parametrize("run", [fw.fit, fw.prior_predictive])
def test_a_refusal_names_the_capitals_that_led_to_it(run: Any) -> None:
    """One 'treatment' among 'Treatment' is a third arm: the refusal of three arms says so."""
    frame = survey()
    arms = np.where(frame["d"] == 1, "Treatment", "Control").astype(object)
    arms[5], arms[9] = "Control ", "treatment"
    frame["d"], frame["region"] = arms, frame["region"] + " "
    with pytest.raises(fw.DataError) as caught:
        run(frame, outcome="y", treatment="d", modifiers="region", method="exact")
    said = str(caught.value)
    assert "method 'exact'" in said
    assert "'Treatment' (" in said and "'treatment' (1 row)" in said
    assert "Blanks around values of 'd' are left out ('Control '" in said
    assert "'region'" not in said  # the refusal is not about it


@pytest.mark.parametrize(("named", "region"), [("d", "region"), (" d", " region")])
def test_a_file_typed_by_hand(tmp_path: Path, named: str, region: str) -> None:
    frame = survey()
    arm = np.where(frame["d"] == 1, "treatment", "control")
    lines = zip(frame["y"], arm, frame["region"], strict=True)
    path = tmp_path / "typed.csv"
    path.write_text("y, d, region\n" + "".join(f'{y!r}, "{a}", {r}\n' for y, a, r in lines))
    found = fw.fit(path, "y", named, [region], draws=300, reference="control")
    plain = fw.fit(frame.assign(d=arm), "y", "d", "region", draws=300, reference="control")
    assert found.effects().to_dict()["estimate"] == pytest.approx(
        plain.effects()["estimate"].tolist(), rel=1e-9
    )
    said = " ".join(found.fitted.design.notes)
    assert ("Column 'd' is ' d' in typed.csv" in said) == (named == "d")
