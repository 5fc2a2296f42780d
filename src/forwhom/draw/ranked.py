"""What figures of one row for each thing share: the axis of names, legends, room for labels.

Tests: tests/answers/test_figures.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forwhom.draw import theme
from forwhom.draw.text import one_line
from forwhom.errors import OutputError, listing

MOST_NAMED = 100  # rows that are named
MOST_DRAWN = 300  # rows that are drawn
LABEL_LETTERS = 56
LINE = 14  # pixels of one line of a label


def checked_rows(
    rows: Mapping[str, Sequence[Any] | np.ndarray], numbers: Sequence[str], may_miss: Sequence[str]
) -> dict[str, np.ndarray]:
    """Numbers of one length as arrays, all finite but for those that may be missing.

    Raises:
        OutputError: missing or unequal lists, no row, or a number that is not finite.
    """
    if missing := [name for name in (*numbers, "label") if name not in rows]:
        raise OutputError(f"The figure needs {listing(missing)} for each row.")
    count = len(rows["label"])
    if uneven := [name for name in numbers if len(rows[name]) != count]:
        raise OutputError(f"'{uneven[0]}' has {len(rows[uneven[0]])} entries for {count} rows.")
    if not count:
        raise OutputError("There is no row to draw.")
    found = {name: np.asarray(rows[name], dtype=float) for name in numbers}
    for name, values in found.items():
        odd = ~np.isfinite(values) & ~(np.isnan(values) & (name in may_miss))
        if odd.any():
            at = int(np.flatnonzero(odd)[0])
            raise OutputError(f"'{name}' of '{rows['label'][at]}' is {values[at]}: not finite.")
    return found


def spaced(order: np.ndarray) -> np.ndarray:
    """Not more than are drawn, evenly spaced, the first and the last among them."""
    if len(order) <= MOST_DRAWN:
        return order
    return np.asarray(order[np.linspace(0, len(order) - 1, MOST_DRAWN).round().astype(int)])


def broken(labels: Sequence[Any] | np.ndarray) -> list[list[str]]:
    """Labels in lines."""
    return [theme.wrap(one_line(str(label)), LABEL_LETTERS) or [""] for label in labels]


def row_key(rank: int, lines: Sequence[str]) -> str:
    """A key that sorts by rank and holds the label, so that equal labels stay apart."""
    return "\n".join([f"{rank:06d}", *lines])


def row_step(labels: Sequence[Sequence[str]]) -> float:
    """Pixels from row to row, for so many."""
    count = len(labels)
    if count > MOST_NAMED:
        return float(min(max(600 / count, 2.2), 6.0))
    room = 20.0 if count <= 40 else 15.0
    return max(room, 5 + LINE * max(map(len, labels)))


def row_axis(named: bool) -> dict[str, Any]:
    """Names on the left; an unmarked order where there are too many."""
    axis: dict[str, Any] | None = {
        "title": None,
        "labelExpr": "slice(split(datum.value, '\\n'), 1)",
        "labelLineHeight": LINE,
        "labelOverlap": False,
        "ticks": False,
        "grid": False,
        "labelPadding": 8,
    }
    return {"field": "key", "type": "nominal", "axis": axis if named else None}


def label_room(labels: Sequence[Sequence[str]]) -> int:
    """Pixels that names take on the left."""
    if len(labels) > MOST_NAMED:
        return 0
    return 6 * max(len(line) for lines in labels for line in lines)


def zero_line(x: Mapping[str, Any]) -> dict[str, Any]:
    """A dashed line at zero, ``x`` being the horizontal axis."""
    return {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "color": theme.INK, "strokeDash": [4, 3]},
        "encoding": {"x": {**x, "field": "zero"}},
    }


def legend(names: Sequence[str], colors: Sequence[str], shapes: Sequence[str]) -> dict[str, Any]:
    """Colours and shapes of a field ``mark`` with one legend above the panel."""
    of = {
        "field": "mark",
        "type": "nominal",
        "legend": {"title": None, "orient": "top", "symbolOpacity": 1, "symbolSize": 60},
    }
    return {
        "color": {**of, "scale": {"domain": list(names), "range": list(colors)}},
        "shape": {**of, "scale": {"domain": list(names), "range": list(shapes)}},
    }
