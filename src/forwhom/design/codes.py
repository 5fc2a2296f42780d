"""Codes whose labels speak of a missing answer: 999 "Refused" is no number and no treatment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forwhom.data.refusals import says_missing
from forwhom.data.stray_words import short, suggestion
from forwhom.data.table import Column, Table
from forwhom.design.levels import number_text
from forwhom.errors import DataError, plural
from forwhom.families import FAMILIES
from forwhom.plan import Plan
from forwhom.plan.parts import COLUMN_KEYS

SHOWN = 6  # codes of one column that a message shows


def check_codes(plan: Plan, table: Table) -> None:
    """Refuse codes of missing answers that would be averaged, or be an arm, in all columns at once.

    A column that serves as levels only (``C(x)``, groups, clusters, an unordered outcome) may have
    "Don't know" among them where every value has a label; among values without labels it is refused
    there, too. ``missing={"x": []}`` takes a column as it stands.

    Raises:
        DataError: columns, codes, labels and rows, and the words to add.
    """
    kept = {name for name, codes in plan.missing if not codes}
    numbers = _as_numbers(plan)
    found: dict[str, list[float]] = {}
    shown = []
    for name, column in table.columns.items():
        if name in kept or column.kind == "text" or not column.value_labels:
            continue
        codes = _refusals(column, name in numbers)
        if codes:
            found[name] = codes
            shown.append(_held(column, codes))
    if not found:
        return
    first = next(iter(found))
    one = sum(map(len, found.values())) == 1
    whole: dict[str, Sequence[object]] = {name: _plain(codes) for name, codes in found.items()}
    raise DataError(
        f"{'; '.join(shown)}: by {'its label the code' if one else 'their labels codes'} of "
        f"missing answers, which would be used as {'a number' if one else 'numbers'}. Say "
        f"{suggestion(whole, dict(plan.missing))} to have {'it' if one else 'them'} missing; an "
        f"empty list, as in {suggestion({first: []}, {})}, takes the column as it stands."
    )


def _as_numbers(plan: Plan) -> set[str]:
    """The columns whose values are used as numbers, or decide who is treated."""
    factors = (*plan.modifiers.factors, *plan.controls.factors)
    numbers = {factor.column for factor in factors if factor.function != "C"}
    numbers |= {str(getattr(plan, key)) for key in COLUMN_KEYS if getattr(plan, key) is not None}
    family = FAMILIES.get(plan.family)
    if family is None or family.support != "unordered":
        numbers.add(plan.outcome)
    return numbers | set(plan.treatment_columns)


def _refusals(column: Column, as_number: bool) -> list[float]:
    """Codes that occur and whose labels speak of a missing answer."""
    held = np.unique(column.values[~column.missing])
    labels = {float(k): text for k, text in column.value_labels if not isinstance(k, str)}
    if not as_number and all(float(value) in labels for value in held):
        return []
    ends = {float(held[0]), float(held[-1])} if len(held) else set()
    return [
        code
        for code in (float(value) for value in held)
        if code in labels and says_missing(labels[code], code in ends)
    ]


def _held(column: Column, codes: Sequence[float]) -> str:
    labels = dict(column.value_labels)
    said = [
        f"{number_text(code)} ('{short(labels[code])}') in "
        f"{plural(int((column.values == code).sum()), 'row')}"
        for code in codes[:SHOWN]
    ]
    if len(codes) > SHOWN:
        said.append(f"{len(codes) - SHOWN} more such codes")
    return f"column '{column.name}' holds {', '.join(said)}"


def _plain(codes: Sequence[float]) -> list[float | int]:
    return [int(code) if code.is_integer() else code for code in codes]
