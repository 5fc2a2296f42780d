"""Figure 1: the posterior of each modifier coefficient as a ridge, with its interval and median."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.text import figure_style, format_probability, one_line, percent
from forwhom.errors import OutputError, listing

WIDTH = 480
LABEL_LETTERS = 44
LINE = 15  # pixels of one line of a label
RIDGE = 0.86  # height of a curve, as a share of the distance between two baselines
GRID = 256
POINTS = 140  # of one outline


# Many parameters: what stands around the curves, one by one.
def densities_figure(
    draws: Mapping[str, Sequence[float] | np.ndarray],
    title: str = "",
    subtitle: str = "",
    x_title: str = "Change in the treatment's effect",
    level: float = 0.9,
    intercept: Literal["last", "omit"] = "last",
    intercept_label: str = "Intercept",
    note: str = "",
) -> Figure:
    """One density per coefficient, ``level`` shaded, the median marked, ``note`` below.

    ``draws`` maps each coefficient's readable name to its posterior draws; they are shown from the
    top in this order, except that the coefficient named ``intercept_label`` comes last, in grey,
    or not at all (``intercept="omit"``). Densities are drawn at one height: compare their widths.

    Raises OutputError without coefficients, and for draws that are empty or not finite.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.9.")
    if intercept not in ("last", "omit"):
        raise OutputError(f"intercept='{intercept}' is not known: give 'last' or 'omit'.")
    names = [name for name in draws if name != intercept_label]
    if intercept == "last" and intercept_label in draws:
        names.append(intercept_label)
    arrays = [_checked(name, draws[name]) for name in names]
    if not arrays:
        raise OutputError("There is no modifier coefficient to draw.")
    labels = [theme.wrap(name, LABEL_LETTERS) or [""] for name in names]
    step = min(max(620 // len(names), 26), 52)
    heights = [max(step, LINE * len(lines) + 6) for lines in labels]
    # Baselines in pixels from the bottom: a long label makes its own row taller, and no other.
    bases = [sum(heights[i + 1 :]) + (heights[i] - step) // 2 for i in range(len(names))]
    ends = np.array([np.quantile(values, [0.01, 0.99]) for values in arrays])
    visible = float(max(ends.max(), 0) - min(ends.min(), 0)) or 1.0
    rows = [
        _ridge(values, level, base, RIDGE * step, visible)
        for values, base in zip(arrays, bases, strict=True)
    ]
    for name, row in zip(names, rows, strict=True):
        row["summary"]["name"] = one_line(name)
    # Letters are about six pixels wide; the title may use the room above the labels too.
    whole = WIDTH + 6 * max(len(line) for lines in labels for line in lines)
    axis = _label_axis(labels, bases, step)
    grey = bases[-1] if names[-1] == intercept_label else -1
    said = f"Curves: posterior density, all drawn at one height. Shaded: {percent(level)} interval."
    body = {
        "width": WIDTH,
        "height": sum(heights) + 6,
        "layer": _layers(rows, axis, grey, sum(heights), x_title, percent(level)),
    }
    notes = [line for line in (f"{said} White line: median.", note) if line]
    return Figure(theme.page(title, subtitle, notes, whole, body))


def density(values: np.ndarray, start: float, stop: float, bandwidth: float) -> np.ndarray:
    """A Gaussian kernel density of draws on ``GRID`` even points from ``start`` to ``stop``.

    Draws are first shared between their two neighbouring grid points (linear binning; Wand 1994),
    which costs no visible accuracy while a bandwidth spans several points.

    >>> at_zero = density(np.zeros(5), -4.0, 4.0, 1.0)[GRID // 2]
    >>> round(float(at_zero), 3)
    0.399
    """
    step = (stop - start) / (GRID - 1)
    place = (values - start) / step
    kept = place[(place >= 0) & (place <= GRID - 1)]
    left = np.minimum(kept.astype(int), GRID - 2)
    share = kept - left
    mass = np.bincount(left, 1 - share, GRID) + np.bincount(left + 1, share, GRID)
    distance = np.arange(GRID) * step / bandwidth
    kernel = np.exp(-0.5 * distance**2)
    # Scaled to the grid, so that a bandwidth below one grid step still integrates to one.
    kernel /= (2 * kernel.sum() - kernel[0]) * step * len(values)
    both_sides = np.concatenate([kernel[:0:-1], kernel])
    return np.convolve(mass, both_sides, mode="valid")


def _checked(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float).ravel()
    if not array.size:
        raise OutputError(f"The coefficient '{name}' has no draws to draw a density from.")
    if not np.isfinite(array).all():
        bad = np.unique(array[~np.isfinite(array)]).tolist()
        raise OutputError(f"The draws of coefficient '{name}' hold {listing(bad)}: not finite.")
    return array


def _ridge(
    values: np.ndarray, level: float, base: int, height: float, visible: float
) -> dict[str, Any]:
    """Outline, shaded part and summary of one coefficient, standing on ``base``."""
    tails = [0.0005, 0.05, (1 - level) / 2, 0.25, 0.5, 0.75, (1 + level) / 2, 0.95, 0.9995]
    q = [float(value) for value in np.quantile(values, tails)]
    low, median, high = q[2], q[4], q[6]
    deviation = float(values.std())
    spread = min(deviation, (q[5] - q[3]) / 1.349) or deviation
    # A little above the normal rule of thumb: posteriors are smooth, the wiggles are noise. Draws
    # that are all equal become a spike that can be seen.
    width = max(1.3 * spread * values.size**-0.2, visible * 4e-3)
    # Heavy tails end where they cannot be seen, or one of them would squeeze all other curves.
    start = min(max(q[0], 4 * q[1] - 3 * median), low) - 3 * width
    stop = max(min(q[8], 4 * q[7] - 3 * median), high) + 3 * width
    grid = np.linspace(start, stop, GRID)
    heights = density(values, start, stop, width)
    heights *= height / heights.max()

    def outline(left: float, right: float, points: int) -> list[dict[str, float]]:
        x = np.linspace(left, right, points)
        top = base + np.interp(x, grid, heights)
        return [
            {"x": float(f"{a:.6g}"), "base": base, "top": round(b, 2)}
            for a, b in zip(x.tolist(), top.tolist(), strict=True)
        ]

    style = figure_style([median, low, high], [deviation])
    return {
        "outline": outline(start, stop, POINTS),
        "shaded": outline(low, high, POINTS // 2),
        "summary": {
            "low": low,
            "high": high,
            "median": median,
            "base": base,
            "ceiling": base + height,
            "top": base + float(np.interp(median, grid, heights)),
            "median_text": style.text(median),
            "interval_text": f"{style.text(low)} to {style.text(high)}",
            "positive": format_probability(float((values > 0).mean())),
        },
    }


def _label_axis(labels: Sequence[Sequence[str]], bases: Sequence[int], step: int) -> dict[str, Any]:
    """The names on the left, each block of lines centred on its curve."""
    of_lines: dict[int, list[int]] = {len(lines): [] for lines in labels}
    for lines, base in zip(labels, bases, strict=True):
        of_lines[len(lines)].append(base)

    def offset(lines: int) -> float:
        return -(RIDGE * step / 2 + LINE * (lines - 1)) / 2

    return {
        "title": None,
        "values": list(bases),
        "labelExpr": f"{json.dumps(labels)}[indexof({json.dumps(bases)}, datum.value)]",
        "labelBaseline": "middle",
        "labelLineHeight": LINE,
        "labelOffset": {
            "condition": [
                {"test": f"indexof({json.dumps(at)}, datum.value) >= 0", "value": offset(lines)}
                for lines, at in of_lines.items()
            ],
            "value": 0,
        },
        "labelPadding": 10,
        "labelOverlap": False,
        "ticks": False,
    }


def _layers(
    rows: Sequence[dict[str, Any]],
    label_axis: dict[str, Any],
    grey: int,
    height: int,
    x_title: str,
    level: str,
) -> list[dict[str, Any]]:
    outlines = [point for row in rows for point in row["outline"]]
    shaded = [point for row in rows for point in row["shaded"]]
    largest = max(abs(point["x"]) for point in outlines)
    scales = {
        "x": {
            "field": "x",
            "type": "quantitative",
            "scale": {"zero": True},
            "axis": theme.number_axis(x_title, largest, WIDTH),
        },
        "y": {
            "field": "base",
            "type": "quantitative",
            "scale": {"domain": [-6, height], "nice": False, "zero": False},
            "axis": label_axis,
        },
    }
    color = {
        "condition": {"test": f"datum.base == {grey}", "value": theme.NEUTRAL},
        "value": theme.ACCENT,
    }
    return [
        *_curves(outlines, shaded, scales, color),
        *_medians([row["summary"] for row in rows], scales, level),
    ]


def _curves(
    outlines: list[dict[str, Any]],
    shaded: list[dict[str, Any]],
    scales: dict[str, Any],
    color: dict[str, Any],
) -> list[dict[str, Any]]:
    """Densities, the interval inside them, the line at zero, and the densities' outlines."""
    area = {**scales, "y2": {"field": "top"}, "detail": {"field": "base"}}
    return [
        {
            "data": {"values": outlines},
            "mark": {"type": "area", "opacity": 0.22},
            "encoding": {**area, "color": color},
        },
        {
            "data": {"values": shaded},
            "mark": {"type": "area", "opacity": 0.62},
            "encoding": {**area, "color": color},
        },
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": theme.INK, "strokeDash": [4, 3]},
            "encoding": {"x": {**scales["x"], "field": "zero"}},
        },
        {
            "data": {"values": outlines},
            "mark": {"type": "line", "strokeWidth": 1.1},
            "encoding": {
                "x": scales["x"],
                "y": {**scales["y"], "field": "top"},
                "detail": {"field": "base"},
                "order": {"field": "x"},
                "stroke": color,
            },
        },
    ]


def _medians(
    summary: list[dict[str, Any]], scales: dict[str, Any], level: str
) -> list[dict[str, Any]]:
    """White lines, and what is shown when a reader points at a curve."""
    tooltips = [
        {"field": "name", "title": "coefficient"},
        {"field": "median_text", "title": "median"},
        {"field": "interval_text", "title": f"{level} interval"},
        {"field": "positive", "title": "probability above 0"},
    ]
    at_median = {"x": {**scales["x"], "field": "median"}, "y": scales["y"]}
    return [
        {
            "data": {"values": summary},
            "mark": {"type": "rule", "color": "white", "strokeWidth": 2.2},
            "encoding": {**at_median, "y2": {"field": "top"}},
        },
        {  # unseen, wide enough to point at
            "data": {"values": summary},
            "mark": {"type": "rect", "fillOpacity": 0},
            "encoding": {
                "x": {**scales["x"], "field": "low"},
                "x2": {"field": "high"},
                "y": scales["y"],
                "y2": {"field": "ceiling"},
                "tooltip": tooltips,
            },
        },
    ]
