"""What tells rows apart in a formula: columns, and comparisons for themselves.

Tests: tests/design/test_comparison.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column, Table
from forwhom.design.distinct import distinct_codes
from forwhom.design.encode import encode, fit_encoding
from forwhom.design.levels import level_names, number_text
from forwhom.errors import listing
from forwhom.plan import Factor, Plan

CODES_FROM, CODES_TO = 3, 12  # so many different whole numbers may be codes of categories
CODES_BELOW = 20  # and none above


def trait_column(name: str, factor: Factor, table: Table) -> Column:
    """A column of the table, or the 0 and 1 of a comparison under its own name."""
    column = table.columns[factor.column]
    if not factor.condition:
        return column
    holds = encode(fit_encoding(factor, column), column, slice(None))[:, 0]
    return Column(name, "numeric", holds, integer=True)


def row_keys(plan: Plan, table: Table) -> list[NDArray[np.generic]]:
    """Whatever of the modifiers and controls differs between rows, (n,) each."""
    traits = plan.modifiers.by_trait | plan.controls.by_trait
    whole = {factor.column for factor in traits.values() if not factor.condition}
    return [
        np.asarray(trait_column(name, factor, table).keys)
        for name, factor in traits.items()
        if not (factor.condition and factor.column in whole)  # its column tells more
    ]


def code_notes(plan: Plan, table: Table) -> tuple[str, ...]:
    """What is said of whole numbers that may be codes of categories and are taken as numbers."""
    factors = (*plan.modifiers.factors, *plan.controls.factors)
    notes = []
    for name in dict.fromkeys(f.column for f in factors if f.function is None):
        column = table.columns[name]
        if column.kind != "numeric" or not _few_codes(column):
            continue
        values = distinct_codes(column.keys)[0]
        low, high = number_text(values[0]), number_text(values[-1])
        labels = {value for value, _ in column.value_labels} & set(values.tolist())
        named = f" ({listing(level_names(column, values.tolist()))})" if labels else ""
        notes.append(
            f"'{name}' holds whole numbers from {low} to {high}{named} and is taken as a number: "
            f"every step counts the same. If they are codes of categories, write C({name})."
        )
    return tuple(notes)


def _few_codes(column: Column) -> bool:
    """Whether a column holds a few small whole numbers and nothing else."""
    values = np.asarray(column.values, dtype=float)
    for part in (values[:256], values):  # most columns of other numbers show it early
        if not ((part == np.floor(part)) & (part >= 0) & (part < CODES_BELOW)).all():
            return False
    different = np.count_nonzero(np.bincount(values.astype(np.int64)))
    return bool(CODES_FROM <= different <= CODES_TO)
