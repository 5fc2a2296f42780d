"""Stata, SPSS and SAS files through pyreadstat, with the labels of columns and values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from forwhom.data.encode import blanks_around, from_objects, locate, no_rows
from forwhom.data.source import How, Reading, Source
from forwhom.data.table import Column
from forwhom.errors import DataError

_READERS = {
    ".dta": "read_dta",
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}
# Tried in turn where a file's texts are not in the encoding that it says: old files of Windows and
# what several programs have passed on.
_FALLBACKS = ("CP1252", "ISO-8859-1")
_BYTES = "ISO-8859-1"  # in which every byte is a letter
_DICTIONARY = 2**24  # bytes among which an SPSS file says its encoding
_SPOKEN = {"CP1252": "Windows-1252", "ISO-8859-1": "Latin-1"}


def read_labelled(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read columns; values the author marked as missing (.a in Stata, -9 in SPSS) are missing.

    Labels are kept of values that occur. Texts are read in the file's own encoding, or where they
    are not in it, as Windows-1252 and then Latin-1.
    """
    if path.suffix.lower() in (".sav", ".zsav") and _has_text_codes(path, how.name):
        return _read_by_bytes(path, request, how)
    if how.encoding is not None:
        return _reading(_columns(path, request, how.name, how.encoding), request, how.name)
    try:
        return _reading(_columns(path, request, how.name, None), request, how.name)
    except _Undecodable as error:
        undecodable = error
    for tried in _FALLBACKS:
        try:
            columns = _columns(path, request, how.name, tried)
        except _Undecodable:
            continue
        found = _reading(columns, request, how.name, partial(_mended, tried))
        return replace(found, notes=(*found.notes, _note(how.name, _SPOKEN[tried])))
    raise undecodable


def _has_text_codes(path: Path, name: str) -> bool:
    """Whether labels of text codes stand in an SPSS file, or labels of no column at all.

    pyreadstat takes the process down with it where such a code is not in the file's encoding, as in
    a damaged file. Read byte by byte, as Latin-1, every code is.
    """
    _, about = _read(path, name, _BYTES, metadataonly=True)
    return any(isinstance(code, str) for held in about.value_labels.values() for code in held)


def _read_by_bytes(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read every byte as one letter, and the letters in the file's encoding afterwards."""
    encoding = how.encoding or _declared(path)
    strange: list[str] = []  # texts that are not in it

    def decode(text: str) -> str:
        if text.isascii():
            return text
        raw = text.encode("latin-1", "replace")
        try:
            return raw.decode(encoding)
        except UnicodeError:
            if how.encoding is not None:
                raise _undecodable(how.name, how.encoding) from None
            strange.append(text)
        try:
            return raw.decode("cp1252")
        except UnicodeError:
            return text

    found = _reading(_columns(path, request, how.name, _BYTES, decode), request, how.name, decode)
    notes = (_note(how.name, "Windows-1252"),) if strange else ()
    return replace(found, notes=(*found.notes, *notes))


def _declared(path: Path) -> str:
    """The encoding that an SPSS file says it is in; UTF-8 where it says none that is known."""
    with path.open("rb") as stream:
        head = stream.read(_DICTIONARY)
    for order in "<>":
        mark = struct.pack(f"{order}iii", 7, 20, 1)
        at = head.find(mark) + len(mark)
        if at >= len(mark) and len(head) >= at + 4:
            (length,) = struct.unpack_from(f"{order}i", head, at)
            said = head[at + 4 : at + 4 + max(min(length, 64), 0)].decode("ascii", "replace")
            try:
                "".encode(said.strip())
                return said.strip()
            except (LookupError, ValueError, TypeError):
                break
    return "utf-8"


def _note(name: str, encoding: str) -> str:
    return (
        f"Texts of {name} are not in the encoding it says they are in, and are read as {encoding} "
        "where they are not UTF-8. Say encoding= where letters look wrong."
    )


class _Undecodable(DataError):
    """Texts that are not in the encoding they are read in."""


def _undecodable(name: str, encoding: str | None) -> _Undecodable:
    return _Undecodable(
        f"Texts of {name} are not in the encoding {encoding or 'that it says'}. Say encoding= with "
        "the one they are in, such as encoding='cp1252' (Windows), 'latin1' or 'gb18030', or save "
        "the file again as Stata 14 or later, or as UTF-8."
    )


def _same(text: str) -> str:
    return text


def _columns(
    path: Path,
    request: Sequence[str],
    name: str,
    encoding: str | None,
    decode: Callable[[str], str] = _same,
) -> tuple[Any, Any, list[str]]:
    """The data and what is said of them, and the asked columns' names as the file has them."""
    _, about = _read(path, name, encoding, metadataonly=True)
    places = locate([decode(one) for one in about.column_names], request, name)
    names = [about.column_names[place] for place in places]
    data, about = _read(path, name, encoding, usecols=names)
    return data, about, names


def _reading(
    read: tuple[Any, Any, list[str]],
    request: Sequence[str],
    where: str,
    decode: Callable[[str], str] = _same,
) -> Reading:
    data, about, names = read
    if not len(data[names[0]]):
        raise no_rows(where)
    columns = []
    for name, held in zip(request, names, strict=True):
        values = _as_list(data[held])
        if decode is not _same:
            values = [decode(value) if isinstance(value, str) else value for value in values]
        column = from_objects(name, values, where)
        labels = {
            decode(k) if isinstance(k, str) else k: decode(str(text))
            for k, text in about.variable_value_labels.get(held, {}).items()
        }
        label = about.column_names_to_labels.get(held)
        column = replace(
            column,
            value_labels=_labels(labels, column),
            label=decode(label) if label else None,
        )
        if column.kind == "numeric" and column.labelled:
            from forwhom.data.refusals import says_missing

            texts = (labels[k] for k in sorted(k for k in labels if not isinstance(k, str)))
            column = replace(column, declared=tuple(t for t in texts if not says_missing(t)))
        columns.append(column)
    shown = [decode(name) for name in names]
    return Reading(columns, Source(where), blanks_around(shown, request, where))


def _mended(read_as: str, text: str) -> str:
    """UTF-8 text that was read byte by byte, as it was meant; any other as it is."""
    try:
        return text.encode(read_as).decode("utf-8")
    except UnicodeError:
        return text


def _read(path: Path, name: str, encoding: str | None, **options: Any) -> tuple[Any, Any]:
    import pyreadstat

    reader = getattr(pyreadstat, _READERS[path.suffix.lower()])
    if encoding is not None and path.suffix.lower() != ".por":
        options["encoding"] = encoding
    try:
        return reader(str(path), output_format="dict", **options)  # type: ignore[no-any-return]
    except Exception as error:  # pyreadstat raises errors of several unrelated classes
        said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        if isinstance(error, UnicodeError) or "encoding" in said or "convert string" in said:
            raise _undecodable(name, encoding) from error
        raise DataError(
            f"Cannot read {name}: it is damaged, cut short, or not what its ending says ({said}). "
            "Copy it again, save it again in the program that wrote it, or export the data as CSV."
        ) from error


def _as_list(values: Any) -> list[Any]:
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def _labels(labels: Mapping[Any, str], column: Column) -> tuple[tuple[Any, str], ...]:
    """Labels of the values that occur, in order; those of missing codes have letters for keys."""
    if column.kind == "text":
        levels = {level.strip() for level in column.levels or ()}
        words = {str(k).strip(): text for k, text in labels.items()}
        return tuple(sorted((k, text) for k, text in words.items() if k in levels))
    numbered = {float(k): text for k, text in labels.items() if isinstance(k, int | float)}
    if not numbered:
        return ()
    codes = np.array(sorted(numbered))
    there = codes[np.isin(codes, column.values)].tolist()
    return tuple((code, numbered[code]) for code in there)
