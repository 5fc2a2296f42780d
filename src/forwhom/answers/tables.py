"""What tables of effects share: titles, notes, counts by arm, and how several are stacked.

Tests: tests/answers/test_tables.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.naming import (
    against,
    category_words,
    contrast_words,
    effect_words,
    labels_for,
    outcome_words,
)
from forwhom.answers.selection import Selection
from forwhom.answers.summarise import SUMMARY_HEADERS
from forwhom.data import Tidy
from forwhom.design import Groups
from forwhom.fitted import Estimand

IntArray = NDArray[np.int64]


def group_headers(groups: Groups) -> dict[str, str]:
    """Readable headers; a grouping column never takes the place of the table's own."""
    return dict(zip(groups.columns, groups.labels, strict=True)) | SUMMARY_HEADERS


def arm_counts(estimand: Estimand) -> dict[str, IntArray]:
    """Rows of each group by arm, (G,) each; all of them where effects were estimated elsewhere."""
    if estimand.design.estimates:
        return {"n_rows": estimand.design.groups.n_rows}
    effect = estimand.effect
    return {"n_treated": effect.n_treated, "n_control": effect.n_control}


def arm_totals(
    estimand: Estimand, groups: IntArray, codes: IntArray, count: int
) -> dict[str, IntArray]:
    """The same, (count,) each, of those groups (g,) that share a code, (g,)."""
    return {
        name: np.bincount(codes, n[groups], count).astype(np.int64)
        for name, n in arm_counts(estimand).items()
    }


def average_note(estimand: Estimand, selection: Selection) -> str:
    """Over what an average is taken."""
    design = estimand.design
    rows = "treated rows" if design.groups.has_control_group else "analysed rows"
    if selection.values is not None:
        over = (
            "groups, each counting alike"
            if selection.weights == "equal"
            else (f"groups, weighted by {selection.weights}")
        )
    else:
        plan = design.plan
        weighted = plan.weights is not None and plan.weights_kind == "sampling"
        every = "the" if design.groups.has_control_group else "all"
        over = f"{every} {rows}{', weighted' if weighted else ''}"
    where = f", of groups where {selection.where}" if selection.where else ""
    return f"Averaged within draws over {over}{where}."


def effect_notes(estimand: Estimand) -> tuple[str, ...]:
    """What effects are effects on, and of what."""
    design = estimand.design
    labels = labels_for(estimand)
    on, unit = effect_words(estimand, labels), estimand.unit_words
    unit = f", in {unit}," if unit else ""
    if design.estimates:
        return (f"Effects as estimated in {labels.word(design.plan.outcome)}.",)
    t = estimand.treatment
    if t.kind == "dose":
        return (f"Effects on {on}{unit} of one unit of {labels.word(t.column)}.",)
    return (f"Effects on {on}{unit} of {labels.word(t.column)}: {against(estimand, labels)}.",)


def titled(what: str, estimand: Estimand) -> str:
    """A table's title with the contrast and the outcome's level.

    "Average effect of letter (Ad against Control) on voted = Yes".
    """
    design = estimand.design
    if design.estimates:
        return what
    labels = labels_for(estimand)
    label = category_words(estimand, labels)
    name = labels.word(design.plan.outcome)
    on = f"{name} being {label}" if label else outcome_words(estimand, labels)
    return f"{what} of {contrast_words(estimand, labels)} on {on}"


def stack(tables: Sequence[Tidy], estimands: Sequence[Estimand]) -> Tidy:
    """Tables of the same kind under one another, a column ``outcome`` telling them apart."""
    first = tables[0]
    if len(tables) == 1:
        return first
    labels = [one.quantity.label for one in estimands]
    called = [category_words(one, labels_for(one)) for one in estimands]
    columns: dict[str, object] = {}
    if any(labels):
        columns["outcome"] = [
            label for t, label in zip(tables, labels, strict=True) for _ in range(t.n_rows)
        ]
    for name, values in first.columns.items():
        parts = [table.columns[name] for table in tables]
        numeric = isinstance(values, np.ndarray)
        columns[name] = np.concatenate(parts) if numeric else [v for part in parts for v in part]
    headers = {**first.headers, "outcome": "Outcome"}
    notes = [note for table in tables for note in table.notes[:-1]]
    for label, table in zip(called, tables, strict=True):
        notes += [
            note.replace(f" being {label}", "") if label else note for note in table.notes[-1:]
        ]
    said = tuple(dict.fromkeys(notes))
    pairs = zip(tables, called, strict=True)
    titles = [t.title.removesuffix(f" being {label}") if label else t.title for t, label in pairs]
    title = titles[0] if len(set(titles)) == 1 else titles[0].partition(" of ")[0].rstrip(",")
    return Tidy(columns, title, first.level, said, headers, first.types, first.interval)
