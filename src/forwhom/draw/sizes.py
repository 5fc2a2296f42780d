"""A figure at a size in inches: views are stretched, text is broken anew, print made smaller.

Figures are laid out at their own size. This takes the finished chart, whatever it shows, makes its
print small enough for the width asked, breaks names, titles and captions to fit (``breaks.py``),
and stretches the views until the whole, measured by drawing it, is as large as asked.
Tests: tests/draw/test_sizes.py.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from forwhom.draw import theme
from forwhom.draw.breaks import (
    Spec,
    columns_of,
    fit_axes,
    fit_notes,
    fit_rows,
    fit_text,
    is_view,
    name_axes,
    views,
)
from forwhom.errors import OutputError

INCH = 72  # pixels
USUAL = 640  # pixels of most figures, at which print has its full size
SMALLEST = 0.6  # of the print's full size
LEAST_WIDTH, LEAST_HEIGHT = 28, 8  # pixels of a view, below which nothing can be read
NAMED, UNNAMED = 200, 90  # pixels of a panel with names of its own, from which it stands beside
ROUNDS = 8

PRINT = re.compile(
    r".*(FontSize|Padding|LineHeight)|fontSize|padding|offset|dx|dy|strokeWidth|spacing|height|step"
)


def sized(spec: Spec, width: float | None, height: float | None) -> Spec:
    """A copy of a chart, as wide and as high as asked, in inches.

    Raises:
        OutputError: too small for what the figure shows.
    """
    out = spec
    if width is not None:
        out = at_width(out, width * INCH, SMALLEST, f"width={width:g}")
    if height is None:
        return out
    out = copy.deepcopy(out) if out is spec else out
    for _ in range(ROUNDS):
        whole, high = measure(out)
        aside = 0.0 if width is None else whole - width * INCH
        if max(abs(high - height * INCH), abs(aside)) < 1:
            break
        _stretch(out, "height", height * INCH - high, f"height={height:g}")
        fit_rows(out, whole - aside, f"height={height:g}")
        if width is not None and abs(aside := measure(out)[0] - width * INCH) >= 1:
            _stretch(out, "width", -aside, f"width={width:g}")
    return out


def at_width(spec: Spec, pixels: float, smallest: float, asked: str) -> Spec:
    """A copy of a chart so many pixels wide, its print not below that share of its full size.

    Raises:
        OutputError: too narrow for what the figure shows, in the words of what was asked.
    """
    out, scale = copy.deepcopy(spec), min(max(pixels / USUAL, smallest), 1.0)
    _stack(out, pixels)
    _print(out, scale)
    fit_text(out, pixels, scale)
    for _ in range(ROUNDS):
        fit_axes(out, scale)
        fit_notes(out)
        extra = measure(out)[0] - pixels
        if abs(extra) < 1:
            break
        _stretch(out, "width", -extra, asked)
    theme.middle_names(out)
    return out


def _stack(part: Any, pixels: float) -> None:
    """Panels with names of their own stand below one another where it is narrow."""
    if isinstance(part, dict):
        if "hconcat" in part and "resolve" not in part and pixels < NAMED * len(part["hconcat"]):
            part["vconcat"] = part.pop("hconcat")
        if columns_of(part) > 1 and "row" not in part["facet"]:
            least = NAMED if _named(part) else UNNAMED
            if pixels < least * columns_of(part):
                part |= {"facet": part["facet"]["column"], "columns": 1}
                part["spacing"] = part.get("spacing", {}).get("column", 20)
        for one in part.get("vconcat", ()):
            _stack(one, pixels)


def _named(part: Spec) -> bool:
    """Whether each panel has names of its own."""
    return bool(part.get("resolve")) and any(map(name_axes, views(part)))


def measure(spec: Spec) -> tuple[float, float]:
    """Width and height of a chart in pixels, drawn."""
    import vl_convert as vl

    try:
        drawn = str(vl.vegalite_to_svg(spec, allowed_base_urls=[]))
    except ValueError as error:
        why = " ".join(str(error).split())[:200]
        raise OutputError(f"The figure could not be drawn: {why}") from error
    found = re.search(r'<svg[^>]*? width="([\d.]+)"[^>]*? height="([\d.]+)"', drawn)
    if found is None:
        raise OutputError("This version of vl-convert draws a picture that forwhom cannot measure.")
    return float(found[1]), float(found[2])


def _total(part: Spec, side: str) -> float:
    """What the views of a part add up to on one side."""
    if is_view(part):
        return float(part[side])
    if "facet" in part:
        facet = part["facet"]
        rows = facet if "field" in facet else facet.get("row")
        count = len(rows["sort"]) if rows else 1
        return _total(part["spec"], side) * (columns_of(part) if side == "width" else count)
    along, across = ("hconcat", "vconcat") if side == "width" else ("vconcat", "hconcat")
    if along in part:
        return sum(_total(one, side) for one in part[along])
    return max((_total(one, side) for one in part.get(across, ())), default=0.0)


def _stretch(spec: Spec, side: str, more: float, asked: str) -> None:
    """Make all views longer by one factor, so that the whole grows by so many pixels."""
    total, every = _total(spec, side), views(spec)
    factor = (total + more) / total
    least = LEAST_WIDTH if side == "width" else LEAST_HEIGHT
    if min(view[side] * factor for view in every) < least:
        raise OutputError(
            f"{asked} leaves no room for what this figure shows. Give more inches, or show less."
        )
    for view in every:
        view[side] *= factor


def _print(part: Any, scale: float) -> None:
    """Make print, points and lines smaller, and heights with them."""
    if isinstance(part, list):
        for one in part:
            _print(one, scale)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if key == "data":
            continue
        if not isinstance(value, int | float) or isinstance(value, bool):
            _print(value, scale)
        elif PRINT.fullmatch(key):
            part[key] = value * scale
        elif key in ("size", "symbolSize"):
            part[key] = value * scale**2
