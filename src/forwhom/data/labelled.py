"""Stata, SPSS and SAS files through pyreadstat, with the labels of columns and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from forwhom.data.encode import blanks_around, from_objects, locate, no_rows
from forwhom.data.source import Found, How, Source
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
_SPOKEN = {"CP1252": "Windows-1252", "ISO-8859-1": "Latin-1"}


def read_labelled(path: Path, asked: Sequence[str], how: How) -> Found:
    """Read columns; values the author marked as missing (.a in Stata, -9 in SPSS) are missing.

    Labels are kept of values that occur. Texts are read in the file's own encoding, or where they
    are not in it, as Windows-1252 and then Latin-1.
    """
    name, encoding = how.name, how.encoding
    if encoding is not None:
        data, about, names = _columns(path, asked, name, encoding)
        return _found(data, about, names, asked, name, ())
    try:
        data, about, names = _columns(path, asked, name, None)
        return _found(data, about, names, asked, name, ())
    except _Undecodable as error:
        undecodable = error
    for tried in _FALLBACKS:
        try:
            data, about, names = _columns(path, asked, name, tried)
        except _Undecodable:
            continue
        note = (
            f"Texts of {name} are not in the encoding it says they are in, and are read as "
            f"{_SPOKEN[tried]} where they are not UTF-8. Say encoding= where letters look wrong."
        )
        return _found(data, about, names, asked, name, (note,), tried)
    raise undecodable


class _Undecodable(DataError):
    """Texts that are not in the encoding they are read in."""


def _columns(
    path: Path, asked: Sequence[str], name: str, encoding: str | None
) -> tuple[Any, Any, list[str]]:
    _, about = _read(path, name, encoding, metadataonly=True)
    places = locate(about.column_names, asked, name)
    names = [about.column_names[place] for place in places]
    data, about = _read(path, name, encoding, usecols=names)
    return data, about, names


def _found(
    data: Any,
    about: Any,
    names: Sequence[str],
    asked: Sequence[str],
    where: str,
    notes: tuple[str, ...],
    fallback: str | None = None,
) -> Found:
    if not len(data[names[0]]):
        raise no_rows(where)
    mended = (lambda text: _mended(text, fallback)) if fallback else (lambda text: text)
    columns = []
    for name, held in zip(asked, names, strict=True):
        values = _as_list(data[held])
        if fallback:
            values = [mended(value) if isinstance(value, str) else value for value in values]
        column = from_objects(name, values, where)
        labels = {
            mended(k) if isinstance(k, str) else k: mended(str(text))
            for k, text in about.variable_value_labels.get(held, {}).items()
        }
        label = about.column_names_to_labels.get(held)
        column = replace(
            column,
            value_labels=_labels(labels, column),
            label=mended(label) if label else None,
        )
        if column.kind == "numeric" and column.labelled:
            from forwhom.data.refusals import says_missing

            texts = (labels[k] for k in sorted(k for k in labels if not isinstance(k, str)))
            column = replace(column, declared=tuple(t for t in texts if not says_missing(t)))
        columns.append(column)
    return Found(columns, Source(where), (*blanks_around(names, asked, where), *notes))


def _mended(text: str, read_as: str) -> str:
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
            raise _Undecodable(
                f"Texts of {name} are not in the encoding {encoding or 'that it says'}. Say "
                "encoding= with the one they are in, such as encoding='cp1252' (Windows), 'latin1' "
                "or 'gb18030', or save the file again as Stata 14 or later, or as UTF-8."
            ) from error
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
