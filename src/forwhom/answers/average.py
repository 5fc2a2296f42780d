"""The average effect over rows, overall or for each value of some grouping columns.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.keys import group_columns
from forwhom.answers.passes import averages_by
from forwhom.answers.summarise import SUMMARY_HEADERS, summarise, summary_notes
from forwhom.answers.tables import (
    arm_totals,
    average_note,
    effect_notes,
    group_headers,
    labels_of,
    stack,
    titled,
)
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]


def average_table(workings: Workings, by: tuple[str, ...] | None, level: float, scale: str) -> Tidy:
    """One row for each effect and combination of ``by``, averaged over rows within draws."""
    shown = workings.on_scale(scale)
    if by is None:
        tables = [_overall(one, workings.average(one), level) for one in shown]
    else:
        tables = [_by(one, by, level) for one in shown]
    return stack(tables, labels_of(shown))


def _overall(estimand: Estimand, draws: FloatArray, level: float) -> Tidy:
    """The average effect over all analysed rows, from its draws (D,)."""
    groups = estimand.design.groups
    summary = summarise(draws[None, :], level)
    columns = {
        "treatment": [estimand.treatment.name],
        "n_groups": np.array([groups.count]),
        **arm_totals(estimand, np.zeros(groups.count, dtype=np.int64), 1),
        **summary,
    }
    note = (*summary_notes(summary), average_note(estimand), *effect_notes(estimand))
    return Tidy(columns, titled("Average effect", estimand), level, note, SUMMARY_HEADERS)


def _by(estimand: Estimand, by: Sequence[str], level: float) -> Tidy:
    """Average effects over the rows with each combination of some grouping columns."""
    groups = estimand.design.groups
    chosen = [groups.columns.index(name) for name in by]
    codes = np.zeros(groups.count, dtype=np.int64)
    for j in chosen:
        codes = codes * len(groups.display[j]) + groups.values[j]
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    codes = codes.astype(np.int64)
    count = len(first)
    columns: dict[str, object] = {"treatment": [estimand.treatment.name] * count}
    keys = group_columns(groups, tuple(columns), chosen, first)
    columns |= keys.columns
    columns["n_groups"] = np.bincount(codes, minlength=count)
    columns |= arm_totals(estimand, codes, count)
    summary = summarise(averages_by(estimand, codes, count), level)
    columns |= summary
    note = (*summary_notes(summary), average_note(estimand), *effect_notes(estimand))
    title = titled(f"Average effects by {', '.join(by)},", estimand)
    return Tidy(columns, title, level, note, group_headers(groups), keys.types)


AVERAGE = Answer(
    "average",
    "The average effect over rows, overall or for each value of ``by``.",
    ("by", "level", "scale"),
    average_table,
)
