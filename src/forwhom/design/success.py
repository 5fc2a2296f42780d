"""Which level of an outcome is its success, and which level of a column the event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design.rows import frequencies
from forwhom.design.zero import (
    Choices,
    Zero,
    choices_in,
    named_level,
    python_words,
    words_to_add,
    zero_of,
)
from forwhom.errors import DataError, listing
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]
Notes = tuple[str, ...]


def success_levels(plan: Plan, levels: Choices) -> tuple[tuple[str, ...], Notes, FloatArray]:
    """Which of an outcome's two levels counts as 1: as said, or as words or codes tell.

    Returns:
        texts of the level that is 0 and of the one that is 1; notes; (n,) zeros and ones.

    Raises:
        DataError: more than two levels, an unknown one, or nothing that tells.
    """
    name, asked, texts = plan.outcome, plan.success, levels.texts
    if len(texts) > 2:
        raise DataError(
            f"bernoulli needs 0/1 or two levels; '{name}' has {len(texts)} ({listing(texts, 4)}). "
            "Recode it, or choose family 'ordinal' or 'categorical'."
        )
    if asked is not None:
        one = named_level(asked, levels, "success", f"outcome '{name}'")
        if len(texts) < 2:
            return texts, (), np.zeros(len(levels.codes))
        return (texts[1 - one], texts[one]), (), (levels.codes == one).astype(float)
    if levels.bare and levels.values and set(levels.values) <= {0.0, 1.0}:
        return ("0", "1"), (), np.asarray(levels.values)[levels.codes]
    if len(texts) < 2:
        return texts, (), np.zeros(len(levels.codes))
    zero = zero_of(levels)
    if zero.at is None:
        gaussian = (
            " For differences between means of its numbers say family='gaussian'."
            if levels.values is not None
            else ""
        )
        raise DataError(
            f"outcome '{name}': which level counts as 1 is not guessed; it has {levels.shown}, "
            f"and {zero.doubt}. Add {words_to_add('success', levels.spellings)}.{gaussian}"
        )
    no, yes = texts[zero.at], texts[1 - zero.at]
    notes: Notes = ()
    if zero.by_words or {no, yes} != {"0", "1"}:
        why = ", which says absence," if zero.by_words else ""
        way = python_words("success", levels.spelling(zero.at))
        notes = (
            f"Outcome '{name}': '{yes}' counts as 1, '{no}'{why} as 0. Say {way} for the other "
            "way round.",
        )
    return (no, yes), notes, (levels.codes != zero.at).astype(float)


def event_rows(plan: Plan, table: Table) -> tuple[FloatArray, str, Notes]:
    """1 where a time ended in the event, (n,); the level that says so, in words; and notes.

    Raises:
        DataError: an unknown level, nothing that tells which one it is, or no event at all.
    """
    if plan.event is None:
        return np.ones(table.n_rows), "", ()
    column, name = table.columns[plan.event], plan.event
    text, notes = "", Notes()
    if plan.event_level is None and column.kind == "numeric" and not column.value_labels:
        event = np.asarray(column.values, dtype=float)
        if not ((event == 0) | (event == 1)).all():
            levels = choices_in(column, frequencies(plan, table))
            raise DataError(_which_event(plan, levels, "they are not 0 (censored) and 1 alone"))
    else:
        event, text, notes = _named_event(plan, choices_in(column, frequencies(plan, table)))
    if not event.any():
        raise DataError(
            f"every one of the {len(event):,} complete rows is censored ('{name}' is "
            f"{'never ' + repr(text) if text else '0 throughout'}): without an event nothing is "
            "known of the times."
        )
    return event, text, notes


def _named_event(plan: Plan, levels: Choices) -> tuple[FloatArray, str, Notes]:
    """Events by level: as said, or as words or codes tell."""
    name, texts = str(plan.event), levels.texts
    if plan.event_level is not None:
        one = named_level(plan.event_level, levels, "event", f"'{name}'")
        rest = [text for k, text in enumerate(texts) if k != one]
        notes: Notes = ()
        if len(rest) > 1:
            notes = (
                f"Event '{name}': {listing(rest)} all count as censored; '{texts[one]}' alone is "
                "the event.",
            )
        return (levels.codes == one).astype(float), texts[one], notes
    if levels.values and len(texts) == 1 and texts[0] in ("True", "False", "0", "1"):
        return np.full(len(levels.codes), levels.values[0]), "", ()
    zero = zero_of(levels, event=True) if len(texts) == 2 else Zero(None)
    if zero.at is None:
        raise DataError(_which_event(plan, levels, zero.doubt))
    yes, no = texts[1 - zero.at], texts[zero.at]
    happened = (levels.codes != zero.at).astype(float)
    if (no, yes) in (("False", "True"), ("0", "1")):
        return happened, "", ()
    words = python_words("event", levels.spelling(zero.at), name)
    why = ", which says absence," if zero.by_words else ""
    note = (
        f"Event '{name}': '{yes}' is the event, '{no}'{why} censored. Say {words} for the other "
        "way round."
    )
    return happened, yes, (note,)


def _which_event(plan: Plan, levels: Choices, doubt: str = "") -> str:
    """Which level is the event? With the words to add."""
    words = words_to_add("event", levels.spellings, str(plan.event))
    return (
        f"event '{plan.event}': which level is the event is not guessed; it has {levels.shown}"
        f"{', and ' if doubt else ''}{doubt}. Add {words}; every other level "
        "counts as censored."
    )
