"""Rows with a point and its interval, coloured by what is said of them: one panel or several.

Tests: tests/draw/test_marked.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forwhom.draw import names, theme
from forwhom.draw.ranked import checked_rows, legend
from forwhom.draw.text import figure_style, format_probability, one_line, percent
from forwhom.errors import OutputError

WIDTH = 480
NUMBERS = ("estimate", "conf_low", "conf_high")

Columns = Mapping[str, Sequence[Any] | np.ndarray]


@dataclass(frozen=True, slots=True)
class Look:
    """What panels of one figure share.

    Attributes:
        x_title: of the horizontal axis; ends: of it; line: where a dashed line stands.
        marks: what may be said of a row -> its colour and shape, in a legend.
        level: of the intervals.
        row: what a row is, for a reader who points at it.
    """

    x_title: str
    ends: tuple[float, float]
    line: float = 0.0
    marks: Mapping[str, tuple[str, str]] | None = None
    level: float = 0.95
    row: str = "group"


def checked(rows: Columns, level: float) -> dict[str, np.ndarray]:
    """The numbers of rows, checked.

    Raises:
        OutputError: missing or unequal lists, no row, a number that is not finite, or a level
            that is none.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.95.")
    found = checked_rows(rows, NUMBERS, ())
    count = len(rows["label"])
    if uneven := [name for name, values in rows.items() if len(values) != count]:
        raise OutputError(f"'{uneven[0]}' has {len(rows[uneven[0]])} entries for {count} rows.")
    return found


LETTER = 6.2  # pixels of a letter of a note, about


def ends_of(numbers: Mapping[str, np.ndarray], line: float = 0.0) -> tuple[float, float]:
    """Ends of an axis that shows every interval and the line."""
    low = min(float(numbers["conf_low"].min()), line)
    high = max(float(numbers["conf_high"].max()), line)
    gap = 0.02 * (high - low) or 1.0
    return low - gap, high + gap


def room_for_notes(
    numbers: Mapping[str, np.ndarray],
    notes: Sequence[str],
    ends: tuple[float, float],
    width: int = WIDTH,
) -> tuple[float, float]:
    """Ends of an axis, further out where a note would run over the names or off the panel."""
    low, high = ends
    for text, left, right in zip(notes, numbers["conf_low"], numbers["conf_high"], strict=True):
        share = min((LETTER * len(text) + 16) / width, 0.6) if text else 0.0
        on_right = ends[1] - right >= left - ends[0]  # as ``_notes`` chooses
        needed = share * (ends[1] - ends[0]) / (1 - share)
        if on_right:
            high = max(high, float(right) + needed)
        else:
            low = min(low, float(left) - needed)
    return low, high


def panel(rows: Columns, order: Sequence[int], look: Look, width: int = WIDTH) -> dict[str, Any]:
    """One panel of rows, from the top in the order given.

    ``rows`` holds the numbers ``estimate``, ``conf_low`` and ``conf_high``, the text ``label``, and
    if wanted ``mark`` (one of ``look.marks``), whether a row is ``hollow``, a ``note`` written
    beside its interval, ``n`` and ``prob_positive``.
    """
    lines = names.name_lines([str(rows["label"][i]) for i in order])
    data, about = _records(rows, order, lines, look)
    step = names.row_step(lines)
    return {
        "width": width,
        "height": max(step * len(lines), 30),
        "data": {"values": data},
        "layer": _layers(len(lines), look, about, width, any(row["note"] for row in data)),
    }


def whole_width(rows: Columns, width: int = WIDTH) -> int:
    """Pixels of a panel with its names."""
    return width + names.room(names.name_lines([str(label) for label in rows["label"]])) + 20


def _records(
    rows: Columns, order: Sequence[int], lines: Sequence[Sequence[str]], look: Look
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What is drawn of each row, and what is shown when a reader points at it."""
    estimate, low, high = (np.asarray(rows[name], dtype=float)[list(order)] for name in NUMBERS)
    style = figure_style(np.concatenate([estimate, low, high]), (high - low) / 4)
    texts = {
        look.row: [" ".join(of) for of in lines],
        "estimate": [style.text(x) for x in estimate.tolist()],
        f"{percent(look.level)} interval": [
            f"{style.text(a)} to {style.text(b)}"
            for a, b in zip(low.tolist(), high.tolist(), strict=True)
        ],
    }
    if "prob_positive" in rows:
        texts["probability above 0"] = [
            format_probability(float(rows["prob_positive"][i])) for i in order
        ]
    if "n" in rows:
        texts["rows"] = [f"{float(rows['n'][i]):,.10g}" for i in order]
    total = len(rows["label"])
    mark, hollow, note = (
        rows.get(name, [none] * total) for name, none in (("mark", ""), ("hollow", 0), ("note", ""))
    )
    records = [
        {
            "key": key,
            "estimate": float(estimate[k]),
            "low": float(low[k]),
            "high": float(high[k]),
            "mark": one_line(str(mark[i])),
            "hollow": bool(hollow[i]),
            "note": one_line(str(note[i])),
            **{f"about{place}": values[k] for place, values in enumerate(texts.values())},
        }
        for k, (key, i) in enumerate(zip(names.keys(lines), order, strict=True))
    ]
    about = [
        {"field": f"about{place}", "type": "nominal", "title": name}
        for place, name in enumerate(texts)
    ]
    return records, about


def _layers(
    count: int, look: Look, about: list[dict[str, str]], width: int, noted: bool
) -> list[dict[str, Any]]:
    """The line, the intervals, the points, and what is written beside them."""
    small = count > names.MOST_NAMED
    low, high = look.ends
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": theme.number_axis(look.x_title, max(abs(low), abs(high)), width),
    }
    hue: dict[str, Any] = {"color": {"value": theme.ACCENT}}
    shape: dict[str, Any] = {}
    if look.marks:
        colors, shapes = zip(*look.marks.values(), strict=True)
        both = legend(tuple(look.marks), colors, shapes)
        hue, shape = {"color": both["color"]}, {"shape": both["shape"]}
    at = {"y": names.name_axis(count), **hue, "tooltip": about}
    point = {"type": "point", "size": 9 if small else 48, "opacity": 1, "strokeWidth": 1.5}
    filled = {**point, "filled": True}
    middle = {"x": {**x, "field": "estimate"}, **at, **shape}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"line": look.line}]},
            "mark": {"type": "rule", "color": theme.INK, "strokeDash": [4, 3]},
            "encoding": {"x": {**x, "field": "line"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 1 if small else 2, "opacity": 0.5},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **at},
        },
        {"transform": [{"filter": "!datum.hollow"}], "mark": filled, "encoding": middle},
        {
            "transform": [{"filter": "datum.hollow"}],
            "mark": {**point, "fill": "white"},
            "encoding": middle,
        },
    ]
    return [*layers, *(_notes(x, at["y"]) if noted else ())]


def _notes(x: Mapping[str, Any], y: Any) -> list[dict[str, Any]]:
    """Words beside an interval, on the side where more room is, on white."""
    low, high = x["scale"]["domain"]
    more = f"{high!r} - datum.high >= datum.low - {low!r}"
    sides = (("high", "left", 7, more), ("low", "right", -7, f"!({more})"))
    return [
        {
            "transform": [{"filter": f"datum.note !== '' && {test}"}],
            "mark": {"type": "text", "align": align, "dx": dx, "fontSize": theme.CAPTION_SIZE}
            | white,
            "encoding": {
                "x": {**x, "field": end},
                "y": y,
                "text": {"field": "note"},
                "color": {"value": "white" if white else theme.INK},
            },
        }
        for end, align, dx, test in sides
        for white in ({"stroke": "white", "strokeWidth": 4}, {})
    ]
