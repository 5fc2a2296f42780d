"""The effect for each row of any data.

A row whose group was in the fit has that group's effect, as ``effects()`` tells it (at the group's
mean of modifiers that vary within it). Another one is of a new group: it has what the modifiers
predict for it, with a part of its own drawn from the effect spread, as ``predict()`` tells it; rows
of one new group share that part.

Tests: tests/answers/test_rows_of_data.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.keys import row_columns
from forwhom.answers.passes import group_draws
from forwhom.answers.sample import MOST_VALUES, Sample
from forwhom.answers.selection import Selection
from forwhom.answers.shares import SHARE_HEADERS, shares_of
from forwhom.answers.summarise import SUMMARY_HEADERS, summary_notes
from forwhom.answers.tables import effect_notes, stack, titled
from forwhom.answers.telling import Telling
from forwhom.answers.whom import NAME_THEM, NONE_NAMED
from forwhom.answers.workings import Workings
from forwhom.data import Table, Tidy
from forwhom.design.distinct import distinct_codes, renumber
from forwhom.design.recognise import recognise
from forwhom.errors import PlanError
from forwhom.fitted import Estimand, draw_new_groups, new_effects, new_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WHAT = "effects(data=)"
AT_ONCE = 10_000_000  # new rows x draws
HEADERS = {"row": "Row", "in_fit": "In fit"}


@dataclass(frozen=True, slots=True)
class _NewRows:
    """Rows whose groups are not in the fit, each different one once.

    Attributes:
        table: m rows of modifiers and controls, those of one group side by side.
        whose: (m,) their groups, rising from 0.
        place: (n,) which of the m each row of the data is, -1 where its group is in the fit.
    """

    table: Table
    whose: IntArray
    place: IntArray

    def pieces(self, draws: int) -> Iterator[tuple[int, Table, IntArray, IntArray]]:
        """Whole groups at a time: number, table, the rows' groups from 0, and the rows."""
        most, low, number = max(AT_ONCE // max(draws, 1), 1), 0, 0
        while low < len(self.whose):
            high = min(low + most, len(self.whose))
            if high < len(self.whose):  # back to where a group begins, or on to where it ends
                last = int(np.searchsorted(self.whose, self.whose[high]))
                high = (
                    last
                    if last > low
                    else int(np.searchsorted(self.whose, self.whose[low], "right"))
                )
            rows = np.arange(low, high)
            yield number, _taken(self.table, rows), self.whose[rows] - self.whose[low], rows
            low, number = high, number + 1


def row_effects(
    workings: Workings,
    data: Any,
    by: tuple[str, ...] | None,
    scale: str,
    telling: Telling,
    selection: Selection,
) -> Tidy:
    """One row for each row of the data and effect, in the data's order."""
    if by is not None or not selection.plain:
        raise PlanError(
            "effects(data=) tells each row of the data, and by=, where= and weights= are of "
            "groups. Leave them out, or filter the data."
        )
    plan, design = workings.plan, workings.design
    if not design.groups.columns:
        raise PlanError(
            "effects(data=) tells each row the effect of its group, and all rows have the one that "
            f"average() tells: {NONE_NAMED}. {NAME_THEM}"
        )
    asked = plan.groups or ()
    table = new_rows(plan, data, asked, controls=False, what=WHAT)
    found = recognise(design, table)
    new = np.flatnonzero(found.group < 0)
    with_controls = table
    if len(new) and plan.controls.columns:
        with_controls = new_rows(plan, data, asked, what=WHAT)
    strangers = _new(with_controls, found.combination, new, table.n_rows)
    shown = workings.on_scale(scale)
    tables = []
    for one in shown:
        telling.check(one.quantity)
        tables.append(_of_one(workings, one, telling, table, found.group, strangers))
    return stack(tables, shown)


def _of_one(
    workings: Workings,
    estimand: Estimand,
    telling: Telling,
    table: Table,
    group: IntArray,
    new: _NewRows,
) -> Tidy:
    inside = group >= 0
    columns: dict[str, object] = {
        "treatment": [estimand.treatment.name] * len(group),
        "row": np.arange(1, len(group) + 1),
        "in_fit": inside,
        "group_id": [int(g) + 1 if g >= 0 else None for g in group.tolist()],
    }
    keys = row_columns(table, tuple(columns))
    columns |= keys.columns
    headers = {**SUMMARY_HEADERS, **HEADERS, **SHARE_HEADERS, **telling.headers}
    title = titled("Effects of rows", estimand)
    notes = (*_notes(inside), *effect_notes(estimand))
    if telling.draws:
        draws = _draws(workings, estimand, group, new)
        sample = Sample(columns, draws, workings.chains, headers, keys.types)
        return sample.table(telling, title, notes)
    told = {name: np.empty(len(group)) for name in telling.names}
    for name, values in workings.group_pass(estimand, telling).summary.items():
        told[name][inside] = values[group[inside]]
    apart = {name: np.empty(new.table.n_rows) for name in telling.names}
    for rows, draws in _predicted(workings, estimand, new):
        for name, values in telling.columns(draws).items():
            apart[name][rows] = values
    share = np.zeros(len(group))
    share[inside] = shares_of(workings, estimand).data[group[inside]]
    for name, values in told.items():
        values[~inside] = apart[name][new.place[~inside]]
    columns |= {**told, "data_share": share}
    said = (*summary_notes(told), *notes)
    return Tidy(columns, title, telling.level, said, headers, keys.types, telling.interval)


def _draws(workings: Workings, estimand: Estimand, group: IntArray, new: _NewRows) -> FloatArray:
    """(n, D), of not too many rows."""
    size, inside = workings.fitted.count, group >= 0
    if len(group) * size > MOST_VALUES:
        raise PlanError(
            f"draws=True: {len(group):,} rows of {size:,} draws are more than the "
            f"{MOST_VALUES:,} numbers that are written out. Give fewer rows."
        )
    out = np.empty((len(group), size))
    some, which = np.unique(group[inside], return_inverse=True)
    out[inside] = group_draws(estimand, some)[which.reshape(-1)]
    apart = np.empty((new.table.n_rows, size))
    for rows, draws in _predicted(workings, estimand, new):
        apart[rows] = draws
    out[~inside] = apart[new.place[~inside]]
    return out


def _predicted(
    workings: Workings, estimand: Estimand, new: _NewRows
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Draws of new rows, some at a time."""
    seed = workings.plan.seed
    for number, table, whose, rows in new.pieces(workings.fitted.count):
        key = (seed, number) if number else seed
        drawn = draw_new_groups(workings.estimands, table, True, key, whose)
        yield rows, new_effects(estimand, workings.estimands, drawn)


def _new(table: Table, combination: IntArray, new: IntArray, count: int) -> _NewRows:
    """Each different one of the new rows once, in the order of their groups."""
    codes = renumber(combination[new])
    for column in table.columns.values():
        own = distinct_codes(np.asarray(column.keys)[new])[1] if len(new) else codes
        codes = renumber(codes * (int(own.max(initial=0)) + 1) + own)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    place = np.full(count, -1, dtype=np.int64)
    place[new] = inverse.reshape(-1)
    return _NewRows(_taken(table, new[first]), renumber(combination[new[first]]), place)


def _taken(table: Table, rows: IntArray) -> Table:
    """Some rows of a table."""
    columns = {
        name: replace(
            column,
            values=column.values[rows],
            exact=None if column.exact is None else column.exact[rows],
        )
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns, n_rows=len(rows))


def _notes(inside: NDArray[np.bool_]) -> tuple[str, ...]:
    known, new = int(inside.sum()), int((~inside).sum())
    found = []
    if known:
        found.append(
            f"{known:,} of {len(inside):,} rows have the effect of their group in the fit."
        )
    if new:
        found.append(
            f"{new:,} of {len(inside):,} rows are of groups that the fit does not hold: what the "
            "modifiers predict, with a part of its own drawn from the effect spread."
        )
    return tuple(found)
