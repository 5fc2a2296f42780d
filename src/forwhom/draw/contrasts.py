"""Contrasts: a point, its own interval and the simultaneous one, row by row.

Tests: tests/draw/test_contrasts.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.draw import names, theme
from forwhom.draw.figure import Figure
from forwhom.draw.text import figure_style, format_probability, one_line, percent
from forwhom.errors import OutputError, listing

WIDTH = 480
SORTED_FROM = 13  # rows of a panel; fewer stay in their order
MOST_PANELS = 60
MOST = 100  # lines of names on a page; of more rows the largest and smallest are drawn
LEAST = 2  # rows of a panel
FAR = 4.0  # widths of the narrower rows beyond the points that are shown of an interval
NUMBERS = ("estimate", "conf_low", "conf_high", "simultaneous_low", "simultaneous_high")

FloatArray = NDArray[np.float64]


def contrasts_figure(
    rows: Mapping[str, Sequence[Any] | np.ndarray],
    title: str = "",
    subtitle: str = "",
    x_title: str = "Difference between effects",
    level: float = 0.95,
    line: float = 0.0,
) -> Figure:
    """One row per contrast: point, thick interval of its own, thin simultaneous interval.

    ``rows`` holds lists of one length: the numbers ``estimate``, ``conf_low``, ``conf_high``,
    ``simultaneous_low`` and ``simultaneous_high``, the text ``label`` and, if wanted, ``panel``
    (one panel for each, in the order of their first appearance) and ``prob_positive``, shown when a
    reader points at a row. About 100 rows are drawn on a page, half as many with names of two
    lines: of more, the largest and smallest of each panel. ``line`` is where both are alike.

    Raises OutputError for missing or unequal lists, no rows, an estimate that is not finite and
    more than 60 panels.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.95.")
    numbers, labels, panels = _panels_of(rows)
    low, high, cut = _domain(numbers, line)
    records, about = _records(numbers, labels, rows, level, (low, high))
    in_order = any(len(places) >= SORTED_FROM for places in panels.values())
    x: dict[str, Any] = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": not cut, "zero": False, "clamp": cut},
    }
    axis = theme.number_axis(x_title, max(abs(low), abs(high)), WIDTH)
    each = max(map(len, names.name_lines(labels)))  # every row is as high as the highest
    most, body, room = _room(list(map(len, panels.values())), MOST // each), [], 0
    for last, (name, places) in enumerate(panels.items(), 1 - len(panels)):
        if in_order:
            places = _ends(sorted(places, key=lambda i: -float(numbers["estimate"][i])), most)
        lines = names.name_lines([labels[i] for i in places])
        keys = names.keys(lines)
        data = [{**records[i], "key": key} for i, key in zip(places, keys, strict=True)]
        shown = axis if last == 0 else {**axis, "title": None, "labels": False}
        body.append(_panel(name, data, lines, {**x, "axis": shown}, about, line))
        room = max(room, names.room(lines))
    drawn = sum(len(panel["data"]["values"]) for panel in body)
    note = _caption(len(labels), level, in_order, cut, drawn, most)
    inside = body[0] if len(body) == 1 else {"vconcat": body, "spacing": 14}
    return Figure(theme.page(title, subtitle, note, WIDTH + room + 20, inside))


def _panels_of(
    rows: Mapping[str, Sequence[Any] | np.ndarray],
) -> tuple[dict[str, FloatArray], list[str], dict[str, list[int]]]:
    """The checked numbers, the names and the rows of each panel."""
    missing = [name for name in (*NUMBERS, "label") if name not in rows]
    if missing:
        raise OutputError(f"The figure of contrasts needs {listing(missing)} for each row.")
    count = len(rows["label"])
    uneven = [name for name, values in rows.items() if len(values) != count]
    if uneven:
        raise OutputError(f"'{uneven[0]}' has {len(rows[uneven[0]])} entries for {count} rows.")
    if not count:
        raise OutputError("There is no contrast to draw.")
    numbers = {name: np.asarray(rows[name], dtype=float) for name in NUMBERS}
    labels = [one_line(str(label)) for label in rows["label"]]
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            raise OutputError(f"'{name}' of '{labels[place]}' is {values[place]}: not finite.")
    panels: dict[str, list[int]] = {}
    for place, panel in enumerate(rows.get("panel", [""] * count)):
        panels.setdefault(one_line(str(panel)), []).append(place)
    if len(panels) > MOST_PANELS:
        raise OutputError(f"{len(panels)} panels; at most {MOST_PANELS} can be read.")
    return numbers, labels, panels


def _room(sizes: Sequence[int], whole: int = MOST) -> int:
    """Rows that a panel may have so that a page has no more of them than anyone reads.

    >>> _room([30, 40]), _room([300]), _room([496, 496, 8]), _room([5] * 60)
    (40, 100, 46, 2)
    """
    longest = max(sizes)
    while longest > LEAST and sum(min(size, longest) for size in sizes) > whole:
        longest -= 1
    return longest


def _ends(places: list[int], most: int) -> list[int]:
    """The first and the last of more rows than there is room for."""
    last = most // 2
    return places if len(places) <= most else [*places[: most - last], *places[-last:]]


def _domain(numbers: Mapping[str, FloatArray], line: float) -> tuple[float, float, bool]:
    """Ends of the horizontal axis, and whether an interval runs beyond them.

    One ratio that can be anything would squeeze all others.
    """
    low = min(float(numbers["simultaneous_low"].min()), line)
    high = max(float(numbers["simultaneous_high"].max()), line)
    width = float(np.quantile(numbers["simultaneous_high"] - numbers["simultaneous_low"], 0.25))
    if len(numbers["estimate"]) > 1 and width > 0:
        middle = numbers["estimate"]
        least = min(float(np.median(middle)) - FAR * width, line)
        most = max(float(np.median(middle)) + FAR * width, line)
        spread = float(np.ptp(middle))
        least, most = least - spread, most + spread
        if spread < FAR * width and (low < least or high > most):
            return max(low, least), min(high, most), True
    gap = 0.02 * (high - low) or 1.0
    return low - gap, high + gap, False


def _records(
    numbers: Mapping[str, FloatArray],
    labels: Sequence[str],
    rows: Mapping[str, Sequence[Any] | np.ndarray],
    level: float,
    ends: tuple[float, float],
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What is drawn of each row, and what is shown when a reader points at it."""
    estimate, low, high, lower, upper = (numbers[name] for name in NUMBERS)
    style = figure_style(np.concatenate([estimate, low, high]), (high - low) / 4)

    def interval(starts: FloatArray, stops: FloatArray) -> list[str]:
        pairs = zip(starts.tolist(), stops.tolist(), strict=True)
        return [f"{style.text(a)} to {style.text(b)}" for a, b in pairs]

    texts = {
        "contrast": list(labels),
        "estimate": [style.text(x) for x in estimate.tolist()],
        f"{percent(level)} interval": interval(low, high),
        "simultaneous": interval(lower, upper),
    }
    if "prob_positive" in rows:
        texts["probability above 0"] = [format_probability(float(p)) for p in rows["prob_positive"]]
    short = ("estimate", "low", "high", "lower", "upper")
    clipped = [np.clip(numbers[name], *ends).tolist() for name in NUMBERS]
    records = [
        dict(zip(short, (values[i] for values in clipped), strict=True))
        | {f"about{place}": values[i] for place, values in enumerate(texts.values())}
        for i in range(len(labels))
    ]
    about = [
        {"field": f"about{place}", "type": "nominal", "title": name}
        for place, name in enumerate(texts)
    ]
    return records, about


def _panel(
    name: str,
    data: list[dict[str, Any]],
    lines: Sequence[Sequence[str]],
    x: dict[str, Any],
    about: list[dict[str, str]],
    line: float,
) -> dict[str, Any]:
    """One panel: the line where both are alike, thin and thick intervals, points."""
    step = names.row_step(lines)
    y = names.name_axis(len(lines))
    color = {"value": theme.ACCENT}
    at: dict[str, Any] = {"y": y, "color": color, "tooltip": about}
    layers = [
        {
            "data": {"values": [{"line": line}]},
            "mark": {"type": "rule", "color": theme.INK, "strokeDash": [4, 3]},
            "encoding": {"x": {**x, "field": "line"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.75},
            "encoding": {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, **at},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 3.5, "opacity": 0.55},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **at},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1},
            "encoding": {"x": {**x, "field": "estimate"}, **at},
        },
    ]
    height = max(step * len(lines), 30)
    panel = {"width": WIDTH, "height": height, "data": {"values": data}, "layer": layers}
    if name:
        heading = theme.wrap(name, 70)
        panel["title"] = {"text": heading, "anchor": "start", "fontSize": 13, "offset": 6}
    return panel


def _caption(
    count: int, level: float, in_order: bool, cut: bool, drawn: int, most: int
) -> list[str]:
    """What is drawn, of how many."""
    said = f"Points: posterior medians{', sorted' if in_order else ''}. "
    if count == 1:
        said += f"Line: {percent(level)} interval."
    else:
        every = "both contrasts" if count == 2 else f"all {count:,} contrasts"
        said += (
            f"Thick lines: {percent(level)} intervals, each by itself. Thin lines: simultaneous "
            f"intervals, which hold for {every} at once with {percent(level)} probability."
        )
    said += " Intervals that run out of the picture are cut." if cut else ""
    if drawn < count:
        last = most // 2
        said += f" Drawn: the {most - last} largest and the {last} smallest"
        said += " of each panel" if drawn > most else ""
        said += f"; {count - drawn:,} of {count:,} are not, the table has them."
    return [said]
