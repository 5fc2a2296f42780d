"""From raw to pooled: an arrow for every group, from what its own rows say to its pooled effect."""

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
    spaced,
    zero_line,
)
from forwhom.draw.text import figure_style, percent, share_text

WIDTH = 480
ROOM = 0.6  # of the intervals' whole range, beyond it on either side, in which raw is still shown
NUMBERS = ("raw", "estimate", "conf_low", "conf_high", "n", "share")
RAW, POOLED = "Own rows alone (larger: more rows)", "Pooled"
LARGE, LITTLE = 170, 14  # areas of the points of raw estimates
CROWDED = 0.15  # of that where groups are not named


def arrows_figure(
    rows: Mapping[str, Sequence[Any] | np.ndarray],
    title: str = "",
    subtitle: str = "",
    x_title: str = "Effect of the treatment",
    level: float = 0.95,
    counted: str = "row",
    note: str = "",
) -> Figure:
    """One arrow per group, sorted by pooled effect, whose interval is drawn.

    ``rows`` holds lists of one length: the numbers ``raw`` (NaN where a group's own rows do not
    tell), ``estimate``, ``conf_low``, ``conf_high``, ``n`` (how many of what ``counted`` names) and
    ``share`` (data share), and the text ``label``. Up to 100 groups are named and up to 300 drawn;
    of more, evenly spaced ones. Raw estimates far beyond all intervals stand at the edge, and the
    figure says so. ``note`` is a sentence below.

    Raises OutputError for missing or unequal lists, no groups, and numbers that are not finite.
    """
    numbers = checked_rows(rows, NUMBERS, ("raw",))
    order = np.argsort(-numbers["estimate"], kind="stable")
    some = spaced(order)
    low, high = numbers["conf_low"][some].min(), numbers["conf_high"][some].max()
    room = ROOM * max(float(high - low), 1e-12)
    edge = (min(float(low), 0.0) - room, max(float(high), 0.0) + room)
    labels = broken([rows["label"][i] for i in some.tolist()])
    data, about = _records(numbers, some, labels, edge, level, counted)
    named = len(labels) <= MOST_NAMED
    step = row_step(labels)
    largest = float(max(abs(numbers[name][some]).max() for name in ("conf_low", "conf_high")))
    caption = [_caption(numbers, some, edge, level, counted), *([note] if note else [])]
    body = {
        "width": WIDTH,
        "height": max(round(step * len(labels)), 50),
        "data": {"values": data},
        "layer": _layers(x_title, largest, named, about, step),
    }
    return Figure(theme.page(title, subtitle, caption, WIDTH + label_room(labels), body))


def _records(
    numbers: Mapping[str, np.ndarray],
    some: np.ndarray,
    labels: Sequence[Sequence[str]],
    edge: tuple[float, float],
    level: float,
    counted: str,
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """One record per group from the top, and what is shown when a reader points at it."""
    raw, middle = numbers["raw"][some], numbers["estimate"][some]
    low, high = numbers["conf_low"][some], numbers["conf_high"][some]
    n, share = numbers["n"][some], numbers["share"][some]
    style = figure_style(np.concatenate([middle, low, high]), (high - low) / 4)
    smaller = 1.0 if len(labels) <= MOST_NAMED else CROWDED
    area = smaller * (LITTLE + (LARGE - LITTLE) * n / max(float(n.max()), 1.0))
    texts = {
        "group": [" ".join(lines) for lines in labels],
        "own rows alone": [style.text(x) for x in raw.tolist()],
        "pooled": [style.text(x) for x in middle.tolist()],
        f"{percent(level)} interval": [
            f"{style.text(a)} to {style.text(b)}"
            for a, b in zip(low.tolist(), high.tolist(), strict=True)
        ],
        "own data": [share_text(float(x)) for x in share],
        f"{counted}s": [f"{x:,.10g}" for x in n.tolist()],
    }
    shown = np.clip(raw, *edge)
    records = [
        {
            "key": row_key(i, labels[i]),
            "raw": None if np.isnan(shown[i]) else float(shown[i]),
            "estimate": float(middle[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "area": float(area[i]),
            "raw mark": RAW,
            "pooled mark": POOLED,
            **{f"about{k}": values[i] for k, values in enumerate(texts.values())},
        }
        for i in range(len(labels))
    ]
    about = [
        {"field": f"about{k}", "type": "nominal", "title": name} for k, name in enumerate(texts)
    ]
    return records, about


def _layers(
    x_title: str, largest: float, named: bool, about: list[dict[str, str]], step: float
) -> list[dict[str, Any]]:
    axis = theme.number_axis(x_title, largest, WIDTH)
    x: dict[str, Any] = {"type": "quantitative", "scale": {"zero": True}, "axis": axis}
    y = row_axis(named)
    marks = legend((RAW, POOLED), (theme.COLORS[0], theme.ACCENT), ("circle", "diamond"))
    hue = {
        "raw": {key: {**value, "field": "raw mark"} for key, value in marks.items()},
        "pooled": {key: {**value, "field": "pooled mark"} for key, value in marks.items()},
    }
    thin = step < 10
    told = {"test": "datum.raw !== null"}
    return [
        zero_line(x),
        {
            "mark": {"type": "rule", "strokeWidth": 1 if thin else 5, "opacity": 0.22},
            "encoding": {
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "y": y,
                "color": {"value": theme.ACCENT},
                "tooltip": about,
            },
        },
        {
            "transform": [{"filter": told["test"]}],
            "mark": {"type": "rule", "strokeWidth": 0.6 if thin else 1.2, "opacity": 0.8},
            "encoding": {
                "x": {**x, "field": "raw"},
                "x2": {"field": "estimate"},
                "y": y,
                "color": {"value": theme.NEUTRAL},
            },
        },
        {
            "transform": [{"filter": told["test"]}],
            "mark": {"type": "point", "filled": True, "opacity": 0.55 if thin else 0.75},
            "encoding": {
                "x": {**x, "field": "raw"},
                "y": y,
                "size": {"field": "area", "type": "quantitative", "scale": None, "legend": None},
                **hue["raw"],
                "tooltip": about,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 12 if thin else 48, "opacity": 1},
            "encoding": {
                "x": {**x, "field": "estimate"},
                "y": y,
                **hue["pooled"],
                "tooltip": about,
            },
        },
    ]


def _caption(
    numbers: Mapping[str, np.ndarray],
    some: np.ndarray,
    edge: tuple[float, float],
    level: float,
    counted: str,
) -> str:
    """How many groups, how large, what is drawn, and what is not as it is."""
    n, raw, count = numbers["n"], numbers["raw"][some], len(numbers["n"])
    middle = float(np.median(n))
    plural = "" if middle == 1 else "s"
    text = (
        f"{count:,} group{'s' if count > 1 else ''}; median {middle:,.10g} {counted}{plural} per "
        f"group. Sorted by pooled effect (posterior median, {percent(level)} interval shaded)."
    )
    if count > MOST_DRAWN:
        text += f" {len(some)} of them are drawn, evenly spaced."
    if untold := int(np.isnan(raw).sum()):
        text += f" {untold:,} without a dot of their own: their own rows cannot tell an effect."
    if beyond := int(((raw < edge[0]) | (raw > edge[1])).sum()):
        s = "s" if beyond == 1 else ""
        text += f" {beyond:,} from own rows alone lie{s} farther out and stand{s} at the edge."
    return text
