"""Excel and OpenDocument sheets through python-calamine, read by the rules of a CSV file."""

from __future__ import annotations

import datetime
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from forwhom.data.mend import Record, from_records
from forwhom.data.source import How, Reading
from forwhom.data.textfile import from_mended
from forwhom.errors import DataError, listing, nearest

MOST_BYTES = 2 * 2**30  # of a workbook once unpacked
MOST_CELLS = 200_000_000  # of one sheet: calamine holds a whole rectangle, empty cells too
_CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_REPEATED = re.compile(rb'number-(columns|rows)-repeated="(\d+)"')
_CHUNK = 2**22


def read_sheet(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read columns of one sheet; the first that is not hidden where none is named.

    Raises:
        DataError: no workbook, no such sheet, or one that is no table.
    """
    name = how.name
    _check_size(path, name)
    book = _opened(path, name)
    try:
        chosen, notes = _chosen(book, how.sheet, name)
        held = book.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
        book.close()
    except DataError:
        raise
    except BaseException as error:
        raise _unreadable(error, name) from None
    records = [Record(i, [_word(value) for value in row]) for i, row in enumerate(held, 1)]
    width = max((_width(record.fields) for record in records), default=0)
    records = [Record(record.line, record.fields[:width]) for record in records]
    where = f"sheet '{chosen}' of {name}"
    made = from_records(records, request, where, "row")
    found = from_mended(made, request, replace(how, name=where), "row")
    return replace(found, notes=(*notes, *found.notes))


def _opened(path: Path, name: str) -> Any:
    try:
        from python_calamine import CalamineWorkbook

        return CalamineWorkbook.from_path(str(path))
    except ImportError:
        raise
    except BaseException as error:
        raise _unreadable(error, name) from None


def _unreadable(error: BaseException, name: str) -> DataError:
    """For errors of any class: a panic of its Rust code is no Exception."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        raise error
    said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    if "password" in said.lower() or "encrypt" in said.lower():
        return DataError(f"{name} is protected by a password. Save it without, or as CSV.")
    return DataError(
        f"Cannot read {name}: it is damaged, or not what its ending says ({said}). Save it again, "
        "or save the sheet as CSV."
    )


def _chosen(book: Any, sheet: str | int | None, name: str) -> tuple[str, tuple[str, ...]]:
    names = list(book.sheet_names)
    if not names:
        raise DataError(f"{name} has no sheets.")
    if sheet is None:
        shown = [
            m.name for m in book.sheets_metadata if str(m.visible).endswith("Visible")
        ] or names
        if len(names) == 1:
            return names[0], ()
        return shown[0], (
            f"Sheet '{shown[0]}' of {name} is read, the first of {len(names)} "
            f"({listing(names, 6)}). Say sheet= for another.",
        )
    if str(sheet) in names:
        return str(sheet), ()
    number = int(sheet) if str(sheet).isdigit() else None
    if number is not None and 1 <= number <= len(names):
        return names[number - 1], ()
    raise DataError(
        f"There is no sheet {sheet!r} in {name}.{nearest(str(sheet), names)} Its sheets are "
        f"{listing(names)}; a number counts from 1."
    )


def _word(value: Any) -> str:
    """A cell as a CSV file would hold it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _width(fields: Sequence[str]) -> int:
    """Fields up to the last that is not empty."""
    return next((i for i in range(len(fields), 0, -1) if fields[i - 1].strip()), 0)


def _check_size(path: Path, name: str) -> None:
    """A workbook is a .zip file: what it unpacks to, and how far its sheets reach, is bounded."""
    if not zipfile.is_zipfile(path):
        return  # the old binary .xls
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise _too_large(name)
            for entry in archive.infolist():
                if entry.filename.startswith("xl/worksheets/") or entry.filename == "content.xml":
                    with archive.open(entry) as stream:
                        _check_cells(stream, name)
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error,
            zipfile.BadZipFile) as error:  # fmt: skip
        raise _unreadable(error, name) from None


def _check_cells(stream: IO[bytes], name: str) -> None:
    """Raise where the furthest cell, or one repeated, spans more cells than a sheet of data has."""
    columns = rows = 1
    repeated = 0
    read, kept = 0, b""
    while chunk := stream.read(_CHUNK):
        read += len(chunk)
        if read > MOST_BYTES:
            raise _too_large(name)
        text = kept + chunk
        for letters, number in set(_CELL.findall(text)):
            place = 0
            for letter in letters:
                place = place * 26 + letter - 64
            columns, rows = max(columns, place), max(rows, int(number))
        for _, count in set(_REPEATED.findall(text)):
            repeated = max(repeated, int(count))
        kept = text[-64:]
    if columns * rows > MOST_CELLS or repeated > 2**21:
        raise _too_large(name)


def _too_large(name: str) -> DataError:
    return DataError(
        f"{name} reaches over more cells than a sheet of data does. Delete what stands far below "
        "or beside the table, or save the sheet as CSV."
    )
