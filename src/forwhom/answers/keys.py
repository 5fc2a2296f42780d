"""The columns that say which group a row is about, in the types that join back to the data.

Tests: tests/fitted/test_predict.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.summarise import SUMMARY_HEADERS
from forwhom.data import Table
from forwhom.data.keys import KeyType, own_categories
from forwhom.design import Groups
from forwhom.design.levels import level_names


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """Key columns of a table by name, and the type of each."""

    columns: dict[str, Any]
    types: dict[str, KeyType]


def group_columns(
    groups: Groups,
    taken: Sequence[str],
    chosen: Sequence[int] | None = None,
    rows: NDArray[np.int64] | None = None,
) -> KeyColumns:
    """Grouping columns, one value per group.

    A column that was binned holds the bins' names, and columns ``_low`` and ``_high`` their ends:
    a row belongs to the bin whose low end is below its value and whose high end is not.

    Args:
        taken: names that the table has already.
        chosen: which grouping columns, all by default; rows: which groups, all by default.
    """
    columns: dict[str, Any] = {}
    types: dict[str, KeyType] = {}
    for j in range(len(groups.columns)) if chosen is None else chosen:
        keys = groups.keys[j]
        name = free_name(groups.columns[j], (*taken, *columns))
        columns[name] = _picked(groups.column_values(j), rows)
        types[name] = keys.type
        if keys.low:
            codes = groups.values[j] if rows is None else groups.values[j][rows]
            ends = {"low": keys.low, "high": keys.high}
            names = [free_name(f"{name}_{end}", (*taken, *groups.columns)) for end in ends]
            for bound, values in zip(names, ends.values(), strict=True):
                columns[bound] = np.array(values)[codes]
            types[name] = replace(keys.type, name="interval", bounds=tuple(names))
    return KeyColumns(columns, types)


def row_columns(table: Table, taken: Sequence[str]) -> KeyColumns:
    """The columns of new rows as they came."""
    columns: dict[str, Any] = {}
    types: dict[str, KeyType] = {}
    for given, column in table.columns.items():
        name = free_name(given, (*taken, *columns))
        types[name] = column.native
        if column.kind == "text":
            texts = level_names(column)
            own = own_categories(column.native, texts)
            columns[name] = [own[code] for code in column.values.tolist()]
        elif column.kind == "boolean":
            columns[name] = column.values != 0
        elif column.exact is not None:
            columns[name] = column.exact if column.exact.dtype != object else column.exact.tolist()
        else:
            columns[name] = column.values.astype(np.int64) if column.integer else column.values
    return KeyColumns(columns, types)


def free_name(name: str, taken: Sequence[str]) -> str:
    """A column name that does not clash with those of the table itself."""
    reserved = set(SUMMARY_HEADERS) | set(taken)
    while name in reserved:
        name = f"{name}_"
    return name


def _picked(values: Any, rows: NDArray[np.int64] | None) -> Any:
    if rows is None:
        return values
    return values[rows] if isinstance(values, np.ndarray) else [values[i] for i in rows.tolist()]
