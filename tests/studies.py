"""The paper's analysis on two sets of rows: the published ones, and a simulated twin.

The twin is always there. The published rows are not in the repository (``tests/paper.py``). A test
runs on both by ``STUDIES`` of ``tests/paper_needed.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests import paper
from tests.reference.twin import data as twin

STAN = Path(__file__).parent / "reference" / "stan"


@dataclass(frozen=True)
class Study:
    """Rows for the paper's model, and where its posteriors by long Stan runs are stored.

    Attributes:
        name: of the study, in test names.
        rows: its columns of numbers, outcome, treatment and modifiers named as in the paper.
        stored: files by case: "alley2023" (the paper's program), "logit" (support of at least 3)
            and "ordinal".
        groups: treated groups; singles: those of one row; largest: rows of the largest.
        sigmas: a range that holds all but a negligible part of the posterior of sigma;
            tau: a bound above that of sigma_theta.
    """

    name: str
    rows: Callable[[], dict[str, np.ndarray]]
    stored: Mapping[str, Path]
    groups: int
    singles: int
    largest: int
    sigmas: tuple[float, float]
    tau: float

    def posterior(self, case: str) -> dict[str, Any]:
        """The stored posterior of a case."""
        found: dict[str, Any] = json.loads(self.stored[case].read_text(encoding="utf-8"))
        return found


PAPER = Study(
    "paper",
    paper.recoded,
    {"alley2023": paper.REFERENCE} | {case: STAN / f"{case}.json" for case in ("logit", "ordinal")},
    groups=171,
    singles=129,
    largest=5,
    sigmas=(0.67, 0.99),
    tau=0.8,
)
TWIN = Study(
    "twin",
    twin.rows,
    {case: twin.FOLDER / f"{case}.json" for case in twin.CASES},
    groups=171,
    singles=127,
    largest=5,
    sigmas=(0.64, 0.96),
    tau=0.9,
)
