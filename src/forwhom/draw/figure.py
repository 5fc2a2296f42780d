"""A figure and its files: PNG, SVG, PDF, HTML and JSON, made without a browser or a network."""

from __future__ import annotations

import base64
import copy
import functools
import html
import json
import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwhom.draw.letters import shown
from forwhom.errors import OutputError

if TYPE_CHECKING:
    import altair

FORMATS = (".png", ".svg", ".pdf", ".html", ".json")
PPI = 200
PHONE, PHONE_PRINT = 374, 0.86  # pixels of a narrow page; print there
MARGINS = 16  # pixels of a page
EMBED = "vegaEmbed('#vega-chart', spec, opts)"
NARROW = """;
    const narrow = %s, small = window.matchMedia("(max-width: %dpx)");
    small.addEventListener("change", () => location.reload())"""
CHOSEN = EMBED.replace("spec", "small.matches ? narrow : spec")
HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>#vega-chart { overflow-x: auto; }</style>"
)
PLACE = '{"usermeta":"the chart of a forwhom figure"}'


@dataclass(frozen=True, slots=True, repr=False)
class Figure:
    """A Vega-Lite chart. Notebooks show it; ``save`` writes it.

    ``spec`` is the chart as a Vega-Lite dictionary, data included.
    """

    spec: dict[str, Any]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the figure to ``path``, whole or not at all, and return the path.

        The extension picks the format: .png (200 dots per inch), .svg, .pdf, .html (interactive,
        one file that needs no network) or .json (the Vega-Lite chart).

        Raises OutputError for another extension and for a place that cannot be written.
        """
        target = Path(path)
        write_whole(target, self._bytes(file_format(target)))
        return target

    def sized(self, width: float | None = None, height: float | None = None) -> Figure:
        """The same figure, so many inches wide and high; its own size where nothing is said.

        Raises OutputError where that leaves no room for what it shows.
        """
        if width is None and height is None:
            return self
        from forwhom.draw.sizes import sized

        return Figure(sized(_drawable(self.spec), width, height))

    def to_dict(self) -> dict[str, Any]:
        """The chart as a Vega-Lite dictionary, a copy."""
        return copy.deepcopy(self.spec)

    def chart(self) -> altair.TopLevelMixin:
        """The chart as an altair object, to restyle or to combine with others."""
        import altair

        return altair.Chart.from_dict(self.to_dict())

    def _bytes(self, kind: str) -> bytes:
        drawn = _drawable(self.spec)
        if kind == ".json":
            return json.dumps(drawn, ensure_ascii=False, indent=1).encode()
        import vl_convert as vl

        try:
            # Nothing may be fetched: every figure carries its own data.
            if kind == ".png":
                return bytes(vl.vegalite_to_png(drawn, ppi=PPI, allowed_base_urls=[]))
            if kind == ".pdf":
                return bytes(vl.vegalite_to_pdf(drawn, allowed_base_urls=[]))
            if kind == ".svg":
                return str(vl.vegalite_to_svg(drawn, allowed_base_urls=[])).encode()
            page = _page()
        except ValueError as error:
            why = " ".join(str(error).split())[:200]
            raise OutputError(f"The figure could not be drawn: {why}") from error
        # Labels come from data: none may end the script element it stands in.
        narrow, limit = _narrow(drawn)
        wide, slim = (json.dumps(one).replace("<", "\\u003c") for one in (drawn, narrow))
        page = page.replace(PLACE, wide + NARROW % (slim, limit), 1)
        title = f"<title>{html.escape(shown(self._title()) or 'Figure')}</title>"
        return page.replace("<title>Chart</title>", title, 1).encode()

    def _title(self) -> str:
        lines = self.spec.get("title", {}).get("text", [])
        return lines if isinstance(lines, str) else " ".join(lines)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """For notebooks: the interactive chart where it is understood, else a picture."""
        picture = self._bytes(".png")
        width, height = struct.unpack(">II", picture[16:24])  # in every PNG's first block
        bundle = {
            "application/vnd.vegalite.v6+json": self.to_dict(),
            "image/png": base64.b64encode(picture).decode(),
            "text/plain": repr(self),
        }
        size = {"width": width * 72 // PPI, "height": height * 72 // PPI}
        return bundle, {"image/png": size}

    def __repr__(self) -> str:
        return f"<Figure {self._title()!r}: save(path) writes {', '.join(FORMATS)}>"


def _drawable(part: Any) -> Any:
    """A chart in letters that can be drawn; names of columns stay the same in all its places.

    >>> _drawable({"a\\0": ["b\\u2028c", 1]})
    {'a␀': ['b c', 1]}
    """
    if isinstance(part, dict):
        return {_drawable(key): _drawable(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_drawable(item) for item in part]
    return shown(part) if isinstance(part, str) else part


def _narrow(drawn: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The chart for the screen of a phone, and up to how many pixels of screen it is shown.

    Nothing, and 0, where it fits as it is; a chart that cannot be as narrow can be scrolled.
    """
    from forwhom.draw.sizes import at_width, measure

    whole = measure(drawn)[0]
    if whole <= PHONE:
        return {}, 0
    try:
        return at_width(drawn, PHONE, PHONE_PRINT, "a narrow screen"), round(whole) + MARGINS
    except OutputError:
        return {}, 0


@functools.cache
def _page() -> str:
    """An offline page with Vega and Vega-Lite, 0.9 MB, and ``PLACE`` where the chart goes."""
    import vl_convert as vl

    page = str(vl.vegalite_to_html(PLACE, bundle=True))
    if page.count(PLACE) != 1 or page.count(EMBED) != 1:
        raise OutputError("This version of vl-convert makes a page that forwhom does not know.")
    return page.replace(EMBED, CHOSEN).replace("</head>", f"{HEAD}</head>", 1)


def file_format(path: Path) -> str:
    """The format a path's extension names, such as ``.png``.

    >>> file_format(Path("figure.PNG"))
    '.png'
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        named = f"extension {path.suffix!r}" if path.suffix else "no extension"
        raise OutputError(f"'{path}' has {named}: a figure is saved as {', '.join(FORMATS)}.")
    return kind


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then moved there.

    Raises OutputError where the folder is missing or cannot be written.
    """
    if not os.path.isdir(path.parent):  # noqa: PTH112 - pathlib's raises for odd names
        raise OutputError(f"Cannot write '{path}': there is no folder '{path.parent}'.")
    part = path.parent / f".{secrets.token_hex(6)}.part"
    try:
        part.write_bytes(content)
        part.replace(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"Cannot write '{path}': {why}.") from error
    finally:
        part.unlink(missing_ok=True)
