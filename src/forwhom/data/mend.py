"""Delimited text that is not quite CSV: where its header is, what its quotes mean, what is no data.

Reached only for a file that cannot be read as it is. Everything left out is said.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from forwhom.data.stray_words import short
from forwhom.errors import DataError

SEARCHED = 100  # lines among which the column names are looked for
LONGEST_FIELD = 1_000  # lines that one field in quotes may run over
WIDEST = 500  # columns up to which every choice of closing quotes is tried

_REMARK = re.compile(r"\s*(?:[^\W\d][\w ]{1,30}:\s|[*©†])")
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a table, or several where quotes hold line breaks: its first, and its fields."""

    line: int
    fields: list[str]

    @property
    def held(self) -> int:
        """How many fields are not empty."""
        return sum(1 for text in self.fields if text.strip())


@dataclass(slots=True)
class Mended:
    """Column names, rows of as many fields each, their lines, and what was done."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    delimiter: str
    notes: list[str] = field(default_factory=list)


def mend(text: str, request: Sequence[str], name: str, fixed: str | None, blanks: bool) -> Mended:
    """Read text into a header and rows.

    Args:
        text: the file.
        request: the columns that are needed, by which the header is known.
        name: the file's, for messages.
        fixed: the delimiter where the file's ending says it.
        blanks: whether columns may be separated by single blanks.

    Raises:
        DataError: no header, no rows, or lines of another number of fields, by line.
    """
    notes = []
    if "\r" in text:
        whole = text.count("\r\n")
        if whole != text.count("\r") or (whole and text.count("\n") != whole):
            notes.append(f"{name} mixes kinds of line ends; each ends a line.")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.rstrip("\x1a")  # the end of a file in DOS
    if not text.strip():
        raise DataError(f"{name} is empty.")
    first = text.partition("\n")[0]
    declared = _SEP.fullmatch(first)
    skipped = 0
    if declared and fixed is None:
        fixed, skipped = declared[1], 1
    lines = text.split("\n")[skipped:]
    delimiter, at = _start(lines, request, fixed, blanks)
    width = len(_split(lines[at], delimiter))
    records = list(_records(lines, delimiter, skipped + 1, name, width))
    return from_records(records, request, name, "line", delimiter, at + skipped + 1, notes)


def from_records(
    records: Sequence[Record],
    request: Sequence[str],
    name: str,
    word: str,
    delimiter: str = ",",
    start: int = 0,
    notes: Sequence[str] = (),
) -> Mended:
    """Find header and rows among records; ``word`` is what they are counted by in messages."""
    at = next((i for i, record in enumerate(records) if record.line >= start and record.held), 0)
    found = find_header([record.fields for record in records[:SEARCHED]], request)
    at = at if found is None else found
    if not any(record.held for record in records):
        raise DataError(f"{name} is empty.")
    header = records[at].fields
    body = [record for record in records[at + 1 :] if record.held or len(header) == 1]
    while body and not body[-1].held:
        body.pop()
    made = Mended(header, [], [], delimiter, list(notes))
    before = [record for record in records[:at] if record.held]
    if before:
        made.notes.append(_left_out(before, "before the column names", name, word))
    body = _without_comments(body, made, name, word)
    body = _shaped(body, made, name)
    body = _without_footer(body, made, request, name, word)
    n = len(made.header)
    for record in body:
        if len(record.fields) != n:
            raise _ragged(record, n, name, word, delimiter)
    if not body:
        raise DataError(f"{name} has column names but no rows.")
    made.rows = [record.fields for record in body]
    made.lines = [record.line for record in body]
    return made


def find_header(rows: Sequence[Sequence[str]], request: Sequence[str]) -> int | None:
    """The first row that holds every name asked for."""
    wanted = {name.strip() for name in request}
    for i, fields in enumerate(rows):
        if wanted <= {text.strip() for text in fields}:
            return i
    return None


def _start(
    lines: Sequence[str], request: Sequence[str], fixed: str | None, blanks: bool
) -> tuple[str, int]:
    """The delimiter and the line of the header (from 0): by the names, else by regular widths."""
    head = lines[:SEARCHED]
    candidates = [fixed] if fixed else [*",;\t|", *(" " if blanks else "")]
    for delimiter in candidates:
        found = find_header([_split(line, delimiter) for line in head], request)
        if found is not None and (
            len(request) > 1 or delimiter in head[found] or len(candidates) == 1
        ):
            return delimiter, found
    plain = ["".join(line.split('"')[::2]) for line in head]
    delimiter = max(
        candidates, key=lambda d: sorted(line.count(d) for line in plain)[len(plain) // 2]
    )
    widths = [line.count(delimiter) + 1 for line in plain if line.strip()]
    usual = max(set(widths), key=widths.count)
    for i, line in enumerate(plain):
        if line.strip() and line.count(delimiter) + 1 in (usual, usual - 1):
            return delimiter, i
    return delimiter, 0


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _records(
    lines: Sequence[str], delimiter: str, first: int, name: str, width: int
) -> Iterator[Record]:
    """Records by the standard's rules for quotes, or else by the quotes that must be meant."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    found: list[Record] = []
    at = 0
    try:
        for fields in reader:
            found.append(Record(first + at, fields))
            at = reader.line_num
    except csv.Error:
        return _tolerant(lines, delimiter, first, name, width)
    return iter(found)


def _tolerant(
    lines: Sequence[str], delimiter: str, first: int, name: str, width: int
) -> Iterator[Record]:
    """Quotes inside quotes, doubled, bare or behind a backslash: one closes before a delimiter.

    Where that gives another number of fields than there are names, those quotes close that give it.
    """
    d = re.escape(delimiter)
    inside = rf'(?:[^"\\]|\\.|""(?!{d}|$)|"(?!\s*(?:{d}|$)))*'
    one = re.compile(rf'\s*"(?P<q>{inside}(?:"")?)"\s*(?={d}|$)|(?P<p>[^{d}]*)', re.DOTALL)
    at = 0
    while at < len(lines):
        for more in range(1, LONGEST_FIELD + 1):
            whole = "\n".join(lines[at : at + more])
            fields = _fields(whole, one, delimiter)
            if fields is not None or at + more >= len(lines):
                break
        if fields is None:
            raise DataError(
                f"Cannot read {name}: a quote that opens in line {first + at} never closes "
                f"('{short(lines[at])}'). Is the file cut short? Close it, or write it twice."
            )
        if len(fields) != width:
            fields = _of_width(whole, delimiter, width) or fields
        yield Record(first + at, fields)
        at += more


def _of_width(whole: str, delimiter: str, width: int) -> list[str] | None:
    """The fields of a record if some choice of closing quotes makes ``width`` of them."""
    n = len(whole)
    after = (delimiter, "")
    closing = [i for i, c in enumerate(whole) if c == '"' and whole[i + 1 : i + 2] in after]
    failed: set[tuple[int, int]] = set()

    def parse(at: int, left: int) -> list[str] | None:
        if (at, left) in failed:
            return None
        if whole[at : at + 1] == '"':
            ends = [(at + 1, i, i + 1) for i in closing if i > at]
        else:
            stop = whole.find(delimiter, at)
            stop = n if stop < 0 else stop
            ends = [(at, stop, stop)]
        for start, end, stop in ends:
            field = whole[start:end].replace('\\"', '"').replace('""', '"')
            if stop >= n:
                if left == 1:
                    return [field]
            elif left > 1 and (rest := parse(stop + 1, left - 1)) is not None:
                return [field, *rest]
        failed.add((at, left))
        return None

    return parse(0, width) if width <= WIDEST else None


def _fields(whole: str, one: re.Pattern[str], delimiter: str) -> list[str] | None:
    """The fields of a record; None where a quote is open at its end."""
    fields, at = [], 0
    while True:
        match = one.match(whole, at)
        if match is None:
            return None
        quoted = match["q"]
        if quoted is None:
            plain = match["p"]
            if plain.lstrip().startswith('"'):
                return None
            fields.append(plain)
        else:
            fields.append(quoted.replace('\\"', '"').replace('""', '"'))
        at = match.end()
        if at >= len(whole):
            return fields
        if whole[at] != delimiter:
            return None
        at += 1


def _without_comments(body: list[Record], made: Mended, name: str, word: str) -> list[Record]:
    n = len(made.header)
    said = [
        r
        for r in body
        if r.fields[0].lstrip().startswith("#") and (len(r.fields) != n or r.held == 1)
    ]
    if not said:
        return body
    made.notes.append(_left_out(said, "that are comments", name, word))
    gone = {record.line for record in said}
    return [record for record in body if record.line not in gone]


def _shaped(body: list[Record], made: Mended, name: str) -> list[Record]:
    """Rows one field longer than the header: row names of R, or a delimiter at every end."""
    n = len(made.header)
    longer = [r for r in body if len(r.fields) > n]
    if not longer:
        return body
    if all(not any(text.strip() for text in r.fields[n:]) for r in longer):
        return [Record(r.line, r.fields[:n]) if len(r.fields) > n else r for r in body]
    if len(longer) >= 0.9 * len(body) and all(len(r.fields) == n + 1 for r in longer):
        made.header = ["", *made.header]
        made.notes.append(
            f"Rows of {name} have one field more than there are column names: the first is taken "
            "as row names, as R writes them."
        )
    return body


def _without_footer(
    body: list[Record], made: Mended, request: Sequence[str], name: str, word: str
) -> list[Record]:
    """Lines after the data that hold one text: a source, a note."""
    n = len(made.header)
    single = [_is_remark(r, n) for r in body]
    if n < 2 or sum(single) > 0.2 * len(body):
        return body
    keeps_none = len(request) > 1 or made.header[:1] != list(request)
    end = len(body)
    while end and single[end - 1] and (keeps_none or len(body[end - 1].fields) < n):
        end -= 1
    if end < len(body):
        made.notes.append(_left_out(body[end:], "after the data", name, word))
    return body[:end]


def _is_remark(record: Record, n: int) -> bool:
    """Whether a line among rows of ``n`` fields is none: one text of several words, or "Source:".

    One word in a line that is too short may be the beginning of a row that was cut off.
    """
    text = record.fields[0].strip()
    if len(record.fields) < n and _REMARK.match(text):
        return True
    if record.held > 1 or not text or _is_number(record):
        return False
    return n > 2 if len(record.fields) == n else " " in text


def _is_number(record: Record) -> bool:
    text = next((text for text in record.fields if text.strip()), "")
    try:
        float(text)
    except ValueError:
        return False
    return True


def _left_out(records: Sequence[Record], where: str, name: str, word: str) -> str:
    first, last = records[0], records[-1]
    one = len(records) == 1
    lines = f"{word.capitalize()} {first.line}" if one else (
        f"{word.capitalize()}s {first.line} to {last.line}")  # fmt: skip
    if len(records) != last.line - first.line + 1 and not one:
        lines = f"{len(records)} {word}s from {first.line} to {last.line}"
    shown = next(text for text in first.fields if text.strip()).strip()
    if one:
        where = where.replace("that are comments", "that is a comment")
    return f"{lines} of {name} {where} {'is' if one else 'are'} left out ('{short(shown)}')."


def _ragged(record: Record, n: int, name: str, word: str, delimiter: str) -> DataError:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(record.fields)
    found = len(record.fields)
    return DataError(
        f"Cannot read {name}: {word} {record.line} has {found} "
        f"field{'' if found == 1 else 's'} and there are {n} column names ('"
        f"{short(out.getvalue())}'). Put values that hold {_spoken(delimiter)} in double quotes, "
        f"complete the {word}, or take it out."
    )


def _spoken(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a |"}.get(delimiter, "a blank")
