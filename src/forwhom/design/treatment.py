"""How the treatment column becomes d: 0/1 for a treatment, a number for a dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.encode import number_text
from forwhom.errors import DataError, listing, nearest
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TreatmentCoding:
    """What d = 0 and d = 1 mean.

    Attributes:
        column: the treatment's name.
        kind: "binary" or "dose".
        control: display text of the control value ("0" for a dose).
        treated: display text of the treated value ("one unit" for a dose).
        control_value: the raw value (number or text) coded 0; None for a dose.
        treated_value: the raw value coded 1; None for a dose.
        note: what was decided for the user, or an empty string.
    """

    column: str
    kind: str
    control: str
    treated: str
    control_value: float | str | None
    treated_value: float | str | None
    note: str = ""


def code_treatment(plan: Plan, column: Column) -> tuple[TreatmentCoding, FloatArray]:
    """Decide the coding from the complete rows, and apply it.

    Raises:
        DataError: one level, too many levels, an unknown reference, or a two-valued number that
            is not 0/1 without a reference (it is never recoded silently).
    """
    name = column.name
    if column.kind == "text":
        return _code_text(plan, column)
    values = np.asarray(column.values, dtype=float)
    distinct = np.unique(values)
    labels = dict(column.value_labels)
    wanted = plan.treatment_type
    if len(distinct) < 2:
        needed = "doses that differ" if wanted == "dose" else "treated and untreated rows"
        raise DataError(
            f"treatment '{name}' is {number_text(distinct[0])} in all {len(values):,} complete "
            f"rows; an effect needs {needed}."
        )
    several = len(distinct) > 2 and not labels and plan.reference is None
    if wanted == "dose" or (wanted == "auto" and several):
        note = (
            f"Treatment '{name}' has {len(distinct):,} different values and is taken as a dose: "
            "effects are per unit of it."
        )
        coding = TreatmentCoding(name, "dose", "0", "one unit", None, None, note)
        return coding, values
    if len(distinct) > 2:
        shown = [labels.get(float(v), number_text(v)) for v in distinct]
        raise DataError(
            f"treatment '{name}' has {len(distinct)} values ({listing(shown, 6)}), and two were "
            "expected. Keep the rows of two arms, or say treatment_type='dose' (and no reference=) "
            "if its numbers are amounts."
        )
    low, high = float(distinct[0]), float(distinct[1])
    if plan.reference is None and (low, high) != (0.0, 1.0):
        shown = [
            f"{number_text(v)} ({labels[v]})" if v in labels else number_text(v)
            for v in (low, high)
        ]
        raise DataError(
            f"treatment '{name}' holds {shown[0]} and {shown[1]}, not 0 and 1; "
            f"which one is control is not guessed. Say reference={number_text(low)} (or "
            f"{number_text(high)})."
        )
    control = low if plan.reference is None else _as_number(plan, column, distinct)
    treated = high if control == low else low
    boolean = {0.0: "False", 1.0: "True"} if column.kind == "boolean" else {}
    text = {v: labels.get(v) or boolean.get(v) or number_text(v) for v in (control, treated)}
    coding = TreatmentCoding(name, "binary", text[control], text[treated], control, treated)
    return coding, (values == treated).astype(float)


def _as_number(plan: Plan, column: Column, distinct: FloatArray) -> float:
    reference = plan.reference
    by_label = {label: value for value, label in column.value_labels}
    if column.kind == "boolean":
        by_label = {"False": 0.0, "True": 1.0} | by_label
    if isinstance(reference, str) and reference in by_label:
        reference = by_label[reference]
    try:
        value = float(reference)  # type: ignore[arg-type]  # None was handled by the caller
    except ValueError:
        value = float("nan")
    if value not in distinct:
        shown = [number_text(v) for v in distinct]
        raise DataError(
            f"reference={plan.reference!r} is not a value of treatment '{column.name}'; it holds "
            f"{listing(shown)}."
        )
    return value


def _code_text(plan: Plan, column: Column) -> tuple[TreatmentCoding, FloatArray]:
    levels = column.levels or ()
    name = column.name
    if len(levels) < 2:
        raise DataError(
            f"treatment '{name}' has one level only ({listing(levels)}) among the complete rows; "
            "an effect needs treated and untreated rows."
        )
    if plan.treatment_type == "dose":
        raise DataError(
            f"treatment '{name}' holds text ({listing(levels, 4)}); a dose is a number."
        )
    if len(levels) > 2:
        raise DataError(
            f"treatment '{name}' has {len(levels)} levels ({listing(levels, 6)}), and two were "
            "expected. Keep the rows of two arms."
        )
    note = ""
    if plan.reference is None:
        control = levels[0]
        note = (
            f"Treatment '{name}' holds '{levels[0]}' and '{levels[1]}'; '{control}', the first, is "
            f"taken as control. Say reference='{levels[1]}' for the other way round."
        )
    else:
        control = str(plan.reference)
        if control not in levels:
            raise DataError(
                f"reference={control!r} is not a level of treatment '{name}'; it has "
                f"{listing(levels)}.{nearest(control, levels)}"
            )
    treated = levels[1] if control == levels[0] else levels[0]
    d = (column.values == levels.index(treated)).astype(float)
    return TreatmentCoding(name, "binary", control, treated, control, treated, note), d
