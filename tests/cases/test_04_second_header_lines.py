"""Exports whose second and third line hold question texts and import ids; a row of units."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import forwhom as fw

NAMES = ["y", "cond", "age", "woman"]
TEXTS = ["How much do you agree?", "Condition", "What is your age, in years?", "Are you a woman?"]
IDS = [f'{{"ImportId":"Q{i}"}}' for i in range(4)]


def rows() -> list[list[int]]:
    rng = np.random.default_rng(44)
    n = 300
    d = rng.integers(0, 2, n)
    y = np.round(3 + 0.5 * d + rng.normal(0, 1, n)).clip(1, 7).astype(int)
    return np.c_[y, d, rng.integers(18, 80, n), rng.integers(0, 2, n)].tolist()


def write(path: Path, *headers: list[str]) -> Path:
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([NAMES, *headers, *rows()])
    return path


@pytest.mark.parametrize("family", ["gaussian", "ordinal"])
def test_lines_of_texts_and_ids_are_read_past(tmp_path: Path, family: str) -> None:
    asked = {"outcome": "y", "treatment": "cond", "modifiers": "woman", "draws": 200}
    asked["family"] = family
    found = fw.fit(write(tmp_path / "export.csv", TEXTS, IDS), **asked)
    plain = fw.fit(write(tmp_path / "plain.csv"), **asked)
    assert found.average().to_dict() == plain.average().to_dict()
    assert found.fitted.design.notes[0].startswith("Lines 2 to 3 of export.csv hold text")


def test_a_row_of_units_is_read_past(tmp_path: Path) -> None:
    asked = {"outcome": "woman", "treatment": "cond", "modifiers": "age", "family": "bernoulli"}
    units = write(tmp_path / "units.csv", ["points", "code", "years", "share"])
    found = fw.fit(units, **asked, draws=200)
    plain = fw.fit(write(tmp_path / "plain.csv"), **asked, draws=200)
    assert found.modifiers().to_dict() == plain.modifiers().to_dict()
    assert found.fitted.design.notes[0].startswith("Line 2 of units.csv holds text")
