"""For whom: every group's effect with its interval, sorted, coloured by what is clear.

Tests: tests/draw/test_marked.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.draw import names, theme
from forwhom.draw.figure import Figure
from forwhom.draw.marked import (
    Columns,
    Look,
    checked,
    ends_of,
    panel,
    room_for_notes,
    whole_width,
)
from forwhom.draw.ranked import MOST_DRAWN, spaced
from forwhom.draw.text import percent

LOOKS = ((theme.ACCENT, "circle"), (theme.NEUTRAL, "diamond"), (theme.COLORS[0], "square"))


# Many parameters: what stands around the panel, one by one.
def who_figure(
    rows: Columns,
    title: str = "",
    subtitle: str = "",
    x_title: str = "Effect of the treatment",
    bar: float = 0.0,
    bar_name: str = "zero",
    level: float = 0.95,
    note: str = "",
) -> Figure:
    """One row per group in the order of effects, those clearly above or below ``bar`` coloured.

    ``rows`` holds lists of one length: the numbers ``estimate``, ``conf_low`` and ``conf_high``,
    the text ``label``, and if wanted whether a group has too few rows of its own and is ``hollow``,
    a ``note`` beside its interval, ``n`` and ``prob_positive``. Up to 100 groups are named and up
    to 300 drawn; of more, evenly spaced ones and those with a note. ``note`` is said below.

    Raises OutputError for missing or unequal lists, no groups, and numbers that are not finite.
    """
    numbers = checked(rows, level)
    above, below = numbers["conf_low"] > bar, numbers["conf_high"] < bar
    words = (f"clearly above {bar_name}", f"not clear of {bar_name}", f"clearly below {bar_name}")
    mark = np.where(above, words[0], np.where(below, words[2], words[1])).tolist()
    marks = {word: look for word, look in zip(words, LOOKS, strict=True) if word in mark}
    order = np.argsort(-numbers["estimate"], kind="stable")
    noted = np.array([bool(text) for text in rows.get("note", [""] * len(order))])
    some = set(spaced(order).tolist()) | set(np.flatnonzero(noted).tolist())
    drawn = [i for i in order.tolist() if i in some]
    shown = {**rows, "mark": mark}
    notes = [str(text) for text in rows.get("note", [""] * len(order))]
    ends = room_for_notes(numbers, notes, ends_of(numbers, bar))
    look = Look(x_title, ends, bar, marks, level)
    kept = {"label": [rows["label"][i] for i in drawn]}
    said = f"Points: posterior medians, sorted. Lines: {percent(level)} intervals."
    if any(rows.get("hollow", ())):
        said += " Hollow: too few rows of its own to be named."
    if len(order) > MOST_DRAWN:
        said += f" {len(drawn)} of {len(order):,} groups are drawn, evenly spaced."
    if len(drawn) > names.MOST_NAMED:
        said += " Too many to be named: the table names them."
    lines = [line for line in (note, said) if line]
    return Figure(theme.page(title, subtitle, lines, whole_width(kept), panel(shown, drawn, look)))
