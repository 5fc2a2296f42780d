"""Delimited text, JSON Lines and Parquet files through DuckDB, without any data frame library.

A CSV file has no types, so they are read off the values of the whole file, by rules that are the
same for every version of DuckDB (what else the words of a text column may say is in ``words``):

- missing: an empty field or one of ``MISSING``; in a column of numbers also a single ``.``;
- numeric: every value is a number and none starts with a zero that a number would not have
  (``01`` is a code, and keeps its text);
- boolean: every value is ``true`` or ``false``, in any case;
- text: anything else, dates included.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from forwhom.data.arrow import from_arrow, is_polars_categorical
from forwhom.data.encode import (
    WHOLE_UP_TO,
    blanks_around,
    boolean,
    from_objects,
    locate,
    no_rows,
    numeric,
    text,
    unusable,
)
from forwhom.data.source import Gone, How, Missing, Reading, Source
from forwhom.data.table import Column
from forwhom.data.tokens import MAYBE_ZERO, MOST_MAYBE, TOKENS
from forwhom.errors import DataError

MOST_TOKENS = 100  # different words beside numbers, up to which they may say missing
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


class Irregular(Exception):
    """A file that is not delimited text from its first line to its last: it may be mended."""


def read_words(
    path: Path,
    width: int,
    delimiter: str,
    places: Sequence[int],
    request: Sequence[str],
    missing: Missing,
) -> tuple[list[Column], Gone]:
    """Read columns at ``places`` of a regular file with a header and ``width`` fields per line.

    Beside numbers, the words of ``TOKENS`` and those that ``missing`` names are missing; they are
    returned with their rows, by column.

    Raises:
        Irregular: anything that DuckDB cannot read as such.
    """
    import duckdb

    # Columns go by position: names of any kind, even equal ones, never meet SQL.
    types = ", ".join(f"'f{i}': 'VARCHAR'" for i in range(width))
    empty = ", ".join(f"'{word}'" for word in MISSING)
    chosen = ", ".join(f"f{place} as c{i}" for i, place in enumerate(places))
    query = (
        f"create temp table held as select {chosen} from read_csv($path, auto_detect=false, "
        f"columns={{{types}}}, delim=$delimiter, quote='\"', escape='\"', header=true, "
        f"nullstr=[{empty}], compression='none', parallel=$parallel)"
    )
    fields = {"path": _literal(path), "delimiter": delimiter}
    with connect() as con:
        try:
            con.execute(query, fields | {"parallel": True})
        except duckdb.Error as error:
            if "Parallel CSV Reader" not in str(error):
                raise Irregular(str(error)) from None
            # Long quoted fields with line breaks can defeat DuckDB's parallel reader.
            try:
                con.execute(query, fields | {"parallel": False})
            except duckdb.Error as again:
                raise Irregular(str(again)) from None
        if _is_empty(con):
            raise Irregular("no rows")
        gone: dict[str, list[tuple[str, int]]] = {}
        columns = []
        for i, name in enumerate(request):
            column, gone[name] = _from_words(con, i, name, missing.get(name))
            columns.append(column)
        return columns, gone


def _from_words(
    con: Any, i: int, name: str, request: Sequence[object] | None
) -> tuple[Column, list[tuple[str, int]]]:
    """One column of the table ``held`` whose fields are all text, by the rules above.

    With it the words that are missing in it, ``request`` or known, and the rows of each.
    """
    number = _AS_NUMBER.format(c=f"c{i}")
    n, n_numbers, n_dots, n_booleans = con.execute(
        f"select count(c{i}), count({number}), count(*) filter (c{i} = '.'), "
        f"count(*) filter (lower(c{i}) in ('true', 'false')) from held"
    ).fetchone()
    gone: list[tuple[str, int]] = []
    as_it_stands = request is not None and not request
    if 0 < n_numbers < n and not as_it_stands:
        gone = _tokens(con, i, n, request or ())
    if gone or n_numbers + n_dots == n:
        return _numbers(con, i, name, f"try_cast(c{i} as double)"), gone
    if n_booleans == n:
        return boolean(name, _filled(con, f"(lower(c{i}) = 'true')::double")), gone
    return _from_text(con, i, name), gone


def _tokens(con: Any, i: int, n: int, request: Sequence[object]) -> list[tuple[str, int]]:
    """Make missing the words beside the numbers of a column, where they all say that they are.

    In the engine, as a long column has too many different numbers to look at one by one.
    """
    number = _AS_NUMBER.format(c=f"c{i}")
    found = con.execute(
        f"select c{i}, count(*) from held where c{i} is not null and {number} is null "
        f"group by c{i} order by 2 desc, 1 limit {MOST_TOKENS + 1}"
    ).fetchall()
    known = {str(code).strip() for code in request} | TOKENS | MAYBE_ZERO
    zeros = sum(rows for word, rows in found if word.strip() in MAYBE_ZERO and word not in request)
    strange = any(word.strip() not in known for word, _ in found)
    if strange or len(found) > MOST_TOKENS or zeros > MOST_MAYBE * n:
        return []
    con.execute(f"update held set c{i} = null where c{i} is not null and {number} is null")
    return [(str(word).strip(), int(rows)) for word, rows in found]


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


def read_json_lines(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read fields of a file with one JSON object per line; a field may be absent from some."""
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in request]
    fields = {"path": _literal(path), "pointers": pointers}
    chosen = ", ".join(
        f"v[{i + 1}]->>'$' as c{i}, json_type(v[{i + 1}]) as t{i}" for i in range(len(request))
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
        for i, name in enumerate(request):
            found = con.execute(f"select distinct t{i} from held").fetchall()
            if found == [(None,)]:
                keys = _json_keys(con, path) if keys is None else keys
                locate(keys, [name], path.name)
            kinds = {kind for (kind,) in found} - {None, "NULL"}
            columns.append(_from_json(con, i, name, kinds, path.name))
        return Reading(columns, Source(how.name))


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
    if "VARCHAR" in kinds:
        return replace(_from_text(con, i, name), mixed=True)
    truth = f"case when t{i} = 'BOOLEAN' then (c{i} = 'true')::double else try_cast(c{i} as double)"
    return numeric(name, _filled(con, f"{truth} end"))


def read_parquet(path: Path, request: Sequence[str], how: How) -> Reading:
    """Read columns of a Parquet file; categories that pandas or polars wrote keep their order."""
    with connect() as con:
        fields = {"path": _literal(path)}
        _run(con, path, "from read_parquet($path) limit 0", fields)
        described = [(column[0], str(column[1])) for column in con.description]
        known = _parquet_names(con, fields, described)
        places = locate(known, request, path.name)
        kinds = [described[place][1] for place in places]
        names = [described[place][0].replace('"', '""') for place in places]
        chosen = [
            f'"{quoted}"{_cast(kind, name, path.name)}'
            for quoted, kind, name in zip(names, kinds, request, strict=True)
        ]
        words = [i for i, kind in enumerate(kinds) if kind == "VARCHAR"]
        plain = [i for i, kind in enumerate(kinds) if kind != "VARCHAR"]
        made: dict[int, Column] = {}
        if words:
            own = [known[places[i]] for i in words]
            ordered = _categories(con, path, own, words)
            made |= {i: replace(column, name=request[i]) for i, column in ordered.items()}
            picked = ", ".join(f"{chosen[i]} as c{i}" for i in words)
            query = f"create temp table held as select {picked} from read_parquet($path)"
            _run(con, path, query, fields)
            if _is_empty(con):
                raise no_rows(path.name)
            made |= {i: _from_text(con, i, request[i]) for i in words if i not in made}
        if plain:
            picked = ", ".join(f"{chosen[i]} as c{i}" for i in plain)
            _run(con, path, f"select {picked} from read_parquet($path)", fields)
            for i, array in zip(plain, con.fetchnumpy().values(), strict=True):
                made[i] = _from_array(request[i], array, kinds[i], path.name)
            if not len(made[plain[0]].values):
                raise no_rows(path.name)
        columns = [made[i] for i in range(len(request))]
        return Reading(columns, Source(how.name), blanks_around(known, request, how.name))


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
        table.validate(full=True)
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
    """The reader's first words, less its hints on options that nobody here can set."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = (lines[0] if lines else type(error).__name__).rstrip(".")
    return DataError(
        f"Cannot read {path.name}: it is damaged, cut short, or not what its ending says "
        f"({said}). Copy or write it again, or export the data as CSV."
    )
