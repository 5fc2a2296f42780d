"""The rows that are used: complete, finite, with a usable outcome and weights; the rest counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.digits import number_text
from forwhom.data.table import Column, Table
from forwhom.errors import DataError, plural
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Usage:
    """How many rows went where.

    Attributes:
        n_read: rows in the data; n_used: rows analysed.
        missing: (column, rows with a missing value there), for columns that have any.
        zero_weight: complete rows left out because their sampling weight is zero.
        lines: lines of the table, fewer than rows where frequency weights say that a line stands
            for several; empty_lines: those that stand for no row.
    """

    n_read: int
    n_used: int
    missing: tuple[tuple[str, int], ...]
    zero_weight: int
    lines: int
    empty_lines: int


def complete_rows(plan: Plan, table: Table) -> tuple[Table, Usage]:
    """Keep the rows without a missing value in any used column.

    Raises:
        DataError: infinite values, bad weights, or no complete row at all.
    """
    for column in table.columns.values():
        _check_finite(column)
    missing = {name: column.missing for name, column in table.columns.items()}
    times = _times_by_line(plan, table)
    found = ((name, int(times[m].sum())) for name, m in missing.items())
    counts = tuple((name, count) for name, count in found if count)
    keep = np.ones(table.n_rows, dtype=bool)
    for m in missing.values():
        keep &= ~m
    if not keep.any():
        worst = max(counts, key=lambda pair: pair[1], default=("", 0))
        raise DataError(
            f"no row of {table.source} is complete: '{worst[0]}' is missing in {worst[1]:,} of "
            f"{int(times.sum()):,} rows. Leave that column out, or check how missing values are "
            "coded."
            if counts
            else f"{table.source} has no rows."
        )
    zero = 0
    if plan.weights is not None:
        weights = _check_weights(plan.weights, table.columns[plan.weights], keep)
        zero = int((keep & (weights == 0) & (times > 0)).sum())
        keep &= weights > 0
    usage = Usage(
        n_read=int(times.sum()),
        n_used=int(times[keep].sum()),
        missing=counts,
        zero_weight=zero,
        lines=table.n_rows,
        empty_lines=int((times == 0).sum()),
    )
    return table if keep.all() else some_rows(table, keep), usage


def frequencies(plan: Plan, table: Table) -> FloatArray | None:
    """How many rows each complete line of the table stands for, (n,); None where it is one."""
    if plan.weights is None or plan.weights_kind != "frequency":
        return None
    return np.asarray(table.columns[plan.weights].values, dtype=float)


def row_weights(plan: Plan, table: Table) -> FloatArray | None:
    """Weights of the complete rows: as they are (frequency) or scaled to sum to the row count."""
    if plan.weights is None:
        return None
    weights = np.asarray(table.columns[plan.weights].values, dtype=float)
    if plan.weights_kind == "frequency":
        return weights
    return np.asarray(weights * (len(weights) / weights.sum()))


def _times_by_line(plan: Plan, table: Table) -> FloatArray:
    """How many rows each line stands for, (n,); one where its frequency is missing.

    Raises:
        DataError: a frequency that is not a whole number, and how many lines have it.
    """
    given = frequencies(plan, table)
    if given is None or table.columns[str(plan.weights)].kind == "text":
        return np.ones(table.n_rows)
    times = np.where(np.isnan(given), 1.0, given)
    broken = times != np.floor(times)
    if broken.any():
        value = times[broken][0]
        count = int((times == value).sum())
        others = int(broken.sum()) - count
        more = f", and {plural(others, 'more row')} other fractions" if others else ""
        raise DataError(
            f"frequency weights '{plan.weights}' must be whole numbers, how many times a row "
            f"counts; they hold {number_text(value)} in {plural(count, 'row')}{more}. Weights "
            "that say how many people a row stands for are weights_kind='sampling'."
        )
    return np.maximum(times, 0.0)


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


def some_rows(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Rows kept; levels that no longer occur are forgotten."""
    columns = {}
    for name, column in table.columns.items():
        some = column.take(np.asarray(keep))
        if column.kind == "text" and column.levels is not None:
            present = np.unique(some.values)
            if len(present) < len(column.levels):
                some = replace(
                    some,
                    values=np.searchsorted(present, some.values),
                    levels=tuple(column.levels[int(code)] for code in present),
                    numbers=tuple(column.numbers[int(code)] for code in present)
                    if column.numbers
                    else (),
                )
        columns[name] = some
    return replace(table, columns=columns, n_rows=int(keep.sum()))
