"""Small saved fits, and their tables: how those of each format were written, a folder for each.

Run by the version that writes the format, once; later versions only read what it left here. The
chains are made of 12 steps, which keeps the files small.

    python -m tests.reference.saved.make
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import forwhom as fw
from forwhom.fitted.block import FORMAT
from tests.chains import short_chains

FOLDER = Path(__file__).parent
N = 40
ASKED: dict[str, dict[str, Any]] = {
    "exact": {},
    "exact_one_control": {"preset": "alley2023"},
    "quadrature": {"outcome": "voted", "family": "bernoulli"},
    "nuts": {"clusters": "state", "cluster_effects": "state", "spread": "student"},
    "nuts_categories": {"outcome": "choice", "family": "categorical", "spread": "none"},
}
FORMATS = (4, 5, 6, 7)


def folder(number: int) -> Path:
    """Where the files of a format are."""
    return FOLDER / f"format_{number}"


def rows() -> dict[str, Any]:
    rng = np.random.default_rng(40)
    return {
        "y": rng.normal(size=N),
        "voted": rng.integers(0, 2, N),
        "choice": np.array(["bus", "car", "foot"])[rng.integers(0, 3, N)],
        "d": rng.integers(0, 2, N),
        "a": rng.integers(0, 3, N),
        "state": rng.integers(0, 4, N),
    }


def main() -> None:
    folder(FORMAT).mkdir(exist_ok=True)
    for name, more in ASKED.items():
        asked = {"outcome": "y", "treatment": "d", "modifiers": "a", "draws": 12} | more
        with short_chains(12, depth=4):
            fit = fw.fit(rows(), **asked)
        path = fit.save(folder(FORMAT) / f"{name}.nc")
        tables = {key: table.to_dict() for key, table in fit.tables().items()}
        plain = {
            key: {column: np.asarray(values).tolist() for column, values in table.items()}
            for key, table in tables.items()
        }
        path.with_suffix(".json").write_text(json.dumps(plain, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
