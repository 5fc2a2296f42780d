"""Codes such as 999 "Refused" that a Stata or SPSS file labels, and does not declare as missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import forwhom as fw

LABELS = {
    "therm": {999: "Refused"},
    "pid7": {1: "Strong Democrat", 4: "Independent", 7: "Strong Republican", 9: "Don't know",
             -9: "NA"},
}  # fmt: skip


def survey() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A thermometer with refusals, and the same rows as they are meant."""
    rng = np.random.default_rng(33)
    n = 1000
    d = rng.integers(0, 2, n)
    pid = rng.integers(1, 8, n).astype(float)
    mean = 50 + 2 * d + (3 + d) * (pid - 4)
    truth = pd.DataFrame({"therm": (mean + rng.normal(0, 8, n)).round(), "d": d, "pid7": pid})
    coded = truth.copy()
    refused, other = rng.random(n) < 0.06, rng.random(n)
    coded.loc[refused, "therm"] = 999.0
    coded.loc[other < 0.05, "pid7"] = -9.0
    coded.loc[(other > 0.05) & (other < 0.09), "pid7"] = 9.0
    lost = refused | (other < 0.09)
    return coded, truth[~lost]


@pytest.mark.parametrize("ending", ["dta", "sav"])
def test_refusals_are_refused_and_the_suggestion_gives_the_right_number(
    tmp_path: Path, ending: str
) -> None:
    coded, truth = survey()
    path = tmp_path / f"data.{ending}"
    writer = pyreadstat.write_dta if ending == "dta" else pyreadstat.write_sav
    writer(coded, str(path), variable_value_labels=LABELS)
    asked = {"outcome": "therm", "treatment": "d", "modifiers": "pid7", "draws": 800}
    with pytest.raises(fw.DataError) as caught:
        fw.fit(path, **asked)
    message = str(caught.value)
    counts = {code: int((coded["pid7"] == code).sum()) for code in (-9, 9)}
    assert f"column 'pid7' holds -9 ('NA') in {counts[-9]} rows, 9 ('Don't know')" in message
    assert (
        f"column 'therm' holds 999 ('Refused') in {(coded['therm'] == 999).sum()} rows" in message
    )
    words = json.loads(re.search(r"Say missing=(\{.*?\}) to have", message)[1])
    found = fw.fit(path, **asked, missing=words)
    meant = fw.fit(truth, **asked)
    assert found.fitted.design.usage.n_used == len(truth)
    expected = meant.modifiers()
    assert found.modifiers().to_dict()["estimate"] == pytest.approx(
        expected["estimate"].tolist(), rel=1e-9
    )
    # least squares without the coded rows, on its own path
    x = np.c_[np.ones(len(truth)), truth["d"], truth["pid7"], truth["d"] * truth["pid7"]]
    slope = np.linalg.lstsq(x, truth["therm"].to_numpy(), rcond=None)[0][3]
    row = found.modifiers().to_dict()
    at = row["term"].index("pid7")
    assert abs(row["estimate"][at] - slope) < 2 * row["std_error"][at]
