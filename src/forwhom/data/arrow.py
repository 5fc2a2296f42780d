"""Arrow arrays to columns; shared by pyarrow, polars, Feather and every engine but pandas.

Tests: tests/data/test_frames.py
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from forwhom.data.encode import (
    WHOLE_UP_TO,
    boolean,
    categories,
    from_objects,
    numeric,
    text,
    unusable,
)
from forwhom.data.keys import DICTIONARY, KeyType
from forwhom.data.table import Column


def from_arrow(name: str, array: Any, where: str, keep_order: bool = True) -> Column:
    """A column from a pyarrow Array or ChunkedArray.

    A dictionary keeps its order of categories unless ``keep_order`` is off. Raises DataError for
    dates, lists and other types that are no number, boolean or text.
    """
    column = _from_arrow(name, array, where, keep_order)
    plain = column.native.name == ""  # a dictionary has named its own
    return replace(column, native=KeyType("pyarrow", str(array.type))) if plain else column


def _from_arrow(name: str, array: Any, where: str, keep_order: bool) -> Column:
    import pyarrow as pa

    kind = array.type
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if pa.types.is_null(kind):
        return numeric(name, np.full(len(array), np.nan))
    if pa.types.is_boolean(kind):
        return boolean(name, _floats(chunked.cast(pa.uint8())))
    if pa.types.is_floating(kind):
        return numeric(name, _floats(chunked))
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return _whole(name, chunked, where)
    if pa.types.is_dictionary(kind):
        return _from_dictionary(name, chunked, where, keep_order)
    if _is_text(kind):
        encoded = chunked.cast(pa.large_string()).dictionary_encode()
        return _from_dictionary(name, encoded, where, keep_order=False)
    raise unusable(name, str(kind), where)


def is_polars_categorical(field: Any) -> bool:
    """Whether an Arrow field was a polars Categorical, whose order has no meaning."""
    return any(key.startswith(b"_PL_CATEGORICAL") for key in field.metadata or {})


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    is_view = getattr(pa.types, "is_string_view", lambda _: False)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view(kind))


def _floats(chunked: Any) -> Any:
    import pyarrow as pa

    return chunked.cast(pa.float64(), safe=False).to_numpy()  # nulls become NaN


def _whole(name: str, chunked: Any, where: str) -> Column:
    """Integers and decimals, those too long for a float as they are."""
    import pyarrow as pa

    held = _floats(chunked)
    integer = bool(pa.types.is_integer(chunked.type))
    if not (np.abs(held[~np.isnan(held)]) >= WHOLE_UP_TO).any():
        return numeric(name, held, integer=integer)
    if not integer:
        return from_objects(name, chunked.to_pylist(), where)
    missing = np.isnan(held)
    return numeric(name, chunked.fill_null(0).to_numpy(), missing)


def _from_dictionary(name: str, chunked: Any, where: str, keep_order: bool) -> Column:
    import pyarrow as pa

    kind = chunked.type.value_type
    if not (_is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        if pa.types.is_null(kind):
            return numeric(name, np.full(len(chunked), np.nan))
        if not pa.types.is_boolean(kind):
            raise unusable(name, str(kind), where)
    whole = chunked.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # older pyarrow, or no chunk at all
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], type=chunked.type)
    given = whole.dictionary.to_pylist()
    codes = whole.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    if not keep_order:
        return text(name, codes, ["" if level is None else level for level in given])
    known = tuple(category for category in given if category is not None)
    native = KeyType("pyarrow", f"{DICTIONARY}{kind}", known, bool(chunked.type.ordered))
    return categories(name, codes, given, native, where)
