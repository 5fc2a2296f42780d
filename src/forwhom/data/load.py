"""One door for data: a frame of any library, a dict of columns, or a path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forwhom.data.encode import blanks_around
from forwhom.data.source import Source
from forwhom.data.table import Table, make_table
from forwhom.data.words import Level, settle
from forwhom.errors import DataError

Pairs = Iterable[tuple[str, Sequence[Level]]]


def load(
    data: object,
    columns: Sequence[str],
    missing: Mapping[str, Sequence[Level]] | Pairs = (),
    encoding: str | None = None,
    sheet: str | int | None = None,
) -> Table:
    """Read the named columns, and no others, into a table of plain arrays.

    ``data`` is a pandas, polars (also lazy) or pyarrow table, anything else narwhals takes (a
    DuckDB relation, ...), a dict of lists or arrays, or the path of a CSV, TSV, JSON Lines,
    Parquet, Feather, Stata, SPSS, SAS, Excel or OpenDocument file, also inside a .gz or .zip.
    ``missing`` names codes that stand for missing values, by column; ``encoding`` and ``sheet``
    are for files. What was done to the columns is in the table's ``notes``. Raises DataError, with
    the column or file and the way out in its message.

    >>> table = load({"y": [1.5, 2.0, None], "arm": ["b", "a", "a"]}, ["y", "arm"])
    >>> table.n_rows, table.columns["arm"].levels
    (3, ('a', 'b'))
    >>> load({"age": ["30", "41", "n/a"]}, ["age"]).notes
    ("In 'age' 'n/a' (1 row) is taken as missing.",)
    """
    asked = list(dict.fromkeys(columns))
    if not asked:
        raise DataError("No columns were asked for.")
    codes = {name: tuple(held) for name, held in dict(missing).items() if name in asked}
    if isinstance(data, str | os.PathLike):
        from forwhom.data.files import read_file

        with read_file(os.fspath(data), asked, codes, encoding, sheet) as found:
            settled, notes = settle(found.columns, codes, found.source, found.gone)
        return make_table(settled, found.source.name, "file", (*found.notes, *notes))
    if encoding is not None or sheet is not None:
        key = "sheet" if encoding is None else "encoding"
        raise DataError(f"{key}= is for files, and the data are in memory. Leave it out.")
    from forwhom.data.frames import read_dict, read_frame

    table = read_dict(data, asked) if isinstance(data, Mapping) else read_frame(data, asked)
    held = list(table.columns.values())
    settled, notes = settle(held, codes, Source(f"the {table.source}"))
    notes = (*blanks_around(_names(data, asked), asked, f"the {table.source}"), *notes)
    if all(new is old for new, old in zip(settled, held, strict=True)):
        return table if not notes else _with_notes(table, notes)
    return make_table(settled, table.source, table.engine, notes)


def _with_notes(table: Table, notes: tuple[str, ...]) -> Table:
    return Table(table.columns, table.n_rows, table.source, table.engine, table.fingerprint, notes)


def _names(data: Any, request: Sequence[str]) -> list[object]:
    """The column names of data in memory; the asked ones where it does not tell."""
    if isinstance(data, Mapping):
        return list(data)
    for name in ("column_names", "columns"):
        if name == "columns" and hasattr(data, "collect_schema"):
            return list(data.collect_schema().names())
        held = getattr(data, name, None)
        if held is not None and not callable(held):
            return list(held)
    return list(request)
