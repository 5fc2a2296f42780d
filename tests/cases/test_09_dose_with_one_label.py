"""A dose whose only label belongs to a code declared missing, or to zero, stays a dose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import forwhom as fw


def letters() -> pd.DataFrame:
    rng = np.random.default_rng(99)
    n = 600
    dose, m = rng.integers(0, 5, n).astype(float), rng.integers(0, 3, n).astype(float)
    y = 0.5 * dose + 0.2 * m + rng.normal(0, 1, n)
    dose[:20] = -9
    return pd.DataFrame({"y": y, "letters": dose, "m": m})


@pytest.mark.parametrize("labels", [{-9: "Refused"}, {-9: "Refused", 0: "none"}, {7: "many"}])
def test_it_is_the_dose_that_it_is_in_a_frame(tmp_path: Path, labels: dict[int, str]) -> None:
    frame = letters()
    path = tmp_path / "data.sav"
    pyreadstat.write_sav(
        frame,
        str(path),
        variable_value_labels={"letters": labels},
        missing_ranges={"letters": [-9]},
    )
    asked = {"outcome": "y", "treatment": "letters", "modifiers": "m", "draws": 300}
    found = fw.fit(path, **asked)
    plain = fw.fit(frame.replace({"letters": {-9: np.nan}}), **asked)
    assert found.fitted.design.effects[0].treatment.kind == "dose"
    assert found.average().to_dict()["estimate"] == pytest.approx(
        plain.average()["estimate"].tolist(), rel=1e-9
    )
    assert found.average().to_dict()["estimate"][0] == pytest.approx(0.5, abs=0.1)
    assert not any("Refused" in note for note in found.fitted.design.notes)
