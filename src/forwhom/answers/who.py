"""For whom: sentences on where an effect is largest and smallest, and where it is clear.

Tests: tests/answers/test_who.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.naming import contrast_line, effect_axis, labels_for, treatment_name
from forwhom.answers.options import GROUPS
from forwhom.answers.selection import Selection, select
from forwhom.answers.statements import (
    Ranked,
    bar_words,
    extremes,
    ranked_groups,
    statements,
    statements_on,
    style_of,
    top_and_bottom,
    values_of,
)
from forwhom.answers.tables import effect_notes, stack, titled
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.words import joined
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.draw.text import MINUS

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import ValueLabels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEWEST = 5  # rows in each arm from which a group is named
ARMS = ("n_treated", "n_control", "n_rows")
MOSTLY = 0.5  # of the rows, in groups that may be named, for these to be compared
NAMED = 4  # groups named in one sentence
HEADERS = {"statement": "Statement", "who": "Who", "text": "In words"}
HEADERS |= {"estimate": "Estimate", "conf_low": "Low", "conf_high": "High", "prob": "Probability"}


def who_table(
    workings: Workings,
    by: tuple[str, ...] | None,
    level: float,
    scale: str,
    above: float | None,
    selection: Selection,
) -> Tidy:
    """One row per statement, its sentence last."""
    shown, tables = workings.on_scale(scale), []
    for one in shown:
        Telling(level, above=above).check(one.quantity)
        found = statements(workings, one, by, level, above, selection)
        columns = {name: [getattr(s, name) for s in found] for name in ("statement", "who")} | {
            name: np.array([getattr(s, name) for s in found])
            for name in ("estimate", "conf_low", "conf_high", "prob")
        }
        columns = {"treatment": [one.treatment.name] * len(found), **columns}
        columns["text"] = [s.text for s in found]
        notes = (*selection.notes, *effect_notes(one))
        title = titled("For whom: the effect", one)
        tables.append(Tidy(columns, title, level, notes, HEADERS | {"treatment": "Treatment"}))
    return stack(tables, shown)


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def who_figure(
    workings: Workings,
    *,
    by: str | Sequence[str] | None = None,
    where: str | None = None,
    above: float | None = None,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """Groups sorted by effect, the largest and smallest named, those clear of the bar coloured."""
    from forwhom.draw.who import who_figure as draw

    estimand = picked(workings, treatment, category)
    given = check_all(
        workings, ("by", "level", "above"), {"by": by, "level": level, "above": above}
    )
    level, above = given["level"], given["above"]
    Telling(level, above=above).check(estimand.quantity)
    names = labels_for(estimand, labels, value_labels)
    chosen = select(workings.fitted, where, None)
    ranked = ranked_groups(workings, estimand, given["by"], level, chosen, names)
    said = {
        one.statement: one
        for one in statements_on(workings, estimand, ranked, given["by"], level, above, chosen)
    }
    if title is None:
        words = [names.word(name) for name in given["by"] or ()]
        among = f"by {joined(words)}" if words else "in every group"
        title = f"For whom? The effect of {treatment_name(estimand, names, versus=False)} {among}"
    bar = 0.0 if above is None else above
    return draw(
        {
            **{name: ranked.summary[name] for name in ("estimate", "conf_low", "conf_high")},
            "label": ranked.words,
            "n": ranked.n,
            "hollow": ~ranked.heard,
            "note": _ends_noted(ranked),
        },
        title=title,
        subtitle=contrast_line(estimand, names) + (f", where {where}" if where else ""),
        x_title=effect_axis("Effect", estimand, names),
        bar=bar,
        bar_name=bar_words(bar, estimand.unit_words),
        level=level,
        note=said["sides"].text if "sides" in said else "",
    )


def _ends_noted(ranked: Ranked) -> list[str]:
    """The largest and the smallest of groups that may be named, called so."""
    found, ends = [""] * len(ranked.words), top_and_bottom(ranked)
    if ends is not None:
        estimate = ranked.summary["estimate"]
        called = extremes(estimate[ends[0]], estimate[ends[1]])
        for k, word in zip(ends, called, strict=True):
            style = replace(style_of(ranked, ends), minus=MINUS)
            middle, low, high = map(style.text, values_of(ranked, k))
            found[k] = f"{word}: {middle} ({low} to {high})"
    return found


WHO = Answer(
    "who",
    "For whom the effect is large, small and clear, in sentences.",
    ("by", "level", "scale", *GROUPS[:1], "above"),
    who_table,
    who_figure,
    (
        *("by", "where", "above", "treatment", "category", "level"),
        *("labels", "value_labels", "title"),
    ),
)
