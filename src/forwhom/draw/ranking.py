"""Ranks of groups with their intervals, and beside them the probability of being the best.

Tests: tests/draw/test_ranking.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forwhom.draw import names, theme
from forwhom.draw.figure import Figure
from forwhom.draw.text import format_probability, one_line, percent
from forwhom.errors import OutputError, listing

WIDTH, BAR_WIDTH = 340, 150
MOST_ROWS = 300  # that are drawn; the rest is named in the caption
NUMBERS = ("expected_rank", "rank_low", "rank_high", "prob_best")


def ranking_figure(
    rows: Mapping[str, Sequence[Any] | np.ndarray],
    title: str = "",
    subtitle: str = "",
    effect: str = "effect",
    best: str = "largest",
    level: float = 0.95,
    few: int = 10,
) -> Figure:
    """One row per group in the order of expected ranks: rank with interval, probability best.

    ``rows`` holds lists of one length: ``expected_rank``, ``rank_low``, ``rank_high``,
    ``prob_best`` and the text ``label``, and if wanted whether a group is ``thin``: of fewer than
    ``few`` rows of data in an arm, and drawn hollow. Up to 100 groups are named, the best 300
    drawn.

    Raises OutputError for missing or unequal lists, no rows and numbers that are not finite.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.95.")
    numbers, total = _numbers(rows), len(rows["label"])
    order = np.argsort(numbers["expected_rank"], kind="stable")[:MOST_ROWS]
    lines = names.name_lines([str(rows["label"][i]) for i in order.tolist()])
    thin = np.asarray(rows.get("thin", np.zeros(total)), dtype=bool)
    data = _records(numbers, thin, lines, order)
    step = names.row_step(lines)
    size = {"height": max(step * len(lines), 30)}
    layers = _layers(lines, total, step, level)
    body = {
        "data": {"values": data},
        "hconcat": [
            {"width": WIDTH, **size, "layer": layers},
            {"width": BAR_WIDTH, **size, **_bars(lines, step, best)},
        ],
        "spacing": 24,
        "resolve": {"scale": {"y": "shared"}},
    }
    whole = WIDTH + BAR_WIDTH + 24 + names.room(lines) + 20
    said = (
        f"Rank 1 of {total:,}: the {best} {one_line(effect)}. Points: expected ranks, sorted. "
        f"Lines: {percent(level)} intervals of the rank. Bars: the probability of rank 1."
    )
    if thin[order].any():
        said += (
            f" Hollow: fewer than {few} rows of data in an arm; the modifiers and the prior place "
            "them more than their own data."
        )
    if total > MOST_ROWS:
        said += f" The first {MOST_ROWS} of {total:,} are drawn."
    if len(lines) > names.MOST_NAMED:
        said += " Too many to be named: the table names them."
    return Figure(theme.page(title, subtitle, [said], whole, body))


def _numbers(rows: Mapping[str, Sequence[Any] | np.ndarray]) -> dict[str, np.ndarray]:
    """The numbers, checked."""
    missing = [name for name in (*NUMBERS, "label") if name not in rows]
    if missing:
        raise OutputError(f"The figure of ranks needs {listing(missing)} for each group.")
    total = len(rows["label"])
    uneven = [name for name, values in rows.items() if len(values) != total]
    if uneven:
        raise OutputError(f"'{uneven[0]}' has {len(rows[uneven[0]])} entries for {total} groups.")
    if not total:
        raise OutputError("There is no group to draw.")
    numbers = {name: np.asarray(rows[name], dtype=float) for name in NUMBERS}
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            raise OutputError(f"'{name}' holds a number that is not finite.")
    return numbers


def _records(
    numbers: Mapping[str, np.ndarray],
    thin: np.ndarray,
    lines: Sequence[Sequence[str]],
    order: np.ndarray,
) -> list[dict[str, Any]]:
    """What is drawn of each group, and what is shown when a reader points at it."""
    return [
        {
            "key": key,
            "thin": bool(thin[i]),
            "name": " ".join(of),
            "rank": float(numbers["expected_rank"][i]),
            "low": float(numbers["rank_low"][i]),
            "high": float(numbers["rank_high"][i]),
            "best": float(numbers["prob_best"][i]),
            "rank_text": f"{numbers['expected_rank'][i]:.1f}",
            "interval_text": f"{numbers['rank_low'][i]:g} to {numbers['rank_high'][i]:g}",
            "best_text": format_probability(float(numbers["prob_best"][i])),
        }
        for key, of, i in zip(names.keys(lines), lines, order.tolist(), strict=True)
    ]


def _about(level: float) -> list[dict[str, str]]:
    titles = {
        "name": "group",
        "rank_text": "expected rank",
        "interval_text": f"{percent(level)} interval",
        "best_text": "probability best",
    }
    return [{"field": f, "type": "nominal", "title": title} for f, title in titles.items()]


def _layers(
    lines: Sequence[Sequence[str]], total: int, step: int, level: float
) -> list[dict[str, Any]]:
    """Intervals of ranks and their points."""
    small = step < names.STEP
    every = next(e for m in range(9) for e in (10**m, 2 * 10**m, 5 * 10**m) if total <= 7 * e)
    ticks = [1, *range(every if every > 1 else 2, total + 1, every)]
    x = {
        "type": "quantitative",
        "scale": {"domain": [0.5, total + 0.5], "nice": False, "zero": False},
        "axis": {"title": "Rank", "values": ticks, "format": ",d", "labelSeparation": 6},
    }
    at: dict[str, Any] = {"y": names.name_axis(len(lines)), "color": {"value": theme.ACCENT}}
    at["tooltip"] = _about(level)
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 1 if small else 2, "opacity": 0.5},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **at},
        },
        {
            "mark": {"type": "point", "size": 9 if small else 48, "opacity": 1, "strokeWidth": 1.5},
            "encoding": {
                "x": {**x, "field": "rank"},
                **at,
                "fill": {"condition": {"test": "datum.thin", "value": "white"}, **at["color"]},
            },
        },
    ]


def _bars(lines: Sequence[Sequence[str]], step: int, best: str) -> dict[str, Any]:
    """Probabilities of being the best, as bars with their number where they are named."""
    y = {**names.name_axis(len(lines)), "axis": None}
    axis = {"title": f"Probability {best}", "tickCount": 3, "format": ".0%"}
    x = {
        "field": "best",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "nice": False},
        "axis": axis,
    }
    bars: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar", "height": max(step - 6, 2) if step < 30 else 14},
            "encoding": {"x": x, "y": y, "color": {"value": theme.ACCENT}},
        }
    ]
    if len(lines) <= names.MOST_NAMED:
        bars.append(
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": theme.CAPTION_SIZE},
                "encoding": {
                    "x": x,
                    "y": y,
                    "text": {"field": "best_text"},
                    "color": {"value": theme.SOFT_INK},
                },
            }
        )
    return {"layer": bars}
