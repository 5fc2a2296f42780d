"""Text of a finished chart, broken anew for another width: titles, captions, names, axes, legends.

Tests: tests/draw/test_sizes.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from forwhom.draw import theme
from forwhom.draw.text import display_width
from forwhom.errors import OutputError

NAMES = 0.4  # of the width that names may take
LETTER = 0.5  # width of a letter, of its size
LINE, ROW = 14, 17  # pixels of a line of a name, and at least of a row, at full size
LEAST_PRINT = 4.5  # pixels of a name's letters
TICK = 52  # pixels from one number of an axis to the next, at full size
HEADING = 13  # pixels of the letters of a panel's heading, at full size
OVER = 1.2  # widths of a view that its axis' name may take
SYMBOL = 4  # letters that a legend's symbol takes

Spec = dict[str, Any]


def is_view(part: Spec) -> bool:
    """Whether a part of a chart has a size of its own."""
    return "width" in part and ("layer" in part or "mark" in part)


def views(part: Any) -> list[Spec]:
    """Every view of a chart that has a size."""
    if not isinstance(part, dict):
        return []
    if is_view(part):
        return [part]
    found = []
    for key in ("vconcat", "hconcat", "spec"):
        inner = part.get(key, [])
        for one in inner if isinstance(inner, list) else [inner]:
            found += views(one)
    return found


def fit_text(spec: Spec, pixels: float, scale: float) -> None:
    """Break titles, captions, names and legends for so many pixels."""
    room = pixels - 2 * spec["config"]["padding"] if "config" in spec else pixels
    if title := spec.get("title"):
        _break(title, "text", room, 0.54 * spec["config"]["title"]["fontSize"])
        _break(title, "subtitle", room, 0.48 * spec["config"]["title"]["subtitleFontSize"])
    beside = {
        id(one): len(part["hconcat"]) for part in _parts(spec) for one in part.get("hconcat", ())
    }
    for part in _parts(spec):
        caption = part.get("title")
        if part is not spec and isinstance(caption, dict) and "text" in caption:
            _break(caption, "text", room, LETTER * caption.get("fontSize", 13 * scale))
        _names(part, room / beside.get(id(part), 1), scale)


def fit_axes(spec: Spec, scale: float) -> None:
    """Break axes' names for the widths of their views, and mark fewer numbers."""
    _fit_headers(spec, scale)
    for view in views(spec):
        width = view["width"]
        for part in _parts(view):
            _legend(part, width / (LETTER * theme.LABEL_SIZE * scale))
            axis = part.get("axis")
            if part.get("type") != "quantitative" or not isinstance(axis, dict):
                continue
            if axis.get("title") and "orient" not in axis and "tickCount" in axis:
                _break(axis, "title", OVER * width, LETTER * theme.LABEL_SIZE * scale)
                axis["tickCount"] = max(int(width / (TICK * scale)), 3)


def _legend(part: Spec, letters: float) -> None:
    """Entries of a legend below one another where they do not fit beside."""
    legend = part.get("legend")
    if isinstance(legend, dict) and legend.get("orient") == "top":
        each = [display_width(str(one)) + SYMBOL for one in part["scale"]["domain"]]
        if sum(each) > letters:
            legend["columns"] = max(int(letters / max(each)), 1)


def _fit_headers(spec: Spec, scale: float) -> None:
    """Break the headings of columns of panels for the width of one."""
    for part in _parts(spec):
        column = part["facet"].get("column") if isinstance(part.get("facet"), dict) else None
        if column and "labelExpr" in column.get("header", {}):
            room = views(part)[0]["width"]
            letters = max(int(room / (0.58 * HEADING * scale)), 6)
            column["header"]["labelExpr"] = _mapped(column["header"]["labelExpr"], letters)


def fit_rows(spec: Spec, asked: str) -> None:
    """Make names small enough for rows that stand closer.

    Raises:
        OutputError: nobody could read them.
    """
    for part in _parts(spec):
        keyed = _keyed(part)
        if not keyed:
            continue
        count = 1 + max(int(str(row["key"]).partition("\n")[0]) for row in keyed)
        lines = max(str(row["key"]).count("\n") for row in keyed)
        for view in views(part):
            step = view["height"] / count
            for inner in _parts(view):
                axis = inner.get("axis")
                if inner.get("field") != "key" or not isinstance(axis, dict):
                    continue
                size = min(0.95 * step / lines, axis.get("labelFontSize", theme.LABEL_SIZE))
                if size < LEAST_PRINT:
                    raise OutputError(
                        f"{asked} leaves no room for {count} names. Give more inches, or show less."
                    )
                axis |= {"labelFontSize": size, "labelLineHeight": 1.1 * size}


def _parts(part: Any) -> Iterator[Spec]:
    """Every dictionary of a chart but its data."""
    if isinstance(part, list):
        for one in part:
            yield from _parts(one)
    if isinstance(part, dict):
        yield part
        for key, value in list(part.items()):
            if key not in ("data", "config"):
                yield from _parts(value)


def _break(part: Spec, key: str, room: float, letter: float) -> None:
    """Break a text anew."""
    text = part.get(key)
    if text:
        joined = text if isinstance(text, str) else " ".join(text)
        lines = theme.wrap(joined, max(int(room / letter), 8))
        part[key] = lines if len(lines) > 1 else lines[0]


def _keyed(part: Spec) -> list[Spec]:
    """Rows of data whose keys are names."""
    data = part.get("data")
    values = data.get("values", []) if isinstance(data, dict) else []
    return [row for row in values if isinstance(row, dict) and "\n" in str(row.get("key", ""))]


def _names(part: Spec, room: float, scale: float) -> None:
    """Break the names of rows, and make rows higher that take more lines."""
    letters = max(int(NAMES * room / (LETTER * theme.LABEL_SIZE * scale)), 10)
    keyed = _keyed(part)
    before = max((str(row["key"]).count("\n") for row in keyed), default=1)
    for row in keyed:
        rank, *lines = str(row["key"]).split("\n")
        row["key"] = "\n".join([rank, *(theme.wrap(" ".join(lines), letters) or [""])])
    after = max((str(row["key"]).count("\n") for row in keyed), default=1)
    if after > before:
        more = (5 + LINE * after) / max(ROW, 5 + LINE * before)
        for view in views(part):
            view["height"] *= more
    axis = part.get("axis")
    if part.get("field") != "key" and isinstance(axis, dict) and "labelExpr" in axis:
        axis["labelExpr"] = _mapped(axis["labelExpr"], letters)


def _mapped(expression: str, letters: int) -> str:
    """An expression that begins with names in lines, these broken anew."""
    if not expression.startswith(("{", "[[")):
        return expression
    names, end = json.JSONDecoder().raw_decode(expression)
    if isinstance(names, dict):
        broken: Any = {key: _again(lines, letters) for key, lines in names.items()}
    else:
        broken = [_again(lines, letters) for lines in names]
    return json.dumps(broken) + expression[end:]


def _again(lines: str | Sequence[str], letters: int) -> list[str]:
    text = lines if isinstance(lines, str) else " ".join(lines)
    return theme.wrap(text, letters) or [""]
