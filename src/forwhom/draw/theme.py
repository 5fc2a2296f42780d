"""One look for every figure: fonts, sizes, colours, and how text is broken into lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forwhom.draw.text import display_width, one_line

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

# Liberation Sans comes with vl-convert, so that static files look the same on every machine.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
TITLE_SIZE, SUBTITLE_SIZE, LABEL_SIZE, CAPTION_SIZE = 17, 13, 12, 11

INK, SOFT_INK, GRID = "#222222", "#555555", "#e8e8e8"
ACCENT, NEUTRAL = "#0072B2", "#7a7a7a"
# Okabe and Ito (2008), told apart with any common colour blindness, without the pale yellow;
# shapes tell them apart in print without colour.
COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
SHAPES = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down", "triangle-left")

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "padding": 14,
    "view": {"stroke": None},
    "title": {
        "color": INK,
        "fontSize": TITLE_SIZE,
        "fontWeight": "bold",
        "subtitleColor": SOFT_INK,
        "subtitleFontSize": SUBTITLE_SIZE,
        "subtitlePadding": 5,
    },
    "axis": {
        "labelColor": INK,
        "labelFontSize": LABEL_SIZE,
        "titleColor": INK,
        "titleFontSize": LABEL_SIZE,
        "titleFontWeight": "normal",
        "titlePadding": 9,
        "labelLimit": 0,
        "titleLimit": 0,
        "gridColor": GRID,
        "domain": False,
        "tickColor": GRID,
    },
    "header": {
        "labelColor": INK,
        "labelFontSize": 13,
        "labelFontWeight": "bold",
        "labelLimit": 0,
        "labelPadding": 6,
        "titleColor": SOFT_INK,
        "titleFontSize": LABEL_SIZE,
        "titleFontWeight": "normal",
        "titleLimit": 0,
        "titlePadding": 0,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": LABEL_SIZE,
        "labelLimit": 0,
        "titleColor": SOFT_INK,
        "titleFontSize": LABEL_SIZE,
        "titleFontWeight": "normal",
        "titleLimit": 0,
    },
}


BOUND = "\ue000"  # stands for a space that lines are not broken at


def wrap(text: str, most: int) -> list[str]:
    """A text in lines of at most ``most`` letters, broken between words where that is possible.

    >>> wrap("a long name of a modifier", 12)
    ['a long name', 'of a', 'modifier']
    >>> wrap("", 12)
    []
    """
    lines: list[str] = []
    line = ""
    for word in _words(text, most):
        joined = f"{line} {word}" if line else word
        if display_width(joined) <= most:
            line = joined
            continue
        if line:
            lines.append(line)
        while display_width(word) > most:
            cut = most
            while cut > 1 and display_width(word[:cut]) > most:
                cut -= 1
            lines.append(word[:cut])
            word = word[cut:]
        line = word
    return [one.replace(BOUND, " ") for one in ([*lines, line] if line else lines)]


def _words(text: str, most: int) -> list[str]:
    """Pieces that lines are broken between.

    Never before the sign of a percentage, nor at a no-break space; around "=", and between a colon
    and a number, only where the whole is longer than a line.
    """
    words: list[str] = []
    for word in one_line(text).replace(" %", "\u00a0%").split(" "):
        bound = words and (word == "=" or words[-1][-1:] == "=" or words[-1][-1:] == ":")
        if bound and (word[:1].isdigit() or word == "=" or words[-1][-1:] == "="):
            joined = f"{words[-1]}{BOUND}{word}"
            if display_width(joined) <= most:
                words[-1] = joined
                continue
        if word:
            words.append(word)
    return words


def page(
    heading: str, subtitle: str, lines: Sequence[str], width: int, body: dict[str, Any]
) -> dict[str, Any]:
    """A whole specification: title above, ``body`` in the middle, caption lines below."""
    middle_names(body)
    return {
        "$schema": SCHEMA,
        "config": CONFIG,
        "title": title(heading, subtitle, width),
        "vconcat": [{"title": caption(lines, width), **body}],
    }


def middle_names(part: Any) -> None:
    """Set names of several lines with their middle at their row: left alone, their first is."""
    if isinstance(part, list):
        for one in part:
            middle_names(one)
    if isinstance(part, dict):
        axis = part.get("axis")
        if part.get("field") == "key" and isinstance(axis, dict) and "labelLineHeight" in axis:
            half = axis["labelLineHeight"] / 2
            move = f"-(length(split(datum.value, '\\n')) - 2) * {half:g}"  # one is the place
            part["axis"] = {**axis, "labelOffset": {"expr": move}}
        for key, value in part.items():
            if key not in ("data", "axis"):
                middle_names(value)


def title(text: str, subtitle: str, width: int) -> dict[str, Any]:
    """A Vega-Lite title, broken to fit ``width`` pixels and starting at the figure's left edge."""
    lines = {
        "text": wrap(text, _letters(width, TITLE_SIZE, 0.54)),
        "subtitle": wrap(subtitle, _letters(width, SUBTITLE_SIZE)),
    }
    if not text and not subtitle:
        return {}
    shown = {key: value for key, value in lines.items() if value}
    return {"text": "", **shown, "anchor": "start", "frame": "bounds", "offset": 14}


def caption(lines: Sequence[str], width: int) -> dict[str, Any]:
    """Small print below a figure: a Vega-Lite title at the bottom."""
    broken = [piece for line in lines for piece in wrap(line, _letters(width, CAPTION_SIZE))]
    return {
        "text": broken,
        "orient": "bottom",
        "anchor": "start",
        "frame": "bounds",
        "color": SOFT_INK,
        "fontSize": CAPTION_SIZE,
        "fontWeight": "normal",
        "offset": 12,
    }


def number_axis(name: str, largest: float, width: int) -> dict[str, Any]:
    """A horizontal number axis; very large and very small numbers are written with a power."""
    lines = wrap(name, _letters(width, LABEL_SIZE))
    axis: dict[str, Any] = {
        "title": lines if len(lines) > 1 else one_line(name),
        "tickCount": max(width // 52, 4),
        "labelFlush": False,
        "labelSeparation": 6,
    }
    if largest and not 1e-4 <= largest < 1e7:
        axis["labelExpr"] = "datum.value === 0 ? '0' : format(datum.value, '.3~e')"
    return axis


def _letters(width: int, size: int, em: float = 0.48) -> int:
    """About how many letters of a font size fit into a width, at ``em`` of the size each."""
    return max(int(width / (em * size)), 12)
