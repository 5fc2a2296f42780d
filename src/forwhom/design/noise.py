"""Numbers that were meant to be equal: 0.1 + 0.2 beside 0.3, 0.9999999999 beside 1.

Where numbers serve as levels (groups, clusters, modifiers, arms, 0/1 codes, counts), those that
differ only beyond twelve significant digits are one level, and the design's notes say so. Whole
numbers are always kept apart: they may be names.

Tests: tests/design/test_levels.py
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column, Table
from forwhom.design.distinct import distinct_codes
from forwhom.design.levels import FULL_BELOW, NOTHING, SAME, number_texts
from forwhom.errors import DataError, listing, plural
from forwhom.families import FAMILIES
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]

NEAR_WHOLE = 1e-8  # codes and counts this near to a whole number are meant to be it
SAMPLE = 10_000  # rows that tell whether values repeat


def settle_numbers(plan: Plan, table: Table) -> tuple[Table, tuple[str, ...]]:
    """The table with numbers that were meant to be equal made equal, and what is said of it.

    Raises:
        DataError: keys that were rounded before they were read, so that different ones may be one.
    """
    codes, keys, values = _roles(plan)
    changed = {name: table.columns[name].as_numbers() for name in _amounts(plan, table)}
    notes: list[str] = []
    for name, found_column in table.columns.items():
        column = changed.get(name, found_column)
        if column.kind != "numeric":
            continue
        if column.exact is not None:
            if name not in keys:
                notes += _rounded_amount(plan, column)
            continue
        if name in keys:
            _refuse_rounded(column)
        if column.integer or name not in (*codes, *keys, *values):
            continue
        found = _whole(column) if name in codes else None
        if found is None and name in (*keys, *values):
            found = _merged(column, name in keys)
        if found is not None:
            settled, said = found
            notes += said
            if settled is not column:
                changed[name] = settled
    if not changed:
        return table, tuple(notes)
    return replace(table, columns={**table.columns, **changed}), tuple(notes)


def labels_held(column: Column) -> tuple[str, ...]:
    """The labels of the values that occur."""
    return tuple(text for value, text in column.value_labels if (column.values == value).any())


def unused_notes(table: Table) -> tuple[str, ...]:
    """What is said of declared categories that no complete row holds."""
    notes = []
    for name, column in table.columns.items():
        held = column.levels or labels_held(column)
        absent = [level for level in column.declared if level not in held]
        if absent:
            verb = "never occurs" if len(absent) == 1 else "never occur"
            notes.append(
                f"{listing(absent)} of '{name}' {verb} in the complete rows and "
                f"{'is' if len(absent) == 1 else 'are'} left out."
            )
    return tuple(notes)


def _roles(plan: Plan) -> tuple[set[str], set[str], set[str]]:
    """Columns whose numbers are codes or counts; keys; and those that are levels if few."""
    support = FAMILIES[plan.family].support
    codes = {name for name, _ in plan.treatments if plan.type_of(name) != "dose"}
    if support in ("binary", "ordered", "unordered", "count", "successes"):
        codes.add(plan.outcome)
    codes |= {name for name in (plan.trials, plan.event) if isinstance(name, str)}
    if plan.weights is not None and plan.weights_kind == "frequency":
        codes.add(plan.weights)
    factors = (*plan.modifiers.factors, *plan.controls.factors)
    keys = {*(plan.groups or ()), *plan.clusters, *(f.column for f in factors if f.function == "C")}
    levels = {plan.outcome} if support in ("ordered", "unordered") else set()
    values = {*plan.modifiers.columns, *(name for name, _ in plan.treatments), *levels}
    return codes, keys, values


def _amounts(plan: Plan, table: Table) -> list[str]:
    """Columns of categories that are numbers, where the question takes them as numbers."""
    levels = {*plan.modifiers.columns, *plan.controls.columns, *(plan.groups or ()), *plan.clusters}
    amounts = {plan.trials, plan.exposure, plan.offset, plan.event, plan.std_error, plan.weights}
    found = []
    for name, column in table.columns.items():
        if not column.numbers:
            continue
        if name == plan.outcome:
            ordered = FAMILIES[plan.family].support == "ordered" and column.ordered
            wanted = not ordered
        elif name in dict(plan.treatments):
            wanted = plan.type_of(name) == "dose" or len(column.levels or ()) == 2
        else:
            wanted = name in amounts and name not in levels
        if wanted:
            found.append(name)
    return found


def _whole(column: Column) -> tuple[Column, list[str]] | None:
    """Codes and counts at whole numbers, where all of them are near one; None where not."""
    held = column.values[~column.missing]
    with np.errstate(invalid="ignore"):
        near = np.rint(held)
        off = np.abs(held - near)
    if not (off <= np.maximum(NEAR_WHOLE, SAME * np.abs(near))).all():
        return None
    if not off.any():
        return column, []
    values = column.values.copy()
    values[~column.missing] = near
    values.setflags(write=False)
    example = float(held[int(np.argmax(off))])
    note = (
        f"'{column.name}' holds numbers within rounding of whole ones, such as {example!r}; "
        f"{plural(int((off > 0).sum()), 'row')} taken as the whole number."
    )
    return replace(column, values=values), [note]


def _merged(column: Column, every: bool) -> tuple[Column, list[str]] | None:
    """Values that differ only beyond twelve digits as one; None where there are none.

    Args:
        every: whether the column's values are keys, however many; else a column whose values do not
            repeat is left alone after a look at a part of it.
    """
    present = np.isfinite(column.values)
    held = column.values[present]
    if not len(held) or (held == np.floor(held)).all():
        return None
    if not every and len(held) > SAMPLE:
        sample = np.unique(held[:SAMPLE])
        if len(sample) == SAMPLE or (len(sample) > SAMPLE // 2 and not _same(sample).any()):
            return None
    distinct, codes = distinct_codes(held)
    same = _same(distinct)
    said = _alike(column.name, distinct[np.concatenate([[True], ~same])])
    if not same.any():
        return (column, said) if said else None
    runs = np.concatenate([[0], np.cumsum(~same)])
    settled = _one_each(distinct, runs)[runs]
    values = column.values.copy()
    values[present] = settled[codes]
    values.setflags(write=False)
    k = int(np.flatnonzero(same)[0])
    rows = int((values[present] != held).sum())
    note = (
        f"'{column.name}' holds numbers that differ only beyond twelve digits, such as "
        f"{float(distinct[k])!r} and {float(distinct[k + 1])!r}; they are one level "
        f"({plural(rows, 'row')} changed)."
    )
    return replace(column, values=values), [note, *said]


def _same(distinct: FloatArray) -> NDArray[np.bool_]:
    """Whether each of some distinct sorted numbers and the next are one level, (m - 1,)."""
    size = np.abs(distinct)
    tiny = size <= _noise(size)
    low, high = distinct[:-1], distinct[1:]
    same = high - low <= SAME * np.maximum(size[:-1], size[1:])
    same |= tiny[:-1] & tiny[1:]
    whole = distinct == np.floor(distinct)
    same &= ~(whole[:-1] & whole[1:])
    # a run of many neighbours that reaches further is no rounding: its values are all meant
    runs = np.concatenate([[0], np.cumsum(~same)])
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    last = np.concatenate([first[1:] - 1, [len(distinct) - 1]])
    reach = distinct[last] - distinct[first]
    wide = (reach > 2 * SAME * np.maximum(size[first], size[last])) & ~(tiny[first] & tiny[last])
    wide |= np.add.reduceat(whole.astype(int), first) > 1
    return np.asarray(same & ~wide[runs][:-1])


def _noise(size: FloatArray) -> float:
    """The largest size that is rounding around zero: next to nothing, and beside all the others."""
    sizes = np.unique(size[size > 0])
    gaps = np.flatnonzero((sizes[:-1] <= NOTHING) & (sizes[:-1] <= SAME * sizes[1:]))
    return float(sizes[gaps[-1]]) if len(gaps) else 0.0


def _one_each(distinct: FloatArray, runs: NDArray[np.int64]) -> FloatArray:
    """The value that stands for each run: the member nearest to its shortest writing, or zero."""
    first = np.flatnonzero(np.diff(runs, prepend=-1))
    count = np.diff(first, append=len(distinct))
    out = distinct[first].copy()
    several = np.flatnonzero(count > 1)
    for run in several.tolist():  # over levels that were merged
        members = distinct[first[run] : first[run] + count[run]]
        short = float(f"{members[0]:.12g}") if abs(members).max() > NOTHING else 0.0
        if members[0] < 0 < members[-1]:
            short = 0.0
        out[run] = members[int(np.argmin(np.abs(members - short)))]
    return np.asarray(out)


def _alike(name: str, levels: FloatArray) -> list[str]:
    """What is said of a number that is there in double and in single precision."""
    with np.errstate(over="ignore"):
        single = levels.astype(np.float32)
    stored = single == levels  # written in single precision
    pairs = (single[:-1] == single[1:]) & (stored[:-1] != stored[1:])
    if not pairs.any():
        return []
    k = int(np.flatnonzero(pairs)[0])
    one, other = number_texts(levels[k : k + 2].tolist())
    return [
        f"'{name}' holds {one} and {other}, the same number in double and in single precision; "
        "they are kept apart. Round the column if they were meant to be one."
    ]


def _refuse_rounded(column: Column) -> None:
    """Names of seventeen digits that a float holds were rounded before they came here."""
    held = column.values[np.isfinite(column.values)]
    large = np.unique(held[np.abs(held) >= FULL_BELOW])
    if not _needs_digits(large[:SAMPLE]):
        return
    value = int(large[0])
    raise DataError(
        f"column '{column.name}' holds whole numbers of {len(str(abs(value)))} digits, such as "
        f"{value}, in a type that keeps about 16: different ones may have become one before they "
        "were read. Store it as text or as whole numbers (in pandas 'Int64' or 'string', in Stata "
        "and SPSS a string)."
    )


def _needs_digits(values: Iterable[float]) -> bool:
    return any(float(f"{value:.15g}") != value for value in values)


def _rounded_amount(plan: Plan, column: Column) -> list[str]:
    """What is said of long whole numbers that serve as amounts.

    Raises:
        DataError: rounding would make different ones equal.
    """
    name = column.name
    exact = np.unique(column.keys[~column.missing])
    treatment = name in dict(plan.treatments) and plan.type_of(name) != "dose"
    if treatment and (len(exact) == 2 or plan.reference_of(name) is not None):
        return []  # arms, which keep every digit
    if treatment:
        way_out = f"If they are names of arms, say reference={exact[0]} (or another)."
    elif name in plan.modifiers.columns:
        way_out = f"If they are names, say groups='{name}', clusters='{name}' or C({name})."
    elif name in plan.controls.columns:
        way_out = f"If they are names, say clusters='{name}' or C({name})."
    else:
        way_out = "If they are names, leave the column out."
    held = f"'{name}' holds whole numbers of {len(str(abs(int(exact[-1]))))} digits"
    left = len(np.unique(exact.astype(float)))
    if left < len(exact):
        raise DataError(
            f"{held}; as amounts they are rounded to about 16 digits, which leaves {left:,} of "
            f"{len(exact):,} different ones. {way_out} If they are amounts, subtract a common "
            "start from them first."
        )
    return [f"{held}; as amounts they are rounded to about 16 digits. {way_out}"]
