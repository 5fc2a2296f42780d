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
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection
from forwhom.answers.tables import (
    arm_totals,
    average_note,
    effect_notes,
    group_headers,
    stack,
    titled,
)
from forwhom.answers.telling import Telling
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.design import Groups
from forwhom.errors import PlanError
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def average_table(
    workings: Workings,
    by: tuple[str, ...] | None,
    scale: str,
    telling: Telling,
    selection: Selection,
) -> Tidy:
    """One row for each effect and combination of ``by``, averaged over rows within draws."""
    shown = workings.on_scale(scale)
    named = ", ".join(map(workings.labels.word, by or ()))
    title = f"Average effects by {named}," if by else "Average effect"
    tables = []
    for one in shown:
        telling.check(one.quantity)
        sample = averages(workings, one, by or (), selection)
        notes = (average_note(one, selection), *effect_notes(one))
        tables.append(sample.table(telling, titled(title, one), notes))
    return stack(tables, shown)


def averages(
    workings: Workings, estimand: Estimand, by: Sequence[str], selection: Selection
) -> Sample:
    """Averages over each combination of some grouping columns; over all where there are none."""
    groups, kept = estimand.design.groups, selection.groups(estimand.count)
    codes, first = combinations(groups, by, kept)
    count = len(first)
    columns: dict[str, object] = {"treatment": [estimand.treatment.name] * count}
    keys = group_columns(groups, tuple(columns), [groups.columns.index(n) for n in by], first)
    columns |= keys.columns
    columns["n_groups"] = np.bincount(codes, minlength=count)
    columns |= arm_totals(estimand, kept, codes, count)
    headers = group_headers(groups) if by else {}
    if not by and selection.plain:
        draws = workings.average(estimand)[None, :]
    else:
        weight = checked_weight(estimand, kept, codes, selection)
        draws = averages_by(estimand, kept, codes, count, weight)
    return Sample(columns, draws, workings.chains, headers, keys.types)


def combinations(groups: Groups, by: Sequence[str], kept: IntArray) -> tuple[IntArray, IntArray]:
    """Which combination of levels each group kept (g,) has, and a group that has each."""
    codes = np.zeros(len(kept), dtype=np.int64)
    for j in (groups.columns.index(name) for name in by):
        codes = codes * len(groups.display[j]) + groups.values[j][kept]
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    return codes.astype(np.int64), kept[first]


def checked_weight(
    estimand: Estimand, kept: IntArray, codes: IntArray, selection: Selection
) -> FloatArray:
    """(G,) weights, some of them above zero in every row of the table."""
    weight = selection.weight(estimand)
    if (np.bincount(codes, weight[kept]) <= 0).any():
        raise PlanError(
            f"weights={selection.weights!r}: all groups of a row of the table weigh zero. Leave "
            "them out by where=."
        )
    return weight


AVERAGE = Answer(
    "average",
    "The average effect over rows, overall or for each value of ``by``.",
    ("by", "level", "scale", "where", "interval", "above", "equivalence", "weights", "draws"),
    average_table,
)
