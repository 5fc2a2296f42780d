"""Accents and curly quotes in another code page, used or not: read, or encoding= is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import forwhom as fw


def survey() -> pd.DataFrame:
    rng = np.random.default_rng(24)
    n = 120
    d = rng.integers(0, 2, n).astype(float)
    place = np.array(["Malaga", "Leon", "Cadiz"])[rng.integers(0, 3, n)]
    note = np.where(np.arange(n) % 9 == 0, "Dont know", "ok")
    return pd.DataFrame({"y": d + rng.normal(0, 1, n), "d": d, "place": place, "note": note})


LABELS = {"variable_value_labels": {"d": {0: "Xno letter", 1: "letter"}}}
USED = ((b"Malaga", b"M\xe1laga"), (b"Leon", b"Le\xf3n"))
UNUSED = ((b"Dont know", b"Don\x92t kno"),)
UNDEFINED = ((b"Dont know", b"Don\x81t kno"),)
LABEL = ((b"Xno letter", b"\x93no letter"),)


@pytest.mark.parametrize("swaps", [(), USED, UNUSED, UNDEFINED, LABEL, USED + LABEL])
@pytest.mark.parametrize(("ending", "options"), [("sav", {}), ("dta", {"version": 12}),
                                                 ("dta", {"version": 14})])  # fmt: skip
def test_bytes_of_windows(
    tmp_path: Path, swaps: tuple[tuple[bytes, bytes], ...], ending: str, options: dict[str, Any]
) -> None:
    path = tmp_path / f"t.{ending}"
    labels = LABELS if options.get("version") != 14 else {}
    writer = pyreadstat.write_dta if ending == "dta" else pyreadstat.write_sav
    writer(survey(), str(path), **labels, **options)
    raw = path.read_bytes()
    for old, new in swaps:
        raw = raw.replace(old, new)
    path.write_bytes(raw)
    asked = {"outcome": "y", "treatment": "d", "groups": "place", "draws": 100, "reference": 0}
    found = fw.fit(path, **asked)
    plain = fw.fit(survey(), **asked)
    names = ["Cadiz", "León", "Málaga"] if swaps[:2] == USED else ["Cadiz", "Leon", "Malaga"]
    assert found.effects().to_dict()["place"] == names
    assert found.effects().to_dict()["estimate"] == pytest.approx(
        plain.effects()["estimate"].tolist(), rel=1e-9
    )
    if labels:
        first = "“no letter" if LABEL[0] in swaps else "Xno letter"
        assert found.fitted.design.effects[0].treatment.control == first


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_text_files(tmp_path: Path, encoding: str) -> None:
    frame = survey().replace({"place": {"Malaga": "Málaga"}})
    frame.to_csv(tmp_path / "t.csv", index=False, encoding=encoding)
    found = fw.fit(tmp_path / "t.csv", "y", "d", groups="place", draws=100)
    assert found.effects().to_dict()["place"] == ["Cadiz", "Leon", "Málaga"]
