"""CSV, TSV and other delimited text: read as it is by DuckDB, or mended first."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forwhom.data.duck import Irregular, read_words
from forwhom.data.encode import blanks_around, locate, place_of
from forwhom.data.source import How, Reading, Source
from forwhom.errors import DataError

if TYPE_CHECKING:
    from forwhom.data.mend import Mended

_MARK = "\ufeff"  # the byte order mark that Excel puts first
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_CONTROL = frozenset(range(32)) - {9, 10, 12, 13, 26}
_TAIL = 4096


def read_delimited(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read columns of a delimited file; the delimiter is the header's commonest of ``, ; tab |``.

    Raises:
        DataError: no text, no such column, or lines that are no rows of the table.
    """
    fixed = "\t" if path.name.lower().endswith((".tsv", ".tab")) else None
    if how.encoding is None:
        try:
            return _as_it_is(path, request, how, fixed)
        except (Irregular, UnicodeDecodeError, csv.Error):
            pass
    text, notes = decoded(path.read_bytes(), how.name, how.encoding)
    if notes or how.encoding:  # the encoding may be all that is out of the way
        copy = how.scratch() / "utf-8.csv"
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            found = _as_it_is(copy, request, how, fixed)
            return replace(found, notes=(*notes, *found.notes))
        except (Irregular, UnicodeError, csv.Error):
            pass
    from forwhom.data.mend import mend

    blanks = path.suffix.lower() in (".txt", ".dat")
    found = from_mended(mend(text, request, how.name, fixed, blanks), request, how, "line")
    return replace(found, notes=(*notes, *found.notes))


def from_mended(made: Mended, request: Sequence[str], how: How, word: str) -> Reading:
    """Columns of a mended table, by the same rules as those of a CSV file."""
    places = locate(made.header, request, how.name)
    copy = how.scratch() / "mended.csv"
    with copy.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(f"c{i}" for i in range(len(places)))
        writer.writerows([row[place] for place in places] for row in made.rows)
    held = range(len(places))
    columns, gone = read_words(copy, len(places), ",", held, request, how.missing)
    lines = made.lines
    source = Source(
        how.name, lambda rows: [lines[row] for row in rows], word, made.delimiter == ";"
    )
    notes = (*made.notes, *blanks_around(made.header, request, how.name))
    return Reading(columns, source, notes, gone)


def _as_it_is(path: Path, request: Sequence[str], how: How, fixed: str | None) -> Reading:
    """The fast way, for UTF-8 text that is a table from its first line to its last."""
    with path.open(encoding="utf-8", newline="") as stream:
        first = stream.readline()
        marked = first.startswith(_MARK + '"')
        first = first.removeprefix(_MARK)
        delimiter = fixed or _delimiter(first)
        rows = csv.reader(itertools.chain([first], stream), delimiter=delimiter)
        header = next(rows, [])
        body = next((row for row in rows if row), [])
    regular = len(body) == len(header) and not marked
    if not regular or any(place_of(header, one) is None for one in request):
        raise Irregular("another header")
    if _has_footer(path, len(header), delimiter):
        raise Irregular("a footer")
    places = locate(header, request, how.name)
    columns, gone = read_words(path, len(header), delimiter, places, request, how.missing)
    lines = _line_numbers(path, delimiter, len(header))
    source = Source(how.name, lines, "line", delimiter == ";")
    return Reading(columns, source, blanks_around(header, request, how.name), gone)


def _delimiter(first: str) -> str:
    plain = "".join(first.split('"')[::2])  # outside quotes
    found = max(",;\t|", key=plain.count)
    return found if found in plain else ","


def _has_footer(path: Path, width: int, delimiter: str) -> bool:
    """Whether the last line holds one field only of three or more: a source or a note."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(stream.tell() - _TAIL, 0))
        tail = stream.read().decode("utf-8", "replace").rstrip("\r\n \t\x1a")
    last = tail.replace("\r", "\n").rpartition("\n")[2]
    held = sum(1 for part in last.split(delimiter) if part.strip(' "'))
    return width > 2 and held <= 1


def _line_numbers(path: Path, delimiter: str, width: int) -> Callable[[Sequence[int]], list[int]]:
    """Lines of rows, found by reading the file once more: only a message needs them."""

    def lines(rows: Sequence[int]) -> list[int]:
        wanted, found = set(rows), {}
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter)
            next(reader)
            row, line = 0, reader.line_num + 1
            for fields in reader:
                if fields or width == 1:  # blank lines are no rows, but of a single column
                    if row in wanted:
                        found[row] = line
                    row += 1
                    if len(found) == len(wanted):
                        break
                line = reader.line_num + 1
        return [found.get(row, row + 2) for row in rows]

    return lines


def decoded(raw: bytes, name: str, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """The text of a file: as asked, as its first bytes say, as UTF-8, or as Windows writes it.

    Raises:
        DataError: bytes that are no text, or not in the encoding asked for.
    """
    if encoding is not None:
        try:
            text = raw.decode(encoding)
        except (UnicodeError, ValueError) as error:
            at = raw.count(b"\n", 0, getattr(error, "start", 0)) + 1
            raise DataError(
                f"{name} is not text in encoding='{encoding}': line {at} cannot be read so. "
                "Leave out encoding= to have the usual ones tried, or say another, such as "
                "encoding='cp1252' (Windows), 'latin-1', 'utf-8' or 'mac_roman'."
            ) from None
        return text.removeprefix(_MARK), ()
    for mark, held in _MARKS:
        if raw.startswith(mark):
            try:
                said = () if held == "utf-8-sig" else (f"{name} is read as {held.upper()} text.",)
                return raw.decode(held), said
            except UnicodeError:
                break
    if not _CONTROL.isdisjoint(raw[:100_000]):
        raise DataError(
            f"{name} is not UTF-8 text, nor any other text: it holds control characters. Is it "
            "another kind of file? Export it as CSV, or say encoding= if it is text in an encoding "
            "such as 'utf-16'."
        )
    try:
        return raw.decode("utf-8"), ()
    except UnicodeError as error:
        at = raw.count(b"\n", 0, getattr(error, "start", 0)) + 1
    try:
        text, held = raw.decode("cp1252"), "cp1252"
    except UnicodeError:
        text, held = raw.decode("latin-1"), "latin-1"
    return text, (
        f"{name} is not UTF-8 text (line {at}) and is read as {_spoken(held)}. Say encoding= where "
        "letters look wrong.",
    )


def _spoken(encoding: str) -> str:
    names = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
    return f"{names[encoding]} (encoding='{encoding}')"
