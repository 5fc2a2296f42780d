"""Posterior predictive checks: the observed outcome beside replicated ones, by arm.

Tests: tests/fitted/test_replicate.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.text import figure_style, one_line, percent
from forwhom.errors import OutputError

FloatArray = NDArray[np.float64]

Encoding = dict[str, Any]

HEIGHT = 240
LINE = 15
LABEL_LETTERS = 58
MOST_GROUPS = 40  # named one by one
BAR = "#c9c9c9"
SIZES = {1: 480, 2: 300, 3: 230}  # width of a panel by their number
NARROW = {1: 420, 2: 240, 3: 180}  # the same beside names


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a figure of replicated data.

    Attributes:
        title, x_title: as they say.
        level: of the intervals.
        counted: what shares and numbers are of.
        source: where the data come from, for the subtitle; drawn: the same, for below.
    """

    title: str
    x_title: str
    level: float = 0.95
    counted: str = "rows"
    source: str = "replicated from the fit"
    drawn: str = "replicated data sets, every row's outcome drawn again."

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise OutputError(f"level={self.level} must lie between 0 and 1, such as 0.95.")

    def ends(self, replicated: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Low, median and high over the last axis."""
        tail = (1 - self.level) / 2
        low, middle, high = np.quantile(replicated, [tail, 0.5, 1 - tail], axis=2)
        return low, middle, high


def shares_figure(
    arms: Sequence[str],
    bins: Sequence[str] | FloatArray,
    observed: FloatArray,
    replicated: FloatArray,
    frame: Frame,
) -> Figure:
    """Bars for the observed shares, points and intervals for those of replicated data.

    Args:
        arms: A names; bins: B names of levels, or B + 1 edges of intervals.
        observed: (A, B) shares of each arm's rows; replicated: (A, B, T).
        frame: what stands around it.
    """
    named = not isinstance(bins, np.ndarray)
    edges = np.zeros(0) if named else np.asarray(bins, dtype=float)
    names = [one_line(str(name)) for name in bins] if named else []
    places = _named_places(names) if named else _interval_places(edges)
    ends = frame.ends(replicated)
    data = [
        {"arm": one_line(arm)} | _shares(observed[a, k], *(end[a, k] for end in ends)) | place
        for a, arm in enumerate(arms)
        for k, place in enumerate(places)
    ]
    width = SIZES.get(len(arms), 200)
    bar, point = (
        _named_axis(names, frame.x_title, width)
        if named
        else _interval_axis(edges, frame.x_title, width)
    )
    layers = _share_layers(bar, point, frame, 46 if observed.shape[1] <= 12 else 20)
    subtitle = f"Grey bars: observed. Blue: {frame.source}, median and {percent(frame.level)}"
    note = f"{replicated.shape[2]:,} {frame.drawn}"
    if not named:
        note += " The outermost bars hold all that lies beyond them."
    body = {"data": {"values": data}, **_panels(arms, layers, width, HEIGHT)}
    return Figure(theme.page(frame.title, subtitle, [note], width * len(arms) + 60, body))


def _shares(observed: float, low: float, middle: float, high: float) -> dict[str, Any]:
    return {
        "observed": float(observed),
        "low": float(low),
        "middle": float(middle),
        "high": float(high),
        "observed_text": _share(observed),
        "replicated_text": f"{_share(middle)} ({_share(low)} to {_share(high)})",
    }


def _named_places(names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"bin": name, "place": k} for k, name in enumerate(names)]


def _interval_places(edges: FloatArray) -> list[dict[str, Any]]:
    places = []
    for k in range(len(edges) - 1):
        gap = 0.06 * (edges[k + 1] - edges[k])
        places.append(
            {
                "left": float(edges[k] + gap),
                "right": float(edges[k + 1] - gap),
                "centre": float((edges[k] + edges[k + 1]) / 2),
                "bin": _interval(edges, k),
            }
        )
    return places


def _named_axis(names: Sequence[str], title: str, width: int) -> tuple[Encoding, Encoding]:
    """Where bars and points of levels stand."""
    axis = {
        "title": one_line(title),
        "labelAngle": 0,
        "labelExpr": f"{json.dumps(_labels(names, width))}[datum.value]",
        "grid": False,
    }
    x = {
        "field": "place",
        "type": "ordinal",
        "axis": axis,
        "scale": {"paddingInner": 0.25, "paddingOuter": 0.2},
    }
    return {"x": x}, {"x": x}


def _interval_axis(edges: FloatArray, title: str, width: int) -> tuple[Encoding, Encoding]:
    """Where bars and points of intervals stand."""
    largest = float(np.abs(edges).max())
    axis = {**theme.number_axis(title, largest, width), "grid": False}
    scale = {"domain": [float(edges[0]), float(edges[-1])], "nice": False, "zero": False}
    x = {"field": "left", "type": "quantitative", "axis": axis, "scale": scale}
    return {"x": x, "x2": {"field": "right"}}, {"x": {**x, "field": "centre"}}


def _share_layers(bar: Encoding, point: Encoding, frame: Frame, size: int) -> list[dict[str, Any]]:
    """Bars, intervals and medians."""
    tooltip = _tooltip(
        bin=one_line(frame.x_title), observed_text="Observed", replicated_text="Replicated"
    )
    y: dict[str, Any] = {
        "field": "observed",
        "type": "quantitative",
        "axis": {"title": f"Share of {frame.counted}", "format": "%", "tickCount": 5},
    }
    dot = {"type": "point", "filled": True, "opacity": 1, "color": theme.ACCENT, "size": size}
    ends = {"y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return [
        {
            "mark": {"type": "bar", "color": BAR},
            "encoding": {**bar, "y": y, "y2": {"datum": 0}, "tooltip": tooltip},
        },
        {
            "mark": {"type": "rule", "color": theme.ACCENT, "strokeWidth": 2},
            "encoding": {**point, **ends, "tooltip": tooltip},
        },
        {
            "mark": dot,
            "encoding": {**point, "y": {**y, "field": "middle"}, "tooltip": tooltip},
        },
    ]


@dataclass(frozen=True, slots=True)
class Means:
    """Means of H groups in A arms.

    Attributes:
        labels: of the groups.
        n: (H, A) rows; observed: (H, A); replicated: (H, A, T).
        as_share: whether they are written in per cent.
    """

    labels: Sequence[str]
    n: FloatArray
    observed: FloatArray
    replicated: FloatArray
    as_share: bool = False


def means_figure(arms: Sequence[str], means: Means, frame: Frame) -> Figure:
    """Each group's observed mean beside its replicated ones; the largest groups where many.

    Args:
        arms: A names; means: what is drawn; frame: what stands around it.
    """
    n, sets = means.n, means.replicated.shape[2]
    chosen = np.sort(np.argsort(-n.sum(axis=1), kind="stable")[:MOST_GROUPS])
    ends = frame.ends(means.replicated[chosen])
    broken = {int(g): theme.wrap(means.labels[g], LABEL_LETTERS) or [""] for g in chosen}
    data = _mean_records(arms, means, chosen, ends, broken)
    width = NARROW.get(len(arms), 150)
    step = max(17, 5 + LINE * max(len(lines) for lines in broken.values()))
    largest = float(np.abs(ends[1][n[chosen] > 0]).max())
    x = {
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": theme.number_axis(frame.x_title, largest, width)
        | ({"format": "%"} if means.as_share else {}),
    }
    layers = _mean_layers(x, frame)
    subtitle = (
        "Points: observed (orange where outside). Blue: replicated from the fit, "
        f"{percent(frame.level)} and median"
    )
    many = len(n) > MOST_GROUPS
    shown = f"The {MOST_GROUPS} largest of {len(n):,} groups. " if many else ""
    lines = [
        f"{shown}{sets:,} replicated data sets, every row's outcome drawn again. "
        "Groups have parameters of their own, so fewer points than usual fall outside."
    ]
    body = {"data": {"values": data}, **_panels(arms, layers, width, step * len(chosen))}
    room = 6 * max(len(line) for piece in broken.values() for line in piece)
    return Figure(theme.page(frame.title, subtitle, lines, width * len(arms) + room, body))


def _mean_records(
    arms: Sequence[str],
    means: Means,
    chosen: NDArray[np.int64],
    ends: tuple[FloatArray, FloatArray, FloatArray],
    broken: Mapping[int, list[str]],
) -> list[dict[str, Any]]:
    """The chosen groups in one order for all arms: by the mean over the arms that have rows."""
    low, middle, high = ends
    observed, present = means.observed, means.n[chosen] > 0
    style = figure_style(middle[present], (high - low)[present] / 4)

    def text(value: float) -> str:
        return _share(value) if means.as_share else style.text(value)

    data = []
    for rank, i in enumerate(np.argsort(-np.nanmean(middle, axis=1), kind="stable").tolist()):
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
                    "n": f"{means.n[g, a]:,.10g}",
                    "observed_text": text(observed[g, a]),
                    "replicated_text": f"{text(middle[i, a])} ({text(low[i, a])} to "
                    f"{text(high[i, a])})",
                    "outside": bool(not low[i, a] <= observed[g, a] <= high[i, a]),
                }
            )
    return data


def _mean_layers(x: Encoding, frame: Frame) -> list[dict[str, Any]]:
    """Intervals, medians and observed means."""
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
    tooltip = _tooltip(
        group="Group",
        n=frame.counted.capitalize(),
        observed_text="Observed",
        replicated_text="Replicated",
    )
    out = {"condition": {"test": "datum.outside", "value": theme.COLORS[0]}, "value": theme.INK}
    ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}}
    return [
        {
            "mark": {"type": "rule", "color": theme.ACCENT, "strokeWidth": 5, "opacity": 0.35},
            "encoding": {**ends, "y": y, "tooltip": tooltip},
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


def _tooltip(**titles: str) -> list[dict[str, str]]:
    """What is shown when a reader points at a mark: fields and their titles."""
    return [{"field": field, "type": "nominal", "title": title} for field, title in titles.items()]


def _panels(
    arms: Sequence[str], layers: list[dict[str, Any]], width: int, height: int
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
