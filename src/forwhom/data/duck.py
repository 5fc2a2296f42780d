"""CSV, TSV, JSON Lines and Parquet files through DuckDB, without any data frame library.

A CSV file has no types, so they are read off the values of the whole file, by rules that are the
same for every version of DuckDB:

- missing: an empty field or one of ``MISSING``; in a column of numbers also a single ``.``;
- numeric: every value is a number and none starts with a zero that a number would not have
  (``01`` is a code, and keeps its text);
- boolean: every value is ``true`` or ``false``, in any case;
- text: anything else, dates included.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import os
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from forwhom.data.arrow import from_arrow, is_polars_categorical
from forwhom.data.encode import (
    WHOLE_UP_TO,
    boolean,
    from_objects,
    locate,
    no_rows,
    numeric,
    text,
    unusable,
)
from forwhom.data.table import Column
from forwhom.errors import DataError

_MARK = "\ufeff"  # the byte order mark that Excel puts first
MISSING = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL")

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBERS = {*_WHOLE, *("U" + kind for kind in _WHOLE), "FLOAT", "DOUBLE", "DECIMAL", "NULL"}
_ARRAYS = {kind for kind in _NUMBERS if kind.endswith("INT") or kind.endswith("INTEGER")}
_ARRAYS -= {"HUGEINT", "UHUGEINT"}  # the others come as arrays of their own type
LONGEST = 15  # digits that a float always keeps
_JSON_NUMBERS = {"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE"}
# Casting accepts 1_000, and 01; neither is meant as a number in a survey file. The comparison
# holds for text that starts with 00 to 09, and is faster than a pattern.
_AS_NUMBER = (
    "case when contains({c}, '_') or ({c} >= '00' and {c} < '0:') "
    "then null else try_cast({c} as double) end"
)


def connect() -> Any:
    """An in-memory DuckDB that fetches nothing from a network and shares the machine."""
    import duckdb

    return duckdb.connect(
        config={
            "threads": min(4, os.cpu_count() or 1),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )


def read_csv(path: Path, asked: Sequence[str]) -> list[Column]:
    """Read columns of a CSV file; the delimiter is the header's most frequent of ``, ; tab |``."""
    header, delimiter, marked = _header(path)
    places = locate(header, asked, path.name)
    # Columns go by position: names of any kind, even equal ones, never meet SQL.
    types = ", ".join(f"'f{i}': 'VARCHAR'" for i in range(len(header)))
    missing = ", ".join(f"'{word}'" for word in MISSING)
    chosen = ", ".join(f"f{place} as c{i}" for i, place in enumerate(places))
    query = (
        f"create temp table held as select {chosen} from read_csv($path, auto_detect=false, "
        f"columns={{{types}}}, delim=$delimiter, quote='\"', escape='\"', header=true, "
        f"nullstr=[{missing}], compression=$packed, parallel=$parallel)"
    )
    with connect() as con, tempfile.TemporaryDirectory() as folder:
        packed = "gzip" if path.suffix.lower() == ".gz" else "none"
        fields = {"path": _literal(path), "delimiter": delimiter, "packed": packed}
        if marked:
            fields |= {"path": str(_unmarked(path, Path(folder))), "packed": "none"}
        try:
            _run(con, path, query, fields | {"parallel": True})
        except DataError as error:
            if "Parallel CSV Reader" not in str(error):
                raise
            # Long quoted fields with line breaks can defeat DuckDB's parallel reader.
            _run(con, path, query, fields | {"parallel": False})
        if _is_empty(con):
            raise DataError(f"Cannot read {path.name}: its rows do not parse as CSV.")
        return [_from_words(con, i, name) for i, name in enumerate(asked)]


def _header(path: Path) -> tuple[list[str], str, bool]:
    """Names, delimiter, and whether a byte order mark stands before a quote."""
    try:
        with _open_text(path) as stream:
            first = stream.readline()
            marked = first.startswith(_MARK + '"')
            first = first.removeprefix(_MARK)
            delimiter = _delimiter(path, first)
            rows = csv.reader(itertools.chain([first], stream), delimiter=delimiter)
            header = next(rows, [])
            more = any(rows)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise _unreadable(path, error) from error
    if not header:
        if more:
            raise DataError(f"{path.name} starts with an empty line. Put the column names there.")
        raise DataError(f"{path.name} is empty.")
    if not more:
        raise no_rows(path.name)
    return header, delimiter, marked


def _delimiter(path: Path, first: str) -> str:
    if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")):
        return "\t"
    plain = "".join(first.split('"')[::2])  # outside quotes
    found = max(",;\t|", key=plain.count)
    return found if found in plain else ","


def _open_text(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _unmarked(path: Path, folder: Path) -> Path:
    """A copy without the byte order mark, after which DuckDB misses an opening quote."""
    copy = folder / "unmarked.csv"
    with _open_text(path) as held, copy.open("w", encoding="utf-8", newline="") as out:
        held.read(len(_MARK))
        shutil.copyfileobj(held, out)
    return copy


def _from_words(con: Any, i: int, name: str) -> Column:
    """One column of the table ``held`` whose fields are all text, by the rules above."""
    number = _AS_NUMBER.format(c=f"c{i}")
    n, n_numbers, n_dots, n_booleans = con.execute(
        f"select count(c{i}), count({number}), count(*) filter (c{i} = '.'), "
        f"count(*) filter (lower(c{i}) in ('true', 'false')) from held"
    ).fetchone()
    if n_numbers + n_dots == n:
        return _numbers(con, i, name, f"try_cast(c{i} as double)")
    if n_booleans == n:
        return boolean(name, _filled(con, f"(lower(c{i}) = 'true')::double"))
    return _from_text(con, i, name)


def _numbers(con: Any, i: int, name: str, expression: str) -> Column:
    """A column of numbers; whole ones that are too long for a float are kept digit by digit."""
    held = _filled(con, expression)
    present = held[~np.isnan(held)]
    if not (np.isfinite(present) & (present == np.floor(present))).all():
        return numeric(name, held)
    # whole numbers; of a type for whole numbers where none is written as 1.0 or 1e3
    pointed = f"c{i} <> '.' and (contains(c{i}, '.') or contains(lower(c{i}), 'e'))"
    found = con.execute(f"select count(*) filter ({pointed}) from held").fetchone()
    integer = found[0] == 0
    if not integer or not (np.abs(present) >= WHOLE_UP_TO).any():
        return numeric(name, held, integer=integer)
    column = _from_text(con, i, name)
    exact = np.array([int(w) if w.strip() != "." else 0 for w in column.levels or ()] + [0], object)
    return numeric(name, exact[column.values], np.isnan(held), integer=True)


def _from_text(con: Any, i: int, name: str) -> Column:
    """Levels and codes are made inside DuckDB, so that no row becomes a Python string."""
    if not con.execute(f"select count(c{i}) from held").fetchone()[0]:
        return numeric(name, _filled(con, f"c{i}::double"))
    con.execute(f"create type e{i} as enum (select distinct c{i} from held where c{i} is not null)")
    levels = con.execute(f"select unnest(enum_range(null::e{i}))::varchar").fetchnumpy()
    codes = con.execute(
        f"select coalesce(enum_code(c{i}::e{i})::integer, -1) from held"
    ).fetchnumpy()
    return text(name, _only(codes), list(_only(levels)))


def read_json_lines(path: Path, asked: Sequence[str]) -> list[Column]:
    """Read fields of a file with one JSON object per line; a field may be absent from some."""
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in asked]
    fields = {"path": _literal(path), "pointers": pointers}
    chosen = ", ".join(
        f"v[{i + 1}]->>'$' as c{i}, json_type(v[{i + 1}]) as t{i}" for i in range(len(asked))
    )
    query = (
        f"create temp table held as select kind, {chosen} from (select json_type(json) as kind, "
        "json_extract(json, $pointers) as v from read_ndjson_objects($path))"
    )
    with connect() as con:
        _run(con, path, query, fields)
        if _is_empty(con):
            raise DataError(f"{path.name} is empty.")
        if con.execute("select count(*) from held where kind <> 'OBJECT'").fetchone()[0]:
            raise DataError(f"{path.name} must hold one JSON object per line.")
        keys: list[str] | None = None
        columns = []
        for i, name in enumerate(asked):
            found = con.execute(f"select distinct t{i} from held").fetchall()
            if found == [(None,)]:
                keys = _json_keys(con, path) if keys is None else keys
                locate(keys, [name], path.name)
            kinds = {kind for (kind,) in found} - {None, "NULL"}
            columns.append(_from_json(con, i, name, kinds, path.name))
        return columns


def _json_keys(con: Any, path: Path) -> list[str]:
    rows = con.execute(
        "select distinct unnest(json_keys(json)) from read_ndjson_objects($path) order by 1",
        {"path": _literal(path)},
    ).fetchall()
    return [key for (key,) in rows]


def _from_json(con: Any, i: int, name: str, kinds: set[str], where: str) -> Column:
    if kinds <= _JSON_NUMBERS:
        return _numbers(con, i, name, f"c{i}::double")
    if kinds == {"BOOLEAN"}:
        return boolean(name, _filled(con, f"(c{i} = 'true')::double"))
    if kinds == {"VARCHAR"}:
        return _from_text(con, i, name)
    if kinds & {"ARRAY", "OBJECT"}:
        raise unusable(name, "list" if "ARRAY" in kinds else "struct", where)
    rows = con.execute(f"select any_value(c{i}), t{i} from held group by t{i}").fetchall()
    examples = [value if kind == "VARCHAR" else float(value == "true") if kind == "BOOLEAN" else
                float(value) for value, kind in rows if kind not in (None, "NULL")]  # fmt: skip
    return from_objects(name, examples, where)


def read_parquet(path: Path, asked: Sequence[str]) -> list[Column]:
    """Read columns of a Parquet file; categories that pandas or polars wrote keep their order."""
    with connect() as con:
        fields = {"path": _literal(path)}
        _run(con, path, "from read_parquet($path) limit 0", fields)
        described = [(column[0], str(column[1])) for column in con.description]
        places = locate(_parquet_names(con, fields, described), asked, path.name)
        kinds = [described[place][1] for place in places]
        names = [described[place][0].replace('"', '""') for place in places]
        chosen = [
            f'"{quoted}"{_cast(kind, name, path.name)}'
            for quoted, kind, name in zip(names, kinds, asked, strict=True)
        ]
        words = [i for i, kind in enumerate(kinds) if kind == "VARCHAR"]
        plain = [i for i, kind in enumerate(kinds) if kind != "VARCHAR"]
        made: dict[int, Column] = {}
        if words:
            made |= _categories(con, path, [asked[i] for i in words], words)
            picked = ", ".join(f"{chosen[i]} as c{i}" for i in words)
            query = f"create temp table held as select {picked} from read_parquet($path)"
            _run(con, path, query, fields)
            if _is_empty(con):
                raise no_rows(path.name)
            made |= {i: _from_text(con, i, asked[i]) for i in words if i not in made}
        if plain:
            picked = ", ".join(f"{chosen[i]} as c{i}" for i in plain)
            _run(con, path, f"select {picked} from read_parquet($path)", fields)
            for i, array in zip(plain, con.fetchnumpy().values(), strict=True):
                made[i] = _from_array(asked[i], array, kinds[i], path.name)
            if not len(made[plain[0]].values):
                raise no_rows(path.name)
        return [made[i] for i in range(len(asked))]


def _from_array(name: str, array: Any, kind: str, where: str) -> Column:
    values, missing = np.ma.getdata(array), np.ma.getmaskarray(array)
    if _is_long_decimal(kind):
        from decimal import Decimal

        pairs = zip(values, missing, strict=True)
        return from_objects(name, [None if m else Decimal(v) for v, m in pairs], where)
    if kind == "BOOLEAN":
        return boolean(name, values, missing)
    return numeric(name, values, missing)


def _cast(kind: str, name: str, where: str) -> str:
    if kind in ("VARCHAR", "BOOLEAN", *_ARRAYS):
        return ""
    if kind.endswith("]") or kind.partition("(")[0].strip('"') not in _NUMBERS:
        raise unusable(name, "list" if kind.endswith("]") else kind, where)
    return "::varchar" if _is_long_decimal(kind) else "::double"


def _is_long_decimal(kind: str) -> bool:
    """Whether a decimal can hold more digits than a float."""
    base, _, inside = kind.partition("(")
    return base == "DECIMAL" and int(inside.partition(",")[0]) > LONGEST


def _parquet_names(con: Any, fields: dict[str, Any], described: list[Any]) -> list[str]:
    """The names as written: DuckDB renames columns that are equal but for case."""
    rows = con.execute("select name, num_children from parquet_schema($path)", fields).fetchall()
    names, at = [], 1
    while at < len(rows):
        names.append(rows[at][0])
        ahead = 1
        while ahead:  # walk over the columns nested in this one
            ahead += (rows[at][1] or 0) - 1
            at += 1
    return names if len(names) == len(described) else [name for name, _ in described]


def _categories(con: Any, path: Path, names: list[str], at: list[int]) -> dict[int, Column]:
    """Text columns that were written as ordered categories, read by pyarrow for their order."""
    keys = con.execute(
        "select key from parquet_kv_metadata($path)", {"path": _literal(path)}
    ).fetchall()
    if (b"ARROW:schema",) not in keys:
        return {}
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        wanted = {
            name: i
            for name, i in zip(names, at, strict=True)
            if pa.types.is_dictionary(file.schema_arrow.field(name).type)
            and not is_polars_categorical(file.schema_arrow.field(name))
        }
        table = file.read(columns=list(wanted))
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    return {i: from_arrow(name, table.column(name), path.name) for name, i in wanted.items()}


def _filled(con: Any, expression: str) -> Any:
    return np.ma.filled(_only(con.execute(f"select {expression} from held").fetchnumpy()), np.nan)


def _only(arrays: dict[str, Any]) -> Any:
    return next(iter(arrays.values()))


def _literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _is_empty(con: Any) -> bool:
    return not con.execute("select count(*) from held").fetchone()[0]


def _run(con: Any, path: Path, query: str, fields: dict[str, Any]) -> None:
    import duckdb

    try:
        con.execute(query, fields)
    except duckdb.Error as error:
        if "utf-8" in str(error).lower():
            raise _not_utf8(path) from None
        raise _unreadable(path, error) from error


def _not_utf8(path: Path) -> DataError:
    return DataError(f"{path.name} is not UTF-8 text. Save it again with the encoding UTF-8.")


def _unreadable(path: Path, error: Exception) -> DataError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = lines[: next((i for i, line in enumerate(lines) if line.startswith("LINE ")), None)]
    said = " ".join(lines[:3]) or type(error).__name__
    return DataError(f"Cannot read {path.name}: {said}")
