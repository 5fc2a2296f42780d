"""How the draws were made.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.data import Tidy


def diagnostics_table(workings: Workings) -> Tidy:
    """How the draws were made and whether they can be trusted."""
    d = workings.fitted.diagnostics
    columns: dict[str, object] = {"method": [d.method], "draws": np.array([d.draws])}
    headers = {"method": "Method", "draws": "Draws"}
    for key, header, value in d.figures:
        columns[key], headers[key] = np.array([value]), header
    columns["passed"], headers["passed"] = [d.passed], "Passed"
    notes = (f"Method {d.method}: {d.why}.", d.meaning)
    return Tidy(columns, "Diagnostics", None, notes, headers)


DIAGNOSTICS = Answer(
    "diagnostics", "How the draws were made and whether they can be trusted.", (), diagnostics_table
)
