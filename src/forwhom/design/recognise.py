"""Rows of any data among the groups of a fit.

Tests: tests/answers/test_rows_of_data.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column, Table
from forwhom.design.build import Design
from forwhom.design.distinct import distinct_codes, renumber
from forwhom.design.groups import Groups
from forwhom.design.known import recall
from forwhom.design.levels import level_names, places_of
from forwhom.design.traits import trait_column

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recognised:
    """Which group is whose, by row of new data.

    Attributes:
        group: (n,) its number, -1 where the fit has none of its combination.
        combination: (n,) a code; rows of one code are of one group, in the fit or not.
    """

    group: IntArray
    combination: IntArray


def recognise(design: Design, table: Table) -> Recognised:
    """Find each row's group by the columns that define groups.

    Raises:
        DataError: a column of another kind than the fit's whose values cannot be told.
    """
    groups, count = design.groups, design.groups.count
    codes = np.zeros(count + table.n_rows, dtype=np.int64)
    for j in range(len(groups.columns)):
        mine = _levels(groups, j, _column(design, j, table))
        both = np.concatenate([groups.values[j], mine])
        codes = renumber(codes * (int(both.max(initial=0)) + 1) + both)
    group_of = np.full(int(codes.max(initial=0)) + 1, -1, dtype=np.int64)
    group_of[codes[:count]] = np.arange(count)
    return Recognised(group_of[codes[count:]], codes[count:])


def _column(design: Design, j: int, table: Table) -> Column:
    """The new rows' values of a grouping column, of the kind they had at the fit."""
    name = design.groups.columns[j]
    factor = None if design.plan.groups else design.plan.modifiers.by_trait[name]
    source = name if factor is None else factor.column
    known = next((one for one in design.known if one.name == source), None)
    column = table.columns[source].as_numbers()
    if known is not None:
        if known.kind == "text":
            column = table.columns[source]
        column = recall(known, column)
        if not column.value_labels and known.kind == column.kind:
            column = replace(column, value_labels=known.value_labels)
    if factor is None or not factor.condition:
        return column
    return trait_column(name, factor, replace(table, columns={**table.columns, source: column}))


def _levels(groups: Groups, j: int, column: Column) -> IntArray:
    """(n,) which level of the fit each row has; beyond them, one for each that it does not have."""
    keys, texts = groups.keys[j], groups.display[j]
    if keys.low:
        values = np.asarray(column.values, dtype=float)
        return np.searchsorted(np.array(keys.low[1:]), values, side="left").astype(np.int64)
    if groups.numbers[j] is not None:
        place = places_of(groups.numbers[j] or (), column)
        own = distinct_codes(column.keys)[1]
        return np.where(place >= 0, place, len(texts) + own)
    lookup = {text: k for k, text in enumerate(texts)}
    if column.kind == "text":
        names, own = level_names(column), np.asarray(column.values, dtype=np.int64)
    else:
        distinct, own = distinct_codes(column.keys)
        names = level_names(column, distinct.tolist())
    known = [lookup.get(name, len(texts) + k) for k, name in enumerate(names)]
    return np.asarray(np.array(known, dtype=np.int64)[own])
