"""Two dots in each row, without and with the treatment, and an arrow from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.ranked import (
    MOST_DRAWN,
    MOST_NAMED,
    broken,
    checked_rows,
    label_room,
    legend,
    row_axis,
    row_key,
    row_step,
)
from forwhom.draw.text import MINUS, figure_style, percent
from forwhom.errors import OutputError

WIDTH = 480
ARMS = ("without", "with", "difference")
TOLD = ("estimate", "conf_low", "conf_high")
NUMBERS = tuple(f"{arm} {name}" for arm in ARMS for name in TOLD)
IN_ORDER = 12  # rows up to which they stand in the order given


def pairs_figure(
    rows: Mapping[str, Sequence[Any] | np.ndarray],
    title: str = "",
    subtitle: str = "",
    x_title: str = "Expected outcome",
    level: float = 0.95,
    arms: tuple[str, str] = ("Without", "With"),
) -> Figure:
    """One pair of dots per row with their intervals, the difference beside it.

    ``rows`` holds lists of one length: the text ``label``, and for each of "without", "with" and
    "difference" the numbers ``estimate``, ``conf_low`` and ``conf_high``, as "with estimate". More
    than 12 rows are sorted by the difference; up to 100 are named. ``arms`` name the two dots.

    Raises OutputError for missing or unequal lists, no row or more than 300, and numbers that are
    not finite.
    """
    numbers = checked_rows(rows, NUMBERS, ())
    labels = broken(rows["label"])
    if len(labels) > MOST_DRAWN:
        raise OutputError(
            f"{len(labels):,} rows are too many to draw; at most {MOST_DRAWN}. Ask for fewer by "
            "by=, or bin a column."
        )
    names = tuple(dict.fromkeys(arms)) if arms[0] != arms[1] else ("Without", "With")
    step = max(row_step(labels), 26.0) if len(labels) <= 40 else row_step(labels)
    if len(labels) > IN_ORDER:
        order = np.argsort(-numbers["difference estimate"], kind="stable")
        labels = [labels[i] for i in order.tolist()]
        numbers = {name: values[order] for name, values in numbers.items()}
    data, about, beside = _records(numbers, labels, names, level)
    largest = float(max(np.abs(numbers[name]).max() for name in NUMBERS[:6]))
    height = max(round(step * len(labels)), 50)
    layers = _layers(x_title, largest, names, about, step, len(labels) <= MOST_NAMED)
    caption = (
        f"Dots: posterior medians; lines: {percent(level)} intervals. Right: the difference with "
        f"its interval{', by which rows are sorted' if len(labels) > IN_ORDER else ''}."
    )
    body = {"width": WIDTH, "height": height, "data": {"values": data}, "layer": layers}
    whole = WIDTH + label_room(labels) + 6 * max(map(len, beside))
    return Figure(theme.page(title, subtitle, [caption], whole, body))


def _records(
    numbers: Mapping[str, np.ndarray],
    labels: Sequence[Sequence[str]],
    names: Sequence[str],
    level: float,
) -> tuple[list[dict[str, Any]], list[dict[str, str]], list[str]]:
    """Two records per row, what is shown when a reader points at one, and what stands beside."""
    found: dict[str, list[str]] = {}
    for arm in ARMS:
        middle, low, high = (numbers[f"{arm} {name}"] for name in TOLD)
        style = figure_style(np.concatenate([middle, low, high]), (high - low) / 4)
        found[arm] = [
            f"{style.text(m)} ({style.text(a)} to {style.text(b)})"
            for m, a, b in zip(middle.tolist(), low.tolist(), high.tolist(), strict=True)
        ]
    beside = [
        ("+" if not text.startswith((MINUS, "0 ")) else "") + text for text in found["difference"]
    ]
    texts = {
        "row": [" ".join(lines) for lines in labels],
        names[0]: found["without"],
        names[1]: found["with"],
        "difference": found["difference"],
    }
    records = [
        {
            "key": row_key(i, labels[i]),
            "mark": names[k],
            "estimate": float(numbers[f"{arm} estimate"][i]),
            "low": float(numbers[f"{arm} conf_low"][i]),
            "high": float(numbers[f"{arm} conf_high"][i]),
            "other": float(numbers["without estimate"][i]),
            "last": k == 1,
            "beside": beside[i],
            **{f"about{n}": values[i] for n, values in enumerate(texts.values())},
        }
        for i in range(len(labels))
        for k, arm in enumerate(ARMS[:2])
    ]
    about = [
        {"field": f"about{n}", "type": "nominal", "title": name} for n, name in enumerate(texts)
    ]
    return records, about, beside


def _layers(
    x_title: str,
    largest: float,
    names: Sequence[str],
    about: list[dict[str, str]],
    step: float,
    named: bool,
) -> list[dict[str, Any]]:
    axis = theme.number_axis(x_title, largest, WIDTH)
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": axis,
    }
    y = row_axis(named)
    hue = legend(names, (theme.COLORS[0], theme.ACCENT), ("circle", "diamond"))
    thin = step < 10
    # the intervals of the two dots beside one another, not on top
    lines = [
        {
            "transform": [{"filter": f"datum.last === {last}"}],
            "mark": {
                "type": "rule",
                "strokeWidth": 1 if thin else 3,
                "opacity": 0.3,
                "yOffset": 0 if thin else offset,
            },
            "encoding": {
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "y": y,
                "color": hue["color"],
                "tooltip": about,
            },
        }
        for last, offset in (("false", -2), ("true", 2))
    ]
    layers: list[dict[str, Any]] = [
        *lines,
        {
            "transform": [{"filter": "datum.last"}],
            "mark": {"type": "rule", "strokeWidth": 0.6 if thin else 1.3},
            "encoding": {
                "x": {**x, "field": "other"},
                "x2": {"field": "estimate"},
                "y": y,
                "color": {"value": theme.NEUTRAL},
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 14 if thin else 60, "opacity": 1},
            "encoding": {"x": {**x, "field": "estimate"}, "y": y, **hue, "tooltip": about},
        },
    ]
    return [*layers, _beside(y)] if named else layers


def _beside(y: dict[str, Any]) -> dict[str, Any]:
    """The difference in words, right of the panel."""
    return {
        "transform": [{"filter": "datum.last"}],
        "mark": {
            "type": "text",
            "align": "left",
            "dx": 12,
            "baseline": "middle",
            "fontSize": theme.CAPTION_SIZE,
            "color": theme.SOFT_INK,
        },
        "encoding": {
            "x": {"value": "width"},
            "y": y,
            "text": {"field": "beside", "type": "nominal"},
        },
    }
