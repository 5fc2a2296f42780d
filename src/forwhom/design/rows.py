"""The rows that are used: complete, finite, with a usable outcome and weights; the rest counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column, Table
from forwhom.design.encode import number_text
from forwhom.errors import DataError, plural
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Usage:
    """How many rows went where.

    Attributes:
        n_read: rows in the data; n_used: rows analysed.
        missing: (column, rows with a missing value there), for columns that have any.
        zero_weight: complete rows left out because their weight is zero.
    """

    n_read: int
    n_used: int
    missing: tuple[tuple[str, int], ...]
    zero_weight: int


def complete_rows(plan: Plan, table: Table) -> tuple[Table, Usage]:
    """Keep the rows without a missing value in any used column.

    Raises:
        DataError: infinite values, bad weights, or no complete row at all.
    """
    for column in table.columns.values():
        _check_finite(column)
    missing = {name: column.missing for name, column in table.columns.items()}
    counts = tuple((name, int(m.sum())) for name, m in missing.items() if m.any())
    keep = np.ones(table.n_rows, dtype=bool)
    for m in missing.values():
        keep &= ~m
    if not keep.any():
        worst = max(counts, key=lambda pair: pair[1], default=("", 0))
        raise DataError(
            f"no row of {table.source} is complete: '{worst[0]}' is missing in {worst[1]:,} of "
            f"{table.n_rows:,} rows. Leave that column out, or check how missing values are coded."
            if counts
            else f"{table.source} has no rows."
        )
    zero = 0
    if plan.weights is not None:
        weights = _check_weights(plan.weights, table.columns[plan.weights], keep)
        zero = int((keep & (weights == 0)).sum())
        keep &= weights > 0
    used = int(keep.sum())
    complete = table if used == table.n_rows else _subset(table, keep)
    return complete, Usage(table.n_rows, used, counts, zero)


def row_weights(plan: Plan, table: Table) -> FloatArray | None:
    """Weights of the complete rows: as they are (frequency) or scaled to sum to the row count."""
    if plan.weights is None:
        return None
    weights = np.asarray(table.columns[plan.weights].values, dtype=float)
    if plan.weights_kind == "frequency":
        return weights
    return np.asarray(weights * (len(weights) / weights.sum()))


def _check_finite(column: Column) -> None:
    if column.kind == "text":
        return
    infinite = int(np.isinf(column.values).sum())
    if infinite:
        raise DataError(
            f"column '{column.name}' holds infinite values in {plural(infinite, 'row')}; "
            "make them missing or correct them."
        )


def _check_weights(name: str, column: Column, keep: NDArray[np.bool_]) -> FloatArray:
    if column.kind == "text":
        raise DataError(f"weights '{name}' hold text; weights are numbers.")
    weights = np.where(keep, np.asarray(column.values, dtype=float), 0.0)
    if (weights < 0).any():
        raise DataError(
            f"weights '{name}' are negative in {plural(int((weights < 0).sum()), 'row')} (smallest "
            f"{number_text(weights.min())}); weights must be zero or above."
        )
    if not weights.sum() > 0:
        raise DataError(f"weights '{name}' sum to zero over the complete rows.")
    return weights


def _subset(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Rows kept; levels that no longer occur are forgotten."""
    columns = {}
    for name, column in table.columns.items():
        values = column.values[keep]
        levels = column.levels
        if column.kind == "text" and levels is not None:
            present = np.unique(values)
            if len(present) < len(levels):
                values = np.searchsorted(present, values)
                levels = tuple(levels[int(code)] for code in present)
        columns[name] = replace(column, values=values, levels=levels)
    return replace(table, columns=columns, n_rows=int(keep.sum()))
