"""Figure 2: the effect in every group with its interval, sorted, in facets, coloured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forwhom.draw import theme
from forwhom.draw.figure import Figure
from forwhom.draw.text import figure_style, format_probability, one_line, percent
from forwhom.errors import OutputError, listing

MOST_LABELS = 100  # groups in a panel that are still named on the axis
MOST_MARKS = 300  # groups in a panel that are still drawn one by one
MOST_PANELS = 60
MOST_STEPS, GROUPS_PER_STEP = 120, 15  # of the band that stands for more groups
LABEL_LETTERS = 48
LINE = 14  # pixels of one line of a label
NUMBERS = ("estimate", "conf_low", "conf_high", "n")
FACETS = ("row", "column", "color")


@dataclass(frozen=True, slots=True)
class _Groups:
    """The checked input: one entry per group, with the panel (row, column) it lies in."""

    numbers: dict[str, np.ndarray]
    label: list[list[str]]
    facets: dict[str, list[str]]
    details: dict[str, list[str]]
    panels: np.ndarray
    sizes: np.ndarray  # groups per panel

    def __len__(self) -> int:
        return len(self.label)


def intervals_figure(
    rows: Mapping[str, Sequence[Any] | np.ndarray],
    title: str = "",
    subtitle: str = "",
    x_title: str = "Effect of the treatment",
    facet_titles: Mapping[str, str] | None = None,
    level: float = 0.95,
    counted: str = "treated row",
) -> Figure:
    """One point and interval per group, sorted by estimate within each panel.

    ``rows`` holds lists of one length: the numbers ``estimate``, ``conf_low``, ``conf_high`` and
    ``n`` (how many of what ``counted`` names the group has), the text ``label``, and if wanted the
    texts ``row``, ``column`` and ``color``, shown in the order of their first appearance under
    ``facet_titles``.
    ``prob_positive`` and every other list are shown when a reader points at a group, under their
    own names. Panels of up to 100 groups name each group; where a panel has more than 300, a band
    of the groups' intervals is drawn instead of marks, and the figure says so.

    Raises OutputError for missing or unequal lists, no groups, numbers that are not finite, more
    than 7 colours and more than 60 panels.
    """
    if not 0 < level < 1:
        raise OutputError(f"level={level} must lie between 0 and 1, such as 0.95.")
    groups = _checked(rows)
    largest = int(groups.sizes.max())
    columns = len(dict.fromkeys(groups.facets.get("column", [""])))
    width = {1: 480, 2: 330, 3: 240}.get(columns, max(720 // columns, 120))
    named, banded = largest <= MOST_LABELS, largest > MOST_MARKS
    about: list[dict[str, str]] = []
    if banded:
        step, height, data = 0.0, 420, _bundles(groups)
        drawn = (
            "Too many groups to draw one by one. Line: posterior medians, sorted. "
            f"Band: {percent(level)} intervals, each step the median of neighbouring groups."
        )
    else:
        step = 17.0 if named else min(max(300 / largest, 2.2), 8.0)
        if named:
            step = max(step, 5 + LINE * max(map(len, groups.label)))
        height = max(round(step * largest), 50)
        data, about = _marks(groups, level, counted)
        drawn = f"Points: posterior medians, sorted. Lines: {percent(level)} intervals."
    room = 6 * max(len(line) for lines in groups.label for line in lines) if named else 0
    whole = columns * (width + room + 20)
    header = {"row": "", "column": "", "color": ""} | dict(facet_titles or {})
    layers = _layers(groups, about, step, x_title, header["color"], width)
    panels = _panels(groups.facets, header, layers, width, height)
    body = {"data": {"values": data}, **panels}
    caption = f"{_counts(groups, counted)} {drawn}"
    return Figure(theme.page(title, subtitle, [caption], whole, body))


def _checked(rows: Mapping[str, Sequence[Any] | np.ndarray]) -> _Groups:
    missing = [name for name in (*NUMBERS, "label") if name not in rows]
    if missing:
        raise OutputError(f"The figure of group effects needs {listing(missing)} for each group.")
    lengths = {name: len(values) for name, values in rows.items()}
    uneven = [name for name, length in lengths.items() if length != lengths["label"]]
    if uneven:
        raise OutputError(
            f"'{uneven[0]}' has {lengths[uneven[0]]} entries for {lengths['label']} groups."
        )
    if not lengths["label"]:
        raise OutputError("There is no group to draw.")
    numbers = {name: np.asarray(rows[name], dtype=float) for name in NUMBERS}
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            label = rows["label"][place]
            raise OutputError(f"'{name}' of group '{label}' is {values[place]}: not finite.")
    facets = {name: [_text(value) for value in rows[name]] for name in FACETS if name in rows}
    known = {*NUMBERS, *FACETS, "label", "prob_positive"}
    details = {
        one_line(name): [_text(value) for value in values]
        for name, values in rows.items()
        if name not in known
    }
    if "prob_positive" in rows:
        positive = np.asarray(rows["prob_positive"], dtype=float)
        details["probability above 0"] = [format_probability(float(p)) for p in positive]
    colors = len(set(facets.get("color", [])))
    if colors > len(theme.COLORS):
        raise OutputError(
            f"The colour variable has {colors} values; at most {len(theme.COLORS)} can be told "
            "apart. Use it for the rows or columns, or bin it."
        )
    none = [""] * lengths["label"]
    cells = list(zip(facets.get("row", none), facets.get("column", none), strict=True))
    order = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
    tall, wide = (len({cell[side] for cell in cells}) for side in (0, 1))
    if tall * wide > MOST_PANELS:
        raise OutputError(
            f"{tall} rows by {wide} columns are {tall * wide} panels; at most {MOST_PANELS} can be "
            "read. Use variables with fewer values, or bin them."
        )
    panels = np.array([order[cell] for cell in cells])
    labels = [theme.wrap(_text(label), LABEL_LETTERS) or [""] for label in rows["label"]]
    return _Groups(numbers, labels, facets, details, panels, np.bincount(panels))


def _marks(
    groups: _Groups, level: float, counted: str
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """One record per group, ranked from the top of its panel, and what a reader can point out."""
    estimate, low, high, n = (groups.numbers[name] for name in NUMBERS)
    order = np.lexsort((-estimate, groups.panels))
    starts = np.cumsum(groups.sizes) - groups.sizes
    rank = np.empty(len(groups), dtype=int)
    rank[order] = np.arange(len(groups)) - np.repeat(starts, groups.sizes)
    # A normal posterior's 95 % interval is about four standard deviations wide.
    style = figure_style(np.concatenate([estimate, low, high]), (high - low) / 4)
    texts = {
        "estimate": [style.text(x) for x in estimate.tolist()],
        f"{percent(level)} interval": [
            f"{style.text(a)} to {style.text(b)}"
            for a, b in zip(low.tolist(), high.tolist(), strict=True)
        ],
        f"{one_line(counted)}s": [f"{x:,.10g}" for x in n.tolist()],
    }
    shown = {"group": [" ".join(lines) for lines in groups.label], **groups.details, **texts}
    records = [
        {
            "estimate": float(estimate[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "rank": int(rank[i]),
            # Equal labels stay apart, and plain sorting puts the first rank on top.
            "key": "\n".join([f"{rank[i]:06d}", *groups.label[i]]),
            **{name: values[i] for name, values in groups.facets.items()},
            **{f"about{place}": values[i] for place, values in enumerate(shown.values())},
        }
        for i in range(len(groups))
    ]
    about = [
        {"field": f"about{place}", "type": "nominal", "title": _tooltip_title(name)}
        for place, name in enumerate(shown)
    ]
    return records, about


def _bundles(groups: _Groups) -> list[dict[str, Any]]:
    """For each panel and colour, medians over neighbouring groups in the order of estimates."""
    colors = groups.facets.get("color", [""] * len(groups))
    series: dict[tuple[int, str], list[int]] = {}
    for place, key in enumerate(zip(groups.panels.tolist(), colors, strict=True)):
        series.setdefault(key, []).append(place)
    records = []
    for members in series.values():
        places = np.array(members)
        places = places[np.argsort(-groups.numbers["estimate"][places], kind="stable")]
        facets = {name: values[places[0]] for name, values in groups.facets.items()}
        steps = min(max(len(places) // GROUPS_PER_STEP, 20), MOST_STEPS)
        pieces = np.array_split(places, min(steps, len(places)))
        ends = np.cumsum([len(piece) for piece in pieces])
        for piece, end in zip(pieces, ends, strict=True):
            middle = {
                short: float(np.median(groups.numbers[name][piece]))
                for name, short in zip(NUMBERS, ("estimate", "low", "high"), strict=False)
            }
            share = float((end - len(piece) / 2) / len(places))
            records.append({**middle, **facets, "share": share})
    return records


def _layers(
    groups: _Groups,
    about: list[dict[str, str]],
    step: float,
    x_title: str,
    color_title: str,
    width: int,
) -> list[dict[str, Any]]:
    """The zero line, the intervals and the points; or the band and its line where ``step`` is 0."""
    numbers = [groups.numbers[name] for name in NUMBERS[:3]]
    largest = float(max(np.abs(values).max() for values in numbers))
    axis = theme.number_axis(x_title, largest, width)
    x = {"type": "quantitative", "scale": {"zero": True}, "axis": axis}
    hues: dict[str, Any] = {"color": {"value": theme.ACCENT}}
    shapes: dict[str, Any] = {}
    if "color" in groups.facets:
        values = list(dict.fromkeys(groups.facets["color"]))
        by = {
            "field": "color",
            "type": "nominal",
            "legend": {"title": one_line(color_title) or None, "orient": "top", "symbolOpacity": 1},
        }
        hues = {"color": {**by, "scale": {"domain": values, "range": list(theme.COLORS)}}}
        shapes = {"shape": {**by, "scale": {"domain": values, "range": list(theme.SHAPES)}}}
    zero = {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "color": theme.INK, "strokeDash": [4, 3]},
        "encoding": {"x": {**x, "field": "zero"}},
    }
    low, middle, high = {**x, "field": "low"}, {**x, "field": "estimate"}, {"field": "high"}
    if not step:
        share = _share_axis()
        return [
            {
                "mark": {"type": "area", "opacity": 0.22, "orient": "horizontal"},
                "encoding": {"x": low, "x2": high, "y": share, **hues},
            },
            zero,
            {
                "mark": {"type": "line", "strokeWidth": 2, "orient": "horizontal"},
                "encoding": {"x": middle, "y": share, "order": {"field": "share"}, **hues},
            },
        ]
    thick = 2.0 if step >= 12 else 1.4 if step >= 5 else 0.8
    size = 48 if step >= 12 else 20 if step >= 5 else 7
    y = _rank_axis(named=step > 8)
    return [
        zero,
        {
            "mark": {"type": "rule", "strokeWidth": thick, "opacity": 0.5},
            "encoding": {"x": low, "x2": high, "y": y, **hues, "tooltip": about},
        },
        {
            "mark": {"type": "point", "filled": True, "size": size, "opacity": 1},
            "encoding": {"x": middle, "y": y, **hues, **shapes, "tooltip": about},
        },
    ]


def _share_axis() -> dict[str, Any]:
    axis = {"title": "Share of groups, from the largest effect", "format": "%", "tickCount": 5}
    scale = {"domain": [1, 0]}
    return {"field": "share", "type": "quantitative", "scale": scale, "axis": axis}


def _rank_axis(named: bool) -> dict[str, Any]:
    """Names on the left where there is room for them, an unmarked order where there is not."""
    if not named:
        scale = {"zero": False, "nice": False, "reverse": True, "padding": 6}
        return {"field": "rank", "type": "quantitative", "scale": scale, "axis": None}
    axis = {
        "title": None,
        "labelExpr": "slice(split(datum.value, '\\n'), 1)",
        "labelLineHeight": LINE,
        "labelOverlap": False,
        "ticks": False,
        "grid": False,
        "labelPadding": 8,
    }
    return {"field": "key", "type": "nominal", "axis": axis}


def _panels(
    facets: Mapping[str, list[str]],
    titles: Mapping[str, str],
    layers: list[dict[str, Any]],
    width: int,
    height: int,
) -> dict[str, Any]:
    """The layers once, or once per panel; every panel has the same horizontal axis."""
    inner = {"width": width, "height": height, "layer": layers}
    sides = {
        side: {
            "field": side,
            "type": "nominal",
            "sort": list(dict.fromkeys(facets[side])),
            "title": one_line(titles[side]) or None,
            "header": {
                "labelExpr": f"{json.dumps(_headings(facets[side], room))}[datum.value]",
            },
        }
        for side, room in (("row", height), ("column", width))
        if side in facets
    }
    if not sides:
        return inner
    return {
        "facet": sides,
        "spacing": {"row": 22, "column": 36},
        "spec": inner,
        "resolve": {"scale": {"y": "independent"}},
    }


def _headings(values: Sequence[str], room: int) -> dict[str, list[str]]:
    """Each facet value in lines that fit into ``room`` pixels of bold letters."""
    return {value: theme.wrap(value, max(room // 8, 8)) for value in values}


def _counts(groups: _Groups, counted: str) -> str:
    """How many groups there are and how small.

    The figure looks as sure for a group of one row as for one of a thousand; this says which.
    """
    n = groups.numbers["n"]
    middle = float(np.median(n))
    plural = "" if middle == 1 else "s"
    total = f"{len(groups):,} group" + ("s" if len(groups) > 1 else "")
    if len(groups) == 1:
        return f"{total} of {middle:,.10g} {counted}{plural}."
    if n.min() == n.max():
        return f"{total}, each of {middle:,.10g} {counted}{plural}."
    ends = f"{n.min():,.10g} to {n.max():,.10g}"
    return f"{total}; median {middle:,.10g} {counted}{plural} per group ({ends})."


def _tooltip_title(name: str) -> str:
    """A name that tooltips show as it is.

    It becomes part of an expression, where a backslash would be read as an escape, and two names
    have a meaning of their own.
    """
    return f"{name}\u00a0" if name in ("image", "title") else name.replace("\\", "∖")


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN is not equal to itself
        return "missing"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return one_line(str(value))
