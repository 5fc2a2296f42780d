"""Posterior predictive checks: the observed outcome beside replicated ones, by arm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.text import number_style, one_line, percent
from forwhom.errors import OutputError

FloatArray = NDArray[np.float64]

HEIGHT = 240
LINE = 15
LABEL_LETTERS = 58
MOST_GROUPS = 40  # named one by one
BAR = "#c9c9c9"
SIZES = {1: 480, 2: 300, 3: 230}  # width of a panel by their number
NARROW = {1: 420, 2: 240, 3: 180}  # the same beside names


def distribution_figure(
    arms: Sequence[str],
    bins: Sequence[str] | FloatArray,
    observed: FloatArray,
    replicated: FloatArray,
    title: str,
    x_title: str,
    level: float = 0.95,
    counted: str = "rows",
    source: str = "replicated from the fit",
    drawn: str = "replicated data sets, every row's outcome drawn again.",
) -> Figure:
    """Bars for the observed shares, points and intervals for those of replicated data.

    Args:
        arms: A names; bins: B names of levels, or B + 1 edges of intervals.
        observed: (A, B) shares of each arm's rows; replicated: (A, B, T).
        title, x_title, level: as they say; counted: what the shares are of.
        source, drawn: where the replicated data come from, for the subtitle and below.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.95.")
    tail = (1 - level) / 2
    low, middle, high = np.quantile(replicated, [tail, 0.5, 1 - tail], axis=2)
    named = not isinstance(bins, np.ndarray)
    edges = np.zeros(0) if named else np.asarray(bins, dtype=float)
    style = number_style(edges) if len(edges) else None
    names = [one_line(str(name)) for name in bins] if named else []
    data = []
    for a, arm in enumerate(arms):
        for k in range(observed.shape[1]):
            record: dict[str, Any] = {
                "arm": one_line(arm),
                "observed": float(observed[a, k]),
                "low": float(low[a, k]),
                "middle": float(middle[a, k]),
                "high": float(high[a, k]),
                "observed_text": _share(observed[a, k]),
                "replicated_text": f"{_share(middle[a, k])} ({_share(low[a, k])} to "
                f"{_share(high[a, k])})",
            }
            if named:
                record |= {"bin": names[k], "place": k}
            else:
                assert style is not None
                gap = 0.06 * (edges[k + 1] - edges[k])
                record |= {
                    "left": float(edges[k] + gap),
                    "right": float(edges[k + 1] - gap),
                    "centre": float((edges[k] + edges[k + 1]) / 2),
                    "bin": _interval(edges, k),
                }
            data.append(record)
    width = SIZES.get(len(arms), 200)
    tooltip = [
        {"field": "bin", "type": "nominal", "title": one_line(x_title)},
        {"field": "observed_text", "type": "nominal", "title": "Observed"},
        {"field": "replicated_text", "type": "nominal", "title": "Replicated"},
    ]
    y: dict[str, Any] = {
        "field": "observed",
        "type": "quantitative",
        "axis": {"title": f"Share of {counted}", "format": "%", "tickCount": 5},
    }
    if named:
        axis = {
            "title": one_line(x_title),
            "labelAngle": 0,
            "labelExpr": f"{json.dumps(_labels(names, width))}[datum.value]",
            "grid": False,
        }
        x: dict[str, Any] = {
            "field": "place",
            "type": "ordinal",
            "axis": axis,
            "scale": {"paddingInner": 0.25, "paddingOuter": 0.2},
        }
        bar = {"x": x}
        point = {"x": x}
    else:
        largest = float(np.abs(edges).max())
        axis = {**theme.number_axis(x_title, largest, width), "grid": False}
        scale = {"domain": [float(edges[0]), float(edges[-1])], "nice": False, "zero": False}
        x = {"field": "left", "type": "quantitative", "axis": axis, "scale": scale}
        bar = {"x": x, "x2": {"field": "right"}}
        point = {"x": {**x, "field": "centre"}}
    mark_size = 46 if observed.shape[1] <= 12 else 20
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar", "color": BAR},
            "encoding": {**bar, "y": y, "y2": {"datum": 0}, "tooltip": tooltip},
        },
        {
            "mark": {"type": "rule", "color": theme.ACCENT, "strokeWidth": 2},
            "encoding": {
                **point,
                "y": {**y, "field": "low"},
                "y2": {"field": "high"},
                "tooltip": tooltip,
            },
        },
        {
            "mark": {
                "type": "point",
                "filled": True,
                "opacity": 1,
                "color": theme.ACCENT,
                "size": mark_size,
            },
            "encoding": {**point, "y": {**y, "field": "middle"}, "tooltip": tooltip},
        },
    ]
    subtitle = f"Grey bars: observed. Blue: {source}, median and {percent(level)}"
    lines = [f"{replicated.shape[2]:,} {drawn}"]
    if not named:
        lines[0] += " The outermost bars hold all that lies beyond them."
    body = {"data": {"values": data}, **_panels(arms, layers, width, HEIGHT)}
    return Figure(theme.page(title, subtitle, lines, width * len(arms) + 60, body))


def groups_figure(
    arms: Sequence[str],
    labels: Sequence[str],
    n: FloatArray,
    observed: FloatArray,
    replicated: FloatArray,
    title: str,
    x_title: str,
    level: float = 0.95,
    as_share: bool = False,
    counted: str = "rows",
) -> Figure:
    """Each group's observed mean beside its replicated ones; the largest groups where many.

    Args:
        arms: A names; labels: H groups.
        n: (H, A) rows; observed: (H, A) means; replicated: (H, A, T).
        title, x_title, level: as they say; as_share: write means in per cent.
        counted: what n counts.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.95.")
    chosen = np.sort(np.argsort(-n.sum(axis=1), kind="stable")[:MOST_GROUPS])
    tail = (1 - level) / 2
    low, middle, high = np.quantile(replicated[chosen], [tail, 0.5, 1 - tail], axis=2)
    broken = {int(g): theme.wrap(labels[g], LABEL_LETTERS) or [""] for g in chosen}
    # one order for all arms: by the mean over the arms in which a group has rows
    order = np.argsort(-np.nanmean(middle, axis=1), kind="stable")
    data = []
    present = n[chosen] > 0
    style = number_style(middle[present], (high - low)[present] / 4)

    def text(value: float) -> str:
        return _share(value) if as_share else style.text(value)

    for rank, i in enumerate(order.tolist()):
        g = int(chosen[i])
        for a in np.flatnonzero(present[i]).tolist():
            data.append(
                {
                    "arm": one_line(arms[a]),
                    "key": "\n".join([f"{rank:06d}", *broken[g]]),
                    "low": float(low[i, a]),
                    "middle": float(middle[i, a]),
                    "high": float(high[i, a]),
                    "observed": float(observed[g, a]),
                    "group": " ".join(broken[g]),
                    "n": f"{n[g, a]:,.10g}",
                    "observed_text": text(observed[g, a]),
                    "replicated_text": f"{text(middle[i, a])} ({text(low[i, a])} to "
                    f"{text(high[i, a])})",
                    "outside": bool(not low[i, a] <= observed[g, a] <= high[i, a]),
                }
            )
    width = NARROW.get(len(arms), 150)
    step = max(17, 5 + LINE * max(len(lines) for lines in broken.values()))
    x = {
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": theme.number_axis(x_title, float(np.abs(middle[present]).max()), width)
        | ({"format": "%"} if as_share else {}),
    }
    y = {
        "field": "key",
        "type": "nominal",
        "axis": {
            "title": None,
            "labelExpr": "slice(split(datum.value, '\\n'), 1)",
            "labelLineHeight": LINE,
            "labelOverlap": False,
            "ticks": False,
            "grid": False,
            "labelPadding": 8,
        },
    }
    tooltip = [
        {"field": field, "type": "nominal", "title": name}
        for field, name in (
            ("group", "Group"),
            ("n", counted.capitalize()),
            ("observed_text", "Observed"),
            ("replicated_text", "Replicated"),
        )
    ]
    out = {"condition": {"test": "datum.outside", "value": theme.COLORS[0]}, "value": theme.INK}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "color": theme.ACCENT, "strokeWidth": 5, "opacity": 0.35},
            "encoding": {
                "x": {**x, "field": "low"},
                "x2": {"field": "high"},
                "y": y,
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "tick", "color": theme.ACCENT, "thickness": 2, "size": 10},
            "encoding": {"x": {**x, "field": "middle"}, "y": y, "tooltip": tooltip},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 42, "opacity": 1},
            "encoding": {"x": {**x, "field": "observed"}, "y": y, "color": out, "tooltip": tooltip},
        },
    ]
    subtitle = (
        f"Points: observed (orange where outside). Blue: replicated from the fit, {percent(level)} "
        "and median"
    )
    many = len(n) > MOST_GROUPS
    shown = f"The {MOST_GROUPS} largest of {len(n):,} groups. " if many else ""
    lines = [
        f"{shown}{replicated.shape[2]:,} replicated data sets, every row's outcome drawn again. "
        "Groups have parameters of their own, so fewer points than usual fall outside."
    ]
    body = {"data": {"values": data}, **_panels(arms, layers, width, {"step": step})}
    room = 6 * max(len(line) for piece in broken.values() for line in piece)
    return Figure(theme.page(title, subtitle, lines, width * len(arms) + room, body))


def _panels(
    arms: Sequence[str], layers: list[dict[str, Any]], width: int, height: Any
) -> dict[str, Any]:
    inner = {"width": width, "height": height, "layer": layers}
    names = [one_line(arm) for arm in arms]
    heads = {name: theme.wrap(name, max(width // 8, 8)) for name in names}
    facet = {
        "field": "arm",
        "type": "nominal",
        "sort": names,
        "title": None,
        "header": {"labelExpr": f"{json.dumps(heads)}[datum.value]"},
    }
    return {"facet": {"column": facet}, "spacing": {"column": 28}, "spec": inner}


def _labels(names: Sequence[str], width: int) -> list[list[str]]:
    """Names of levels in lines that fit under their bars."""
    return [theme.wrap(name, max(width // (7 * len(names)), 4)) for name in names]


def _share(value: float) -> str:
    return f"{value:.1%}"


def _interval(edges: FloatArray, k: int) -> str:
    """A bin in words: whole numbers for counts, ends else."""
    low, high = float(edges[k]), float(edges[k + 1])
    whole = (edges % 1 == 0.5).all()
    if whole:
        low, high = low + 0.5, high - 0.5
    if k == len(edges) - 2:
        return f"{low:.4g} or more"
    if k == 0 and not (whole and low == 0):
        return f"{high:.4g} or less"
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
