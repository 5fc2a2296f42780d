"""Values of any kind to columns: numbers, booleans, codes with levels, Python objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.errors import DataError, listing, nearest

_DATES = {"date", "datetime", "datetime64", "time", "timedelta", "timedelta64"} | {
    "Timestamp",
    "Timedelta",
    "Period",
}
_NESTED = {"list", "tuple", "dict", "set", "frozenset", "ndarray"}
_NUMBERS = {"int", "float", "Decimal", "Fraction"}


def numeric(name: str, values: Any, missing: NDArray[np.bool_] | None = None) -> Column:
    """A numeric column; a private float64 copy of ``values``, NaN where ``missing``."""
    return _floats(name, "numeric", values, missing)


def boolean(name: str, values: Any, missing: NDArray[np.bool_] | None = None) -> Column:
    """A boolean column of 0 and 1; with no value at all it is numeric, as its kind is unknown."""
    column = _floats(name, "boolean", values, missing)
    return numeric(name, column.values) if np.isnan(column.values).all() else column


def _floats(name: str, kind: Any, values: Any, missing: NDArray[np.bool_] | None) -> Column:
    held = np.array(values, dtype=np.float64)
    if missing is not None:
        held[missing] = np.nan
    held[np.isnan(held)] = np.nan  # one bit pattern, so that fingerprints agree
    return Column(name, kind, held)


def text(name: str, codes: Any, levels: Sequence[object], keep_order: bool = False) -> Column:
    """A text column from codes into ``levels`` (negative: missing).

    Empty and blank levels are missing, equal ones are merged, unused ones dropped; the rest is
    sorted unless ``keep_order``. With no value at all the column is numeric and all NaN.

    >>> column = text("s", np.array([1, 0, -1, 2]), ["b", "a", " "])
    >>> column.levels, column.values.tolist()
    (('a', 'b'), [0, 1, -1, -1])
    """
    held = np.asarray(codes)
    used = np.zeros(len(levels) + 1, dtype=bool)  # the last place is for missing
    used[held] = True
    names = [str(level) for level in levels]
    kept = dict.fromkeys(n for n, u in zip(names, used, strict=False) if u and n.strip())
    ordered = tuple(kept) if keep_order else tuple(sorted(kept))
    if not ordered:
        return numeric(name, np.full(held.shape, np.nan))
    place = {level: code for code, level in enumerate(ordered)}
    recode = np.array([place.get(n, -1) for n in names] + [-1], dtype=np.int32)
    return Column(name, "text", recode[held], ordered)


def from_objects(name: str, values: Sequence[Any], where: str) -> Column:
    """A column from Python objects, its kind told by their types.

    Raises DataError for dates, lists, bytes and for text mixed with numbers.

    >>> from_objects("x", [1, None, 2.5], "data").values.tolist()
    [1.0, nan, 2.5]
    >>> from_objects("s", ["b", None, "a"], "data").levels
    ('a', 'b')
    """
    types = {kind: _family(kind) for kind in set(map(type, values))}
    for kind, family in types.items():
        if family == "other":
            raise unusable(name, kind.__name__, where)
    families = set(types.values()) - {"missing"}
    if "float" in families and families & {"text", "boolean"} and _floats_are_nan(values):
        families.discard("float")  # pandas marks missing text and booleans by NaN
    if families == {"text"}:
        return _factorise(name, values)
    if "text" in families:
        raise _mixed(name, values, where)
    gone = [kind for kind, family in types.items() if family == "missing"]
    numbers = [np.nan if type(v) in gone else v for v in values] if gone else values
    if families == {"boolean"}:
        return boolean(name, np.array(numbers, dtype=object).astype(np.float64))
    try:
        return numeric(name, np.array(numbers, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"Column {name!r} of {where} has values that are not numbers.") from None


def _family(kind: type) -> str:
    name = kind.__name__
    if kind is type(None) or name in {"NAType", "NaTType"}:
        return "missing"
    if issubclass(kind, str):
        return "text"
    if name in {"bool", "bool_"}:
        return "boolean"
    if issubclass(kind, float | np.floating):
        return "float"
    return "number" if issubclass(kind, np.integer) or name in _NUMBERS else "other"


def _floats_are_nan(values: Sequence[Any]) -> bool:
    return all(v != v for v in values if isinstance(v, float | np.floating))


def _factorise(name: str, values: Sequence[Any]) -> Column:
    found: dict[Any, int] = {}
    codes = [found.setdefault(v if isinstance(v, str) else None, len(found)) for v in values]
    levels = ["" if level is None else level for level in found]
    return text(name, np.array(codes, dtype=np.int64), levels)


def _mixed(name: str, values: Sequence[Any], where: str) -> DataError:
    word = next(v for v in values if isinstance(v, str))
    other = next(v for v in values if not isinstance(v, str) and v is not None and v == v)
    return DataError(
        f"Column {name!r} of {where} mixes text with other values, for instance {word!r} and "
        f"{other!r}. Make it all text or all numbers."
    )


def unusable(name: str, kind: str, where: str) -> DataError:
    """The error for a column of dates, lists or anything else that is no number or text."""
    plain = kind.lower()
    if kind in _DATES or any(word in plain for word in ("date", "time", "duration", "period")):
        way_out = "Convert it to a number (a year, days since a start) or to text first"
    elif kind in _NESTED or any(word in plain for word in ("list", "struct", "array", "map")):
        way_out = "Each row must hold one value: take it apart into columns first"
    else:
        way_out = "Convert it to numbers, true/false or text first"
    return DataError(
        f"Column {name!r} of {where} holds values of type {kind}, which forwhom cannot use. "
        f"{way_out}."
    )


def locate(names: Sequence[object], asked: Sequence[str], where: str) -> tuple[int, ...]:
    """Positions of the asked names among a source's column names.

    Raises DataError for a name that is not there or that several columns share.

    >>> locate(["a", "b"], ["b"], "data")
    (1,)
    """
    known = [str(name) for name in names]
    return tuple(_place(known, name, where) for name in asked)


def _place(known: list[str], name: str, where: str) -> int:
    places = [place for place, other in enumerate(known) if other == name]
    if not places:
        from forwhom.plan.rewrite import column_in_our_words  # only a mistake pays for it

        hint = column_in_our_words(name, known) or nearest(name, known)
        raise DataError(
            f"There is no column {name!r} in {where}.{hint} Its columns are {listing(known)}."
        )
    if len(places) > 1:
        numbers = ", ".join(str(place + 1) for place in places)
        raise DataError(
            f"{where} has {len(places)} columns named {name!r} (columns {numbers}). "
            "Rename them so that it is clear which one is meant."
        )
    return places[0]


def no_rows(where: str) -> DataError:
    """The error for data with columns and not a single row."""
    return DataError(f"{where} has column names but no rows.")
