"""Average effects over two columns: a tile with its number for every combination.

Tests: tests/draw/test_tiles.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.marked import Columns, checked
from forwhom.draw.text import figure_style, one_line, percent
from forwhom.errors import OutputError

TALL, LEAST, MOST_WIDTH = 46, 62, 120  # pixels of a tile
MOST = 30  # rows or columns of tiles
DARK = 0.6  # of the largest effect, from which numbers are white
RANGE = (theme.COLORS[0], "#f7f7f7", theme.ACCENT)  # below zero, zero, above


def tiles_figure(
    rows: Columns,
    title: str = "",
    subtitle: str = "",
    unit: str = "Effect of the treatment",
    columns: Sequence[str] = (),
    level: float = 0.95,
    note: str = "",
) -> Figure:
    """One tile for each pair of ``row`` and ``column``: effect as number and colour, rows small.

    ``rows`` holds lists of one length: the numbers ``estimate``, ``conf_low`` and ``conf_high``,
    the texts ``row``, ``column`` (in the order of ``columns``, or of first appearance) and
    ``label``, and ``n``.

    Raises OutputError for missing or unequal lists, no rows, numbers that are not finite, and more
    than 30 rows or columns.
    """
    numbers = checked(rows, level)
    sides = {
        side: list(dict.fromkeys(one_line(str(text)) for text in rows[side]))
        for side in ("row", "column")
    }
    sides["column"] = [one_line(text) for text in columns] or sides["column"]
    if (most := max(map(len, sides.values()))) > MOST:
        raise OutputError(f"{most} rows or columns of tiles; at most {MOST} can be read.")
    wide = min(max(480 // len(sides["column"]), LEAST), MOST_WIDTH)
    width = wide * len(sides["column"])
    body = {
        "width": width,
        "height": TALL * len(sides["row"]),
        "data": {"values": _records(rows, numbers)},
        "layer": _layers(sides, numbers, wide, level),
    }
    clear = (numbers["conf_low"] > 0) | (numbers["conf_high"] < 0)
    said = f"{one_line(unit)}: posterior medians; small, how many rows."
    if clear.any():
        said += f" Bold: {percent(level)} interval clear of zero."
    room = 7 * max(map(len, sides["row"]))
    lines = [line for line in (said, note) if line]
    return Figure(theme.page(title, subtitle, lines, max(width + room, 320), body))


def _records(rows: Columns, numbers: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    estimate, low, high = (numbers[name] for name in ("estimate", "conf_low", "conf_high"))
    style = figure_style(np.concatenate([estimate, low, high]), (high - low) / 4)
    largest = float(np.abs(estimate).max()) or 1.0
    return [
        {
            "row": one_line(str(rows["row"][i])),
            "column": one_line(str(rows["column"][i])),
            "estimate": float(estimate[i]),
            "text": style.text(float(estimate[i])),
            "interval": f"{style.text(float(low[i]))} to {style.text(float(high[i]))}",
            "n": f"n = {float(rows['n'][i]):,.10g}",
            "clear": bool(low[i] > 0 or high[i] < 0),
            "dark": bool(abs(estimate[i]) > DARK * largest),
        }
        for i in range(len(estimate))
    ]


def _layers(
    sides: dict[str, list[str]],
    numbers: dict[str, np.ndarray],
    wide: int,
    level: float,
) -> list[dict[str, Any]]:
    largest = float(np.abs(numbers["estimate"]).max()) or 1.0
    heads = {text: theme.wrap(text, wide // 7) or [""] for text in sides["column"]}
    plain = {"ticks": False, "grid": False, "labelOverlap": False}
    at: dict[str, Any] = {
        "y": {
            "field": "row",
            "type": "nominal",
            "sort": sides["row"],
            "axis": {"title": None, "labelPadding": 8, **plain},
        },
        "x": {
            "field": "column",
            "type": "nominal",
            "sort": sides["column"],
            "axis": {
                "title": None,
                "labelAngle": 0,
                "labelExpr": f"{json.dumps(heads)}[datum.value]",
                **plain,
            },
        },
        "tooltip": [
            {"field": "text", "type": "nominal", "title": "estimate"},
            {"field": "interval", "type": "nominal", "title": f"{percent(level)} interval"},
            {"field": "n", "type": "nominal", "title": "rows"},
        ],
    }
    hue = {
        "field": "estimate",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [-largest, 0, largest], "range": list(RANGE)},
    }
    ink = {"condition": {"test": "datum.dark", "value": "white"}, "value": theme.INK}
    layers = [{"mark": {"type": "rect", "stroke": "white", "strokeWidth": 2}, "color": hue}]
    layers += [
        {
            "transform": [{"filter": f"datum.clear === {str(bold).lower()}"}],
            "mark": {"type": "text", "fontSize": 14, "dy": -5, "fontWeight": weight},
            "text": {"field": "text"},
            "color": ink,
        }
        for bold, weight in ((True, "bold"), (False, "normal"))
    ]
    small = {"type": "text", "fontSize": theme.CAPTION_SIZE - 1, "dy": 11}
    layers.append({"mark": small, "text": {"field": "n"}, "color": ink})
    kept = ("mark", "transform")
    return [
        {key: value for key, value in one.items() if key in kept}
        | {"encoding": at | {key: value for key, value in one.items() if key not in kept}}
        for one in layers
    ]
