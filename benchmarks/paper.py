"""The paper's data (Bush and Prather 2020), recoded; where they are not, their simulated twin.

The recoding, and where the published file is looked for, are the tests' own (``tests/paper.py``).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from common import ROOT

sys.path.insert(0, str(ROOT))

from tests import paper
from tests.paper import MODIFIERS, OUTCOME, TREATMENT
from tests.studies import PAPER, TWIN, Study

__all__ = ["MODIFIERS", "OUTCOME", "TREATMENT", "columns", "note", "study", "whose", "write_csv"]


def study() -> Study:
    """The paper's rows, or those of the twin where the published file is not here."""
    return TWIN if paper.absent() else PAPER


def whose() -> str:
    """Whose data are used, for titles."""
    return "the twin's data" if paper.absent() else "the paper's data"


def note() -> str:
    """A sentence where the twin stands in, else nothing."""
    if not paper.absent():
        return ""
    return (
        "The paper's data are not here (tests/paper.py says where they are looked for). Their twin "
        "stands in: simulated rows of the same shape, for the same model (tests/reference/twin)."
    )


def columns() -> dict[str, list[int]]:
    """The rows as columns of whole numbers."""
    return {name: values.astype(int).tolist() for name, values in study().rows().items()}


def write_csv(target: Path) -> None:
    """The rows as a CSV file."""
    data = columns()
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
