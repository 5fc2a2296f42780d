"""How a treatment's column becomes d: 0/1 for each arm, a number for a dose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.levels import level_names, number_text
from forwhom.errors import DataError, listing, nearest
from forwhom.plan import Plan
from forwhom.plan.values import Level

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TreatmentCoding:
    """What d = 0 and d = 1 mean, for one arm or one dose.

    Attributes:
        column: the treatment's column.
        kind: "binary", "dose", or "estimate" where the outcome is itself an estimated effect.
        control: display text of the control value ("0" for a dose).
        treated: display text of the treated value ("one unit" for a dose).
        control_value: the raw value (number or text) coded 0; None for a dose.
        treated_value: the raw value coded 1; None for a dose.
        note: what was decided for the user, or an empty string.
        arm: the treated value's text where the treatment has several arms.
    """

    column: str
    kind: str
    control: str
    treated: str
    control_value: float | str | None
    treated_value: float | str | None
    note: str = ""
    arm: str = ""

    @property
    def name(self) -> str:
        """The effect's name in tables: the column, with the arm where there are several."""
        return f"{self.column}[{self.arm}]" if self.arm else self.column


Coded = tuple[tuple[TreatmentCoding, ...], FloatArray]

MOST_ARMS = 50


def code_treatment(plan: Plan, column: Column) -> Coded:
    """Decide the coding from the complete rows, and apply it.

    Returns:
        one coding per arm, or one for a dose; and d, (n, arms).

    Raises:
        DataError: one level, too many levels, an unknown reference, or a two-valued number that
            is not 0/1 without a reference (it is never recoded silently).
    """
    name = column.name
    if column.kind == "text":
        return _code_text(plan, column)
    values = column.keys
    distinct = np.unique(values)
    labels = dict(column.value_labels)
    wanted = plan.type_of(name)
    if len(distinct) < 2:
        needed = "doses that differ" if wanted == "dose" else "treated and untreated rows"
        raise DataError(
            f"treatment '{name}' is {number_text(distinct[0])} in all {len(values):,} complete "
            f"rows; an effect needs {needed}."
        )
    several = len(distinct) > 2 and not labels and plan.reference_of(name) is None
    if wanted == "dose" or (wanted == "auto" and several):
        note = (
            f"Treatment '{name}' has {len(distinct):,} different values and is taken as a dose: "
            "effects are per unit of it."
        )
        coding = TreatmentCoding(name, "dose", "0", "one unit", None, None, note)
        return (coding,), np.asarray(column.values, dtype=float)[:, None]
    if len(distinct) > 2:
        return _code_number_arms(plan, column, distinct)
    low, high = distinct.tolist()
    text = dict(zip((low, high), level_names(column, (low, high)), strict=True))
    if plan.reference_of(name) is None and (low, high) != (0.0, 1.0):
        shown = [f"{number_text(v)} ({labels[v]})" if v in labels else text[v] for v in (low, high)]
        raise DataError(
            f"treatment '{name}' holds {shown[0]} and {shown[1]}, not 0 and 1; "
            f"which one is control is not guessed. Say reference={number_text(low)} (or "
            f"{number_text(high)})."
        )
    asked = plan.reference_of(name)
    control = low if asked is None else _as_number(asked, column, distinct)
    treated = high if control == low else low
    coding = TreatmentCoding(name, "binary", text[control], text[treated], control, treated)
    return (coding,), (values == treated).astype(float)[:, None]


def _code_number_arms(plan: Plan, column: Column, distinct: NDArray[Any]) -> Coded:
    """More than two numbers that are names of arms."""
    name, values = column.name, column.keys
    shown = list(level_names(column, distinct.tolist()))
    _check_arms(plan, name, shown)
    asked = plan.reference_of(name)
    if asked is None and 0.0 not in distinct:
        raise DataError(
            f"treatment '{name}' has the arms {listing(shown, 6)}; which one is control is not "
            f"guessed. Say reference={shown[0]!r} (or another), or treatment_type='dose' if its "
            "numbers are amounts."
        )
    control = 0.0 if asked is None else _as_number(asked, column, distinct)
    named = dict(zip(distinct.tolist(), shown, strict=True))
    note = "" if asked is not None else _arms_note(name, named[control], len(distinct) - 1)
    codings = [
        TreatmentCoding(name, "binary", named[control], named[v], control, v, arm=named[v])
        for v in distinct.tolist()
        if v != control
    ]
    return _arms(codings, note, [values == coding.treated_value for coding in codings])


def _check_arms(plan: Plan, name: str, shown: list[str]) -> None:
    if plan.type_of(name) == "binary" or plan.preset == "alley2023":
        why = "preset 'alley2023'" if plan.preset == "alley2023" else "treatment_type='binary'"
        raise DataError(
            f"treatment '{name}' has {len(shown)} values ({listing(shown, 6)}), and {why} takes "
            "two. Keep the rows of two arms, or leave it out to have every arm held against one."
        )
    if len(shown) > MOST_ARMS:
        raise DataError(
            f"treatment '{name}' has {len(shown):,} values ({listing(shown, 4)}), and at most "
            f"{MOST_ARMS} arms are possible. Merge arms, or say treatment_type='dose' if its "
            "numbers are amounts."
        )


def _arms_note(name: str, control: str, arms: int) -> str:
    return (
        f"Treatment '{name}' has {arms} arms, each held against '{control}'. Say reference= for "
        "another."
    )


def _arms(codings: list[TreatmentCoding], note: str, treated: list[NDArray[np.bool_]]) -> Coded:
    codings[0] = replace(codings[0], note=note)
    return tuple(codings), np.stack(treated, axis=1).astype(float)


def _as_number(reference: Level, column: Column, distinct: NDArray[Any]) -> float:
    values = distinct.tolist()
    names = level_names(column, values)
    if isinstance(reference, str) and reference in names:
        return values[names.index(reference)]  # type: ignore[no-any-return]
    try:
        value = int(reference) if _is_whole(reference) else float(reference)
    except ValueError:
        value = float("nan")
    if value not in values:
        codes = [number_text(v) for v in values]
        shown = [n if n == c else f"{c} ({n})" for n, c in zip(names, codes, strict=True)]
        raise DataError(
            f"reference={reference!r} is not a value of treatment '{column.name}'; it holds "
            f"{listing(shown)}.{nearest(str(reference), names)}"
        )
    return values[values.index(value)]  # type: ignore[no-any-return]


def _is_whole(reference: Level) -> bool:
    """Whether a value is written as a whole number, which may be too long for a float."""
    return isinstance(reference, int) or (
        isinstance(reference, str) and reference.strip().lstrip("+-").isdecimal()
    )


def _code_text(plan: Plan, column: Column) -> Coded:
    own, levels = column.levels or (), level_names(column)
    name = column.name
    if len(levels) < 2:
        raise DataError(
            f"treatment '{name}' has one level only ({listing(levels)}) among the complete rows; "
            "an effect needs treated and untreated rows."
        )
    if plan.type_of(name) == "dose":
        raise DataError(
            f"treatment '{name}' holds text ({listing(levels, 4)}); a dose is a number."
        )
    several = len(levels) > 2
    if several:
        _check_arms(plan, name, list(levels))
    note = ""
    asked = plan.reference_of(name)
    if asked is None:
        control = levels[0]
        note = (
            _arms_note(name, control, len(levels) - 1)
            if several
            else (
                f"Treatment '{name}' holds '{levels[0]}' and '{levels[1]}'; '{control}', the "
                f"first, is taken as control. Say reference='{levels[1]}' for the other way round."
            )
        )
    else:
        control = str(asked)
        if control not in levels and control in own:
            control = levels[own.index(control)]
        if control not in levels:
            raise DataError(
                f"reference={control!r} is not a level of treatment '{name}'; it has "
                f"{listing(levels)}.{nearest(control, levels)}"
            )
    arms = [level for level in levels if level != control]
    codings = [
        TreatmentCoding(name, "binary", control, arm, control, arm, arm=arm if several else "")
        for arm in arms
    ]
    return _arms(codings, note, [column.values == levels.index(arm) for arm in arms])
