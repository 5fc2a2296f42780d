"""Average effects at the values of a modifier, and the differences between them.

Tests: tests/draw/test_marked.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from forwhom.draw import names, theme
from forwhom.draw.figure import Figure
from forwhom.draw.marked import Columns, Look, checked, ends_of, panel, whole_width
from forwhom.draw.text import percent

HALF = 260  # pixels of each of two panels
MOST = 300  # rows of a panel that are drawn
MARKS = {
    "clear of zero": (theme.ACCENT, "circle"),
    "not clear of zero": (theme.NEUTRAL, "diamond"),
}


# Many parameters: what stands around the panels, one by one.
def values_figure(
    values: Columns,
    differences: Columns | None,
    title: str = "",
    subtitle: str = "",
    x_title: str = "Effect of the treatment",
    level: float = 0.95,
    heading: str = "Difference",
    note: str = "",
) -> Figure:
    """Averages at each value on the left, differences between them on the right.

    Both hold lists of one length: the numbers ``estimate``, ``conf_low`` and ``conf_high`` and the
    text ``label``, and if wanted ``n`` and ``prob_positive``. Of more than 300 rows the first are
    drawn. ``heading`` stands above the differences, ``note`` is said below.

    Raises OutputError for missing or unequal lists, no rows, and numbers that are not finite.
    """
    left = _half(values, x_title, level, "value", "Average effect")
    body, whole = left, whole_width(values, HALF)
    if differences is not None and len(differences["label"]):
        right = _half(differences, "Difference between averages", level, "pair", heading)
        body = {"hconcat": [left, right], "spacing": 28}
        whole += whole_width(differences, HALF)
    said = f"Points: posterior medians. Lines: {percent(level)} intervals."
    said += _left_out(max(len(rows["label"]) for rows in (values, differences) if rows))
    lines = [line for line in (said, note) if line]
    return Figure(theme.page(title, subtitle, lines, whole, body))


def _half(rows: Columns, x_title: str, level: float, row: str, heading: str) -> dict[str, Any]:
    look = Look(x_title, ends_of(checked(rows, level)), level=level, row=row)
    order = range(min(len(rows["label"]), MOST))
    above = {"text": theme.wrap(heading, 40), "anchor": "start", "fontSize": 13, "offset": 6}
    return {**panel(rows, order, look, HALF), "title": above}


def differences_figure(
    rows: Columns,
    title: str = "",
    subtitle: str = "",
    x_title: str = "Difference between average effects",
    level: float = 0.95,
    note: str = "",
) -> Figure:
    """One row for each modifier and pair of its values, those clear of zero coloured.

    ``rows`` holds lists of one length, shown in their order: the numbers ``estimate``, ``conf_low``
    and ``conf_high``, the text ``label``, and if wanted ``n`` and ``prob_positive``. Of more than
    300 rows the first are drawn. ``note`` is said below.

    Raises OutputError for missing or unequal lists, no rows, and numbers that are not finite.
    """
    numbers = checked(rows, level)
    clear = (numbers["conf_low"] > 0) | (numbers["conf_high"] < 0)
    mark = np.where(clear, *MARKS).tolist()
    marks = {word: look for word, look in MARKS.items() if word in mark}
    look = Look(x_title, ends_of(numbers), marks=marks, level=level, row="pair")
    some = range(min(len(mark), MOST))
    said = f"Points: posterior medians. Lines: {percent(level)} intervals, each by itself."
    lines = [line for line in (said + _left_out(len(mark)), note) if line]
    kept = {"label": [rows["label"][i] for i in some]}
    body = panel({**rows, "mark": mark}, some, look)
    return Figure(theme.page(title, subtitle, lines, whole_width(kept), body))


def _left_out(count: int) -> str:
    """What is not drawn, or not named."""
    said = f" The first {MOST} of {count:,} are drawn." if count > MOST else ""
    return said + (
        " Too many to be named: the table names them." if count > names.MOST_NAMED else ""
    )
