"""Values of any kind to columns: numbers, booleans, codes with levels, Python objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.keys import KeyType, category_text
from forwhom.data.table import Column
from forwhom.errors import DataError, listing, nearest

_DATES = {"date", "datetime", "datetime64", "time", "timedelta", "timedelta64"} | {
    "Timestamp",
    "Timedelta",
    "Period",
}
_NESTED = {"list", "tuple", "dict", "set", "frozenset", "ndarray"}
_NUMBERS = {"int", "float", "Decimal", "Fraction"}
WHOLE_UP_TO = 2.0**53  # a float tells apart all whole numbers below


def numeric(
    name: str, values: Any, missing: NDArray[np.bool_] | None = None, integer: bool | None = None
) -> Column:
    """A numeric column; a private float64 copy of ``values``, NaN where ``missing``.

    Whole numbers too long for a float are kept as they are beside it. ``integer`` says whether the
    source's type holds whole numbers only; where it is None, the array's type does.

    >>> numeric("id", np.array([2**53, 2**53 + 1])).keys.tolist()
    [9007199254740992, 9007199254740993]
    """
    kind = str(getattr(values, "dtype", np.dtype(float)).kind)
    column = _floats(name, "numeric", values, missing)
    exact = _exact(values, column, missing) if kind in "iuO" else None
    return replace(column, integer=kind in "iu" if integer is None else integer, exact=exact)


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


def _exact(values: Any, column: Column, missing: NDArray[np.bool_] | None) -> NDArray[Any] | None:
    """The whole numbers themselves, in the smallest type that holds them, where floats do not."""
    held = np.asarray(values)
    if not len(held) or (held.dtype.kind != "O" and held.dtype.itemsize < 8):
        return None
    if max(abs(int(held.min())), abs(int(held.max()))) < WHOLE_UP_TO:
        return None
    held = np.where(column.missing if missing is None else column.missing | missing, 0, held)
    low, high = int(held.min()), int(held.max())
    if max(abs(low), abs(high)) < WHOLE_UP_TO:
        return None
    if low >= -(2**63) and high < 2**63:
        held = held.astype(np.int64)
    elif low >= 0 and high < 2**64:
        held = held.astype(np.uint64)
    held.setflags(write=False)
    return held


def text(
    name: str,
    codes: Any,
    levels: Sequence[object],
    keep_order: bool = False,
    ordered: bool = False,
) -> Column:
    """A text column from codes into ``levels`` (negative: missing).

    Empty and blank levels are missing, equal ones are merged, unused ones dropped; the rest is
    sorted unless ``keep_order``. With no value at all the column is numeric and all NaN.
    ``ordered``: the source declares what the order of its levels means.

    >>> column = text("s", np.array([1, 0, -1, 2]), ["b", "a", " "])
    >>> column.levels, column.values.tolist()
    (('a', 'b'), [0, 1, -1, -1])
    """
    held = np.asarray(codes)
    used = np.zeros(len(levels) + 1, dtype=bool)  # the last place is for missing
    used[held] = True
    names = [str(level) for level in levels]
    kept = dict.fromkeys(n for n, u in zip(names, used, strict=False) if u and n.strip())
    found = tuple(kept) if keep_order else tuple(sorted(kept))
    if not found:
        return numeric(name, np.full(held.shape, np.nan))
    place = {level: code for code, level in enumerate(found)}
    recode = np.array([place.get(n, -1) for n in names] + [-1], dtype=np.int32)
    declared = tuple(dict.fromkeys(n for n in names if n.strip())) if keep_order else ()
    return Column(name, "text", recode[held], found, ordered=ordered, declared=declared)


def categories(name: str, codes: Any, given: Sequence[Any], native: KeyType, where: str) -> Column:
    """A column of declared categories, from codes into them (negative: missing).

    Categories of true and false make a boolean column. Categories of numbers keep the numbers
    behind their levels, so that the column can serve as either.

    Raises:
        DataError: two categories of different types that read alike, such as 1 and "1".
    """
    held = np.asarray(codes)
    present = [category for category in given if category is not None]
    if present and all(isinstance(category, bool | np.bool_) for category in present):
        truth = np.array([np.nan if c is None else float(c) for c in given] + [np.nan])
        return replace(boolean(name, truth[held]), native=native)
    texts = ["" if category is None else category_text(category) for category in given]
    shown = [name for name in texts if name.strip()]
    if len(set(shown)) < len(shown):
        twice = next(text for text in shown if shown.count(text) > 1)
        raise DataError(
            f"Column {name!r} of {where} has two categories that read {twice!r}, one a number and "
            "one text. Make its categories all text or all numbers."
        )
    column = text(name, held, texts, keep_order=True, ordered=native.ordered)
    if column.kind != "text":
        return column
    numbers: tuple[float, ...] = ()
    if all(_is_number(category) for category in present):
        behind = dict(zip(texts, given, strict=True))
        numbers = tuple(float(behind[level]) for level in column.levels or ())
    return replace(column, numbers=numbers, native=native)


def _is_number(value: object) -> bool:
    return _family(type(value)) in ("number", "float")


def from_objects(name: str, values: Sequence[Any], where: str) -> Column:
    """A column from Python objects, its kind told by their types.

    Text mixed with numbers, or with true and false, is a text column that is ``mixed``: what was
    meant is found out with the words of all columns. Raises DataError for dates, lists and bytes.

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
    if families in ({"text", "float"}, {"text", "number"}, {"text", "number", "float"},
                    {"text", "boolean"}):  # fmt: skip
        return _mixed_texts(name, values, types)
    if "text" in families:
        raise _mixed(name, values, where)
    gone = [kind for kind, family in types.items() if family == "missing"]
    numbers = [np.nan if type(v) in gone else v for v in values] if gone else values
    if families == {"boolean"}:
        return boolean(name, np.array(numbers, dtype=object).astype(np.float64))
    try:
        column = numeric(name, np.array(numbers, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"Column {name!r} of {where} has values that are not numbers.") from None
    return _whole_objects(column, numbers, {kind.__name__ for kind in types})


def _whole_objects(column: Column, values: Sequence[Any], kinds: set[str]) -> Column:
    """The same column with its whole numbers kept as they are, where floats lose their ends.

    Args:
        values: what the column was made of, NaN where missing; kinds: the names of their types.
    """
    if "Fraction" in kinds or not (kinds & _NUMBERS - {"float"} or any("int" in k for k in kinds)):
        return column
    if not _floats_are_nan(values):
        return column
    integer = "Decimal" not in kinds
    present = ~column.missing
    if not (np.abs(column.values[present]) >= WHOLE_UP_TO).any():
        return replace(column, integer=integer)
    held = np.zeros(len(values), dtype=object)
    for i in np.flatnonzero(present).tolist():  # objects have no other way
        if not np.isfinite(column.values[i]) or values[i] != int(values[i]):
            return column
        held[i] = int(values[i])
    return numeric(column.name, held, ~present, integer)


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


def _mixed_texts(name: str, values: Sequence[Any], types: dict[type, str]) -> Column:
    """All values as texts: a word among numbers, as spreadsheets have."""

    def text_of(value: Any) -> str | None:
        family = types[type(value)]
        if family == "text":
            return str(value)
        if family == "missing" or value != value:
            return None
        return repr(float(value)) if family == "float" else str(value)

    return replace(_factorise(name, [text_of(value) for value in values]), mixed=True)


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


def locate(names: Sequence[object], request: Sequence[str], where: str) -> tuple[int, ...]:
    """Positions of the asked names among a source's column names.

    Raises DataError for a name that is not there or that several columns share.

    >>> locate(["a", "b"], ["b"], "data")
    (1,)
    """
    known = [str(name) for name in names]
    return tuple(_place(known, name, where) for name in request)


def place_of(known: Sequence[str], name: str) -> int | None:
    """Where a name is among others, blanks around them ignored where it is not there as written."""
    places = _places(known, name)
    return places[0] if len(places) == 1 else None


def blanks_around(known: Sequence[object], request: Sequence[str], where: str) -> tuple[str, ...]:
    """A note for each asked name that is in the data with blanks around it, or without them."""
    names = [str(name) for name in known]
    found = [(name, place_of(names, name)) for name in request if name not in names]
    return tuple(
        f"Column '{name}' is '{names[place]}' in {where}: blanks around a name are left out."
        for name, place in found
        if place is not None
    )


def _places(known: Sequence[str], name: str) -> list[int]:
    exact = [place for place, other in enumerate(known) if other == name]
    bare = name.strip()
    return exact or [place for place, other in enumerate(known) if other.strip() == bare]


def _place(known: list[str], name: str, where: str) -> int:
    places = _places(known, name)
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
