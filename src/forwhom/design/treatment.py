"""How a treatment's column becomes d: 0/1 for each arm, a number for a dose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.levels import number_text
from forwhom.design.zero import (
    Choices,
    choices_in,
    named_level,
    python_words,
    two_valued,
    words_to_add,
    zero_of,
)
from forwhom.errors import DataError, listing
from forwhom.plan import Plan

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

    @property
    def words(self) -> str:
        """What the effect is an effect of: "letter (Ad against Control)".

        >>> TreatmentCoding("letter", "binary", "Control", "Ad", "Control", "Ad").words
        'letter (Ad against Control)'
        """
        if self.kind == "binary":
            return f"{self.column} ({self.treated} against {self.control})"
        return f"one more unit of {self.column}" if self.kind == "dose" else self.column


Coded = tuple[tuple[TreatmentCoding, ...], FloatArray]

MOST_ARMS = 50


def code_treatment(plan: Plan, column: Column, times: FloatArray | None = None) -> Coded:
    """Decide the coding from the complete rows, and apply it.

    Args:
        plan: the question; column: the treatment's, complete rows only.
        times: how many rows each line stands for, where it is not one.

    Returns:
        one coding per arm, or one for a dose; and d, (n, arms).

    Raises:
        DataError: one level, too many levels, an unknown reference, or levels of which nothing
            says which one the others are held against (it is never guessed).
    """
    name = column.name
    if _is_dose(plan, column):
        return _dose(column)
    levels = choices_in(column, times)
    if len(levels.texts) < 2:
        raise _no_contrast(column, levels.texts[0], "treated and untreated rows")
    several = len(levels.texts) > 2
    if several:
        _check_arms(plan, name, levels)
    control, note = _control(plan, levels)
    arms = [k for k in range(len(levels.texts)) if k != control]
    texts, values = levels.texts, levels.values or levels.texts
    codings = [
        TreatmentCoding(
            column=name,
            kind="binary",
            control=texts[control],
            treated=texts[k],
            control_value=values[control],
            treated_value=values[k],
            arm=texts[k] if several else "",
        )
        for k in arms
    ]
    codings[0] = replace(codings[0], note=note)
    treated = np.stack([levels.codes == k for k in arms], axis=1)
    return tuple(codings), treated.astype(float)


def _is_dose(plan: Plan, column: Column) -> bool:
    """Whether a treatment's numbers are amounts: asked for, or more than two without labels."""
    name, wanted = column.name, plan.type_of(column.name)
    if column.kind == "text":
        if wanted == "dose":
            raise DataError(
                f"treatment '{name}' holds text ({listing(column.levels or (), 4)}); a dose is a "
                "number."
            )
        return False
    if wanted != "auto" or column.labelled or plan.reference_of(name) is not None:
        return wanted == "dose"
    return not two_valued(column)


def _dose(column: Column) -> Coded:
    name, values = column.name, np.asarray(column.values, dtype=float)
    count = len(np.unique(values))
    if count < 2:
        raise _no_contrast(column, number_text(values[0]), "doses that differ")
    note = (
        f"Treatment '{name}' has {count:,} different values and is taken as a dose: effects are "
        "per unit of it."
    )
    coding = TreatmentCoding(name, "dose", "0", "one unit", None, None, note)
    return (coding,), values[:, None]


def _no_contrast(column: Column, level: str, needed: str) -> DataError:
    return DataError(
        f"treatment '{column.name}' is {level} in all {len(column.values):,} complete rows; an "
        f"effect needs {needed}."
    )


def _control(plan: Plan, levels: Choices) -> tuple[int, str]:
    """The level that the others are held against, and the note where that was told by words."""
    name, texts = levels.column, levels.texts
    asked = plan.reference_of(name)
    if asked is not None:
        return named_level(asked, levels, "reference", f"treatment '{name}'"), ""
    zero = zero_of(levels)
    if zero.at is None:
        raise DataError(_question(plan, levels, zero.doubt))
    control = texts[zero.at]
    arms = len(texts) - 1
    why = ", which says absence" if zero.by_words else ""
    if arms > 1:
        note = (
            f"Treatment '{name}' has {arms} arms, each held against '{control}'{why}. Say "
            "reference= for another."
        )
        return zero.at, note
    other = 1 - zero.at
    several = name if len(plan.treatments) > 1 else ""
    way = python_words("reference", levels.spelling(other), several)
    note = (
        f"Treatment '{name}': '{texts[other]}' is held against '{control}'{why}. Say {way} for "
        "the other way round."
    )
    return zero.at, note if zero.by_words else ""


def _question(plan: Plan, levels: Choices, doubt: str) -> str:
    """Which level is the reference? With the words to add."""
    name = levels.column
    several = name if len(plan.treatments) > 1 else ""
    given = plan.reference if isinstance(plan.reference, tuple) else ()
    words = words_to_add("reference", levels.spellings, several, given)
    dose = ""
    if levels.bare:
        dose = " Or say treatment_type='dose' if its numbers are amounts."
    return (
        f"treatment '{name}': which level the others are held against is not guessed; it has "
        f"{levels.shown}, and {doubt}. Add {words}.{dose}"
    )


def _check_arms(plan: Plan, name: str, levels: Choices) -> None:
    shown = levels.texts
    if plan.type_of(name) == "binary" or plan.preset == "alley2023":
        why = "preset 'alley2023'" if plan.preset == "alley2023" else "treatment_type='binary'"
        raise DataError(
            f"treatment '{name}' has {len(shown)} values ({listing(shown, 6)}), and {why} takes "
            "two. Keep the rows of two arms, or leave it out to have every arm held against one."
        )
    if len(shown) > MOST_ARMS:
        dose = (
            ", or say treatment_type='dose' if its numbers are amounts"
            if levels.values is not None
            else ""
        )
        raise DataError(
            f"treatment '{name}' has {len(shown):,} values ({listing(shown, 4)}), and at most "
            f"{MOST_ARMS} arms are possible. Merge arms{dose}."
        )
