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
CLOSE = 1.08  # from line to line of names that stand close, of their size
LEAST_PRINT = 4.5  # pixels of a name's letters
TICK = 52  # pixels from one number of an axis to the next, at full size
HEADING = 13  # pixels of the letters of a panel's heading, at full size
OVER = 1.2  # widths of a view that its axis' name may take
LONGEST = 16  # letters of a word that is not cut
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


def columns_of(part: Spec) -> int:
    """How many panels stand beside one another in a part that has a panel for each value."""
    facet = part.get("facet")
    if not isinstance(facet, dict) or "field" in facet:  # one for each value, below one another
        return 1
    return len(facet["column"]["sort"]) if "column" in facet else 1


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
        _names(
            part,
            room / (beside.get(id(part), 0) or (columns_of(part) if "resolve" in part else 1)),
            scale,
        )


def fit_axes(spec: Spec, scale: float) -> None:
    """Break axes' names for the widths of their views, and mark fewer numbers."""
    _fit_headers(spec, scale)
    for view in views(spec):
        width, above = view["width"], view.get("title")
        if isinstance(above, dict) and above.get("frame") == "group":
            _break(above, "text", width, 0.58 * HEADING * scale)
        for part in _parts(view):
            _legend(part, width / (LETTER * theme.LABEL_SIZE * scale))
            axis = part.get("axis")
            if not isinstance(axis, dict):
                continue
            if axis.get("labelAngle") == 0 and "labelExpr" in axis and "sort" in part:
                letters = width / len(part["sort"]) / (LETTER * theme.LABEL_SIZE * scale)
                axis["labelExpr"] = _mapped(axis["labelExpr"], max(int(letters), 5))
            if part.get("type") != "quantitative":
                continue
            if axis.get("title") and "orient" not in axis and "tickCount" in axis:
                _break(axis, "title", OVER * width, LETTER * theme.LABEL_SIZE * scale)
                axis["tickCount"] = max(int(width / (TICK * scale)), 3)


def fit_notes(spec: Spec) -> None:
    """Keep the first words of a note beside an interval where the whole of it has no room."""
    for view in views(spec):
        data = view.get("data")
        rows = data.get("values", []) if isinstance(data, dict) else []
        for layer in view.get("layer", []):
            encoding = layer.get("encoding", {})
            if encoding.get("text") != {"field": "note"}:
                continue
            low, high = encoding["x"]["scale"]["domain"]
            letter = LETTER * layer["mark"]["fontSize"]
            for row in rows:
                side = max(high - row["high"], row["low"] - low)  # where it stands
                room = side / (high - low) * view["width"] - abs(layer["mark"]["dx"])
                if letter * display_width(row["note"]) > room:
                    row["note"] = row["note"].partition(":")[0]


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
        facet = part.get("facet")
        if not isinstance(facet, dict):
            continue
        column = facet if "field" in facet else facet.get("column")
        if column and "labelExpr" in column.get("header", {}):
            room = views(part)[0]["width"]
            letters = max(int(room / (0.58 * HEADING * scale)), 6)
            column["header"]["labelExpr"] = _mapped(column["header"]["labelExpr"], letters)


def fit_rows(spec: Spec, pixels: float, asked: str) -> None:
    """Make names small enough for rows that stand closer, in a chart so many pixels wide.

    Raises:
        OutputError: nobody could read them.
    """
    print_size = spec["config"]["axis"]["labelFontSize"]
    for part in _parts(spec):
        keyed, every = _keyed(part), views(part)
        axes = [axis for view in every for axis in name_axes(view)]
        if not keyed or not axes:
            continue
        count = 1 + max(int(str(row["key"]).partition("\n")[0]) for row in keyed)
        step = min(view["height"] for view in every) / count
        size = axes[0].get("labelFontSize", print_size)
        room = pixels / (columns_of(part) if "resolve" in part else 1)
        while _rebreak(keyed, room, size) * size * CLOSE > step:
            size *= 0.95
            if size < LEAST_PRINT:
                raise OutputError(
                    f"{asked} leaves no room for {count} names. Give more inches, or show less."
                )
        for axis in axes:
            axis |= {"labelFontSize": size, "labelLineHeight": CLOSE * size}
    theme.middle_names(spec)


def name_axes(view: Spec) -> list[Spec]:
    """Axes that names stand on."""
    found = [part for part in _parts(view) if part.get("field") == "key"]
    return [part["axis"] for part in found if isinstance(part.get("axis"), dict)]


def _rebreak(keyed: Sequence[Spec], pixels: float, size: float) -> int:
    """Break names for letters of a size; the most lines that one takes."""
    letters, most = max(int(NAMES * pixels / (LETTER * size)), 10), 1
    for row in keyed:
        rank, *lines = str(row["key"]).split("\n")
        broken = theme.wrap(" ".join(lines), letters) or [""]
        row["key"], most = "\n".join([rank, *broken]), max(most, len(broken))
    return most


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
    joined = text if isinstance(text, str) else " ".join(text or ())
    if joined.strip():
        longest = max(map(display_width, joined.split()), default=1)
        lines = theme.wrap(joined, max(int(room / letter), min(longest, LONGEST)))
        part[key] = lines if len(lines) > 1 else lines[0]


def _keyed(part: Spec) -> list[Spec]:
    """Rows of data whose keys are names."""
    data = part.get("data")
    values = data.get("values", []) if isinstance(data, dict) else []
    return [row for row in values if isinstance(row, dict) and "\n" in str(row.get("key", ""))]


def _names(part: Spec, room: float, scale: float) -> None:
    """Break the names of rows, and make rows higher that take more lines."""
    size = theme.LABEL_SIZE * scale
    keyed = _keyed(part)
    before = max((str(row["key"]).count("\n") for row in keyed), default=1)
    after = _rebreak(keyed, room, size)
    if after > before:
        more = (5 + LINE * after) / max(ROW, 5 + LINE * before)
        for view in views(part):
            view["height"] *= more
    axis = part.get("axis")
    if part.get("field") == "key" or not isinstance(axis, dict) or "labelAngle" in axis:
        return
    if "labelExpr" in axis:
        letters = max(int(NAMES * room / (LETTER * size)), 10)
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
