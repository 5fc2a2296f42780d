"""The rows that an analysis rests on.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.data import Tidy


def rows_table(workings: Workings) -> Tidy:
    """How many rows were read, dropped for each column's missing values, and used."""
    usage = workings.design.usage
    what = ["read", *(f"missing {name}" for name, _ in usage.missing), "zero weight", "used"]
    n = [usage.n_read, *(count for _, count in usage.missing), usage.zero_weight, usage.n_used]
    headers = {"rows": "Rows", "n": "Number"}
    return Tidy({"rows": what, "n": np.array(n)}, "Rows", None, (), headers)


ROWS = Answer("rows", "Rows read, dropped (by column) and used.", (), rows_table)
