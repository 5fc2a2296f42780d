"""A fit for programs: one JSON object.

Tests: tests/test_cli.py.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forwhom.answers import Caution
from forwhom.data import Tidy
from forwhom.plan import Plan, plan_to_toml
from forwhom.version import __version__


def attributes(plan: Plan, source: str, engine: str, fingerprint: str) -> dict[str, str]:
    """What is written beside the draws of a fit: its plan, its data, and what made it."""
    return {
        "inference_library": "forwhom",
        "forwhom": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "source": source,
        "engine": engine,
        "fingerprint": fingerprint,
        "plan": plan_to_toml(plan),
    }


def to_json(
    version: str,
    about: Mapping[str, Any],
    tables: Mapping[str, Tidy],
    notes: Sequence[str],
    cautions: Sequence[Caution],
    passed: bool,
    files: Sequence[Path],
) -> str:
    """One object, ASCII only, so that no terminal or pipe can refuse a letter.

    Args:
        version: forwhom's own.
        about: the question and the data, plain values that open the object.
        tables: by name; they must include "rows" and "diagnostics". Each becomes a list of rows.
        notes, cautions: what was decided for the user, and the warnings.
        passed: whether the diagnostics passed.
        files: what was written.
    """
    listed = {name: [t.row(i) for i in range(t.n_rows)] for name, t in tables.items()}
    versions = {
        "forwhom": version,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    record = {
        **about,
        "rows": {row["rows"]: row["n"] for row in listed["rows"]},
        "tables": listed,
        "notes": notes,
        "warnings": [{"code": caution.code, "text": caution.text} for caution in cautions],
        "diagnostics": listed["diagnostics"][0],
        "passed": passed,
        "versions": versions,
        "files": [str(path) for path in files],
    }
    return json.dumps(plain(record), allow_nan=False, indent=1)


def rows_to_json(table: Tidy) -> str:
    """A table as a JSON list of rows, ASCII only."""
    rows = [table.row(i) for i in range(table.n_rows)]
    return json.dumps(plain(rows), allow_nan=False, indent=1)


def plain(value: Any) -> Any:
    """A value as JSON has it: numbers that are not finite become null.

    >>> plain({"estimate": [1.5, float("nan")]})
    {'estimate': [1.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
