"""Data in memory: a dict of arrays, or any data frame narwhals knows (imported only here)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forwhom.data.arrow import from_arrow
from forwhom.data.encode import (
    boolean,
    categories,
    from_objects,
    locate,
    no_rows,
    numeric,
    text,
    unusable,
)
from forwhom.data.keys import Category, KeyType
from forwhom.data.table import Column, Table, make_table
from forwhom.errors import DataError

_LIBRARIES = {
    "pandas": "pandas DataFrame",
    "polars": "polars DataFrame",
    "pyarrow": "pyarrow Table",
}


def read_frame(data: object, request: Sequence[str]) -> Table:
    """Read the asked columns of a data frame; a lazy one is computed for these columns only."""
    import narwhals as nw

    if nw.dependencies.is_pandas_dataframe(data):
        return _read_pandas(data, request)
    library = type(data).__module__.partition(".")[0]
    if library == "pyarrow" and type(data).__name__ == "RecordBatch":
        import pyarrow as pa

        return _read_arrow(pa.Table.from_batches([data]), request)
    if nw.dependencies.is_pyarrow_table(data):
        return _read_arrow(data, request)
    try:
        frame: Any = nw.from_native(data)
    except TypeError:
        raise DataError(
            f"Cannot read data of type {type(data).__name__}. Give a pandas, polars or pyarrow "
            "table, a DuckDB relation, a dict of columns, or the path of a file."
        ) from None
    return _read_any(frame, request, f"{library} {type(data).__name__}")


def _read_any(frame: Any, request: Sequence[str], where: str) -> Table:
    import narwhals as nw

    try:
        schema = frame.collect_schema()
        known = schema.names()
        own = [known[place] for place in locate(known, request, where)]
        frame = frame.select(*own)
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    except DataError:
        raise
    except Exception as error:  # a lazy query of the user's can fail in any way
        raise DataError(f"Cannot read {where}: {_first_line(error)}") from error
    if not len(frame):
        raise no_rows(where)
    columns = [
        _from_narwhals(frame.get_column(there).alias(name), where, schema[there])
        for name, there in zip(request, own, strict=True)
    ]
    engine = str(frame.implementation.value)
    return make_table(columns, where, engine if engine in _LIBRARIES else "pyarrow")


def _from_narwhals(series: Any, where: str, declared: Any) -> Column:
    """A column from a narwhals Series; ``declared``: its type before it was computed."""
    import narwhals as nw

    if series.dtype == nw.Object:
        return from_objects(series.name, series.to_list(), where)
    polars = series.implementation.is_polars()
    native = KeyType("polars", str(series.to_native().dtype)) if polars else None
    if polars and series.dtype == nw.Categorical:
        series = series.cast(nw.String)  # the order of polars categories has no meaning
    column = from_arrow(series.name, series.to_arrow(), where)
    if declared == nw.Enum:  # the order of an enumeration is its declaration
        known = tuple(declared.categories)
        native = replace(native or column.native, name="Enum" if polars else column.native.name,
                         categories=known, ordered=True)  # fmt: skip
        column = replace(column, ordered=column.kind == "text")
    return column if native is None else replace(column, native=native)


def _read_arrow(data: Any, request: Sequence[str]) -> Table:
    where = _LIBRARIES["pyarrow"]
    places = locate(data.column_names, request, where)
    if not data.num_rows:
        raise no_rows(where)
    columns = [from_arrow(n, data.column(i), where) for n, i in zip(request, places, strict=True)]
    return make_table(columns, where, "pyarrow")


def _read_pandas(data: Any, request: Sequence[str]) -> Table:
    where = _LIBRARIES["pandas"]
    places = locate(list(data.columns), request, where)
    if not len(data):
        raise no_rows(where)
    columns = [
        _from_pandas(n, data.iloc[:, i], where) for n, i in zip(request, places, strict=True)
    ]
    return make_table(columns, where, "pandas")


def _from_pandas(name: str, series: Any, where: str) -> Column:
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _from_categorical(name, series, where)
    if kind.kind in "Mm" or isinstance(kind, pd.PeriodDtype):
        raise unusable(name, str(kind), where)
    native = KeyType("pandas", str(kind))
    if isinstance(kind, pd.ArrowDtype):
        import pyarrow as pa

        column = from_arrow(name, pa.chunked_array(series.array.__arrow_array__()), where)
        return replace(column, native=replace(column.native, engine="pandas", name=str(kind)))
    if kind.kind in "iu":
        missing = series.isna().to_numpy()
        filled = series.fillna(0) if missing.any() else series
        whole = np.asarray(filled.to_numpy(dtype=np.int64 if kind.kind == "i" else np.uint64))
        return replace(numeric(name, whole, missing), native=native)
    if kind.kind in "bf":
        held = series.to_numpy(dtype=np.float64, na_value=np.nan)
        column = boolean(name, held) if kind.kind == "b" else numeric(name, held)
        return replace(column, native=native)
    if isinstance(kind, pd.StringDtype):
        codes, levels = series.factorize()
        return replace(text(name, codes, list(levels)), native=native)
    if kind.kind == "O":
        values = series.tolist()
        column = from_objects(name, values, where)
        decimal = column.kind == "numeric" and any(type(v).__name__ == "Decimal" for v in values)
        return replace(column, native=KeyType("pandas", "Decimal" if decimal else "object"))
    raise unusable(name, str(kind), where)


def _from_categorical(name: str, series: Any, where: str) -> Column:
    """Categories in their declared order; those that pd.cut makes keep their ends."""
    import pandas as pd

    given = list(series.cat.categories.tolist())
    known: tuple[Category, ...] = tuple(given)
    closed = "right"
    shown: list[Any] = given
    if isinstance(series.cat.categories.dtype, pd.IntervalDtype):
        subtype = series.cat.categories.dtype.subtype
        closed = str(series.cat.categories.closed)
        shown = [str(interval) for interval in given]
        plain = subtype.kind in "iuf"
        known = tuple((i.left.item(), i.right.item()) for i in given) if plain else ()
    elif any(type(category).__name__ not in _PLAIN for category in given):
        shown = [str(category) for category in given]
        known = ()
    native = KeyType("pandas", "category", known, bool(series.cat.ordered), closed)
    return categories(name, series.cat.codes.to_numpy(), shown, native, where)


_PLAIN = {"str", "int", "float", "bool"}


def read_dict(data: Mapping[Any, Any], request: Sequence[str]) -> Table:
    """Read the asked columns of a dict of lists, arrays or series."""
    where = "the dict of columns"
    keys = list(data)
    places = locate(keys, request, where)
    columns = [_from_values(n, data[keys[i]], where) for n, i in zip(request, places, strict=True)]
    lengths = {column.name: len(column.values) for column in columns}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise DataError(f"The columns differ in their number of rows: {said}.")
    if not next(iter(lengths.values())):
        raise no_rows(where)
    return make_table(columns, "dict of columns", "dict")


def _from_values(name: str, values: Any, where: str) -> Column:
    if isinstance(values, list | tuple | range):
        return from_objects(name, values, where)
    if isinstance(values, np.ndarray):
        return _from_numpy(name, values, where)
    library = type(values).__module__.partition(".")[0]
    if library == "pandas" and hasattr(values, "iloc"):
        return _from_pandas(name, values, where)
    if library == "pyarrow" and hasattr(values, "type"):
        return from_arrow(name, values, where)
    if library == "polars" and hasattr(values, "to_arrow"):
        import narwhals as nw

        series = nw.from_native(values, series_only=True).alias(name)
        return _from_narwhals(series, where, series.dtype)
    raise DataError(
        f"Column {name!r} of {where} is a {type(values).__name__}; give a list or an array."
    )


def _from_numpy(name: str, values: np.ndarray[Any, Any], where: str) -> Column:
    if values.ndim != 1:
        raise DataError(
            f"Column {name!r} of {where} has {values.ndim} dimensions; give one value per row."
        )
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    kind = values.dtype.kind
    if kind in "biuf":
        return (boolean if kind == "b" else numeric)(name, np.asarray(values), mask)
    if kind in "OUT":
        return from_objects(name, values.tolist(), where)
    raise unusable(name, str(values.dtype), where)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
