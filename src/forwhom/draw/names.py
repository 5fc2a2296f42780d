"""Names of rows on the left of a figure, as many as a reader can still follow.

Tests: tests/draw/test_contrasts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forwhom.draw import theme
from forwhom.draw.text import one_line

MOST_NAMED = 100  # rows of a panel that are still named
LETTERS = 56  # of one line of a name
LINE = 14  # pixels of one line
LETTER = 6.2  # pixels
STEP, SMALL_STEP = 17, 4  # pixels of a row with a name, and without

AXIS: dict[str, Any] = {
    "title": None,
    "labelExpr": "slice(split(datum.value, '\\n'), 1)",
    "labelLineHeight": LINE,
    "labelOverlap": False,
    "ticks": False,
    "grid": False,
    "labelPadding": 8,
}


def name_lines(names: Sequence[str]) -> list[list[str]]:
    """Each name in lines."""
    return [theme.wrap(one_line(name), LETTERS) or [""] for name in names]


def keys(lines: Sequence[Sequence[str]]) -> list[str]:
    """A key for each row: equal names stay apart, and plain sorting keeps the order."""
    return ["\n".join([f"{place:06d}", *of]) for place, of in enumerate(lines)]


def row_step(lines: Sequence[Sequence[str]]) -> int:
    """Pixels from row to row; those without names stand closer."""
    if len(lines) > MOST_NAMED:
        return SMALL_STEP
    return max(STEP, 5 + LINE * max(map(len, lines)))


def room(lines: Sequence[Sequence[str]]) -> int:
    """Pixels that the names take."""
    if len(lines) > MOST_NAMED:
        return 0
    return int(LETTER * max(len(line) for of in lines for line in of))


def name_axis(count: int) -> dict[str, Any]:
    """The vertical encoding of rows by their keys; without names where there are too many."""
    axis = AXIS if count <= MOST_NAMED else None
    return {"field": "key", "type": "nominal", "axis": axis}
