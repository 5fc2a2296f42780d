"""Both equations' coefficients: what changes the effect, and what goes with the outcome.

Tests: tests/draw/test_marked.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.marked import Columns, Look, checked, ends_of, panel, whole_width
from forwhom.draw.text import percent
from forwhom.errors import OutputError

LOOKS = (
    (theme.ACCENT, "circle"),
    (theme.COLORS[2], "square"),
    (theme.COLORS[0], "diamond"),
    (theme.NEUTRAL, "triangle-up"),
)
MOST = 150  # coefficients of an equation that are drawn


def coefficients_figure(
    facets: Mapping[str, Columns],
    title: str = "",
    subtitle: str = "",
    x_title: str = "Coefficient, per two standard deviations",
    level: float = 0.95,
    note: str = "",
) -> Figure:
    """One panel for each equation, under its heading, on one axis; those without a row left out.

    Each holds lists of one length, shown in their order: the numbers ``estimate``, ``conf_low`` and
    ``conf_high``, the text ``label``, and ``mark``, which part of the equation a coefficient is of.
    Of more than 150 of an equation the first are drawn. ``note`` is said below.

    Raises OutputError without coefficients, and for unequal lists and numbers not finite.
    """
    shown = {name: rows for name, rows in facets.items() if len(rows["label"])}
    if not shown:
        raise OutputError("There is no coefficient to draw, but for intercepts.")
    numbers = [checked(rows, level) for rows in shown.values()]
    ends = ends_of({name: np.concatenate([one[name] for one in numbers]) for name in numbers[0]})
    words = dict.fromkeys(str(mark) for rows in shown.values() for mark in rows["mark"])
    marks = dict(zip(words, LOOKS, strict=False))
    panels: list[dict[str, Any]] = []
    for place, (name, rows) in enumerate(shown.items(), 1 - len(shown)):
        look = Look("" if place else x_title, ends, marks=marks, level=level, row="coefficient")
        one = panel(rows, range(min(len(rows["label"]), MOST)), look)
        heading = {"anchor": "start", "frame": "group", "fontSize": 13, "offset": 6}
        panels.append({**one, "title": {"text": theme.wrap(name, 70), **heading}})
    body = panels[0] if len(panels) == 1 else {"vconcat": panels, "spacing": 10}
    said = f"Points: posterior medians. Lines: {percent(level)} intervals."
    if (longest := max(len(rows["label"]) for rows in shown.values())) > MOST:
        said += f" The first {MOST} of {longest:,} are drawn."
    whole = max(map(whole_width, shown.values()))
    return Figure(theme.page(title, subtitle, [line for line in (said, note) if line], whole, body))
