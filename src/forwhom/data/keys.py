"""Keys: the values that tables share with the user's data, in the types her library gave them.

A table of effects is joined back to the data by its grouping columns, and a join asks for more than
equal values: polars and Arrow refuse keys of two types. So a column remembers its own type, and a
table's keys return to it.

Tests: tests/test_joins.py
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DICTIONARY = "dictionary of "  # before the type of an Arrow dictionary's values

type Category = str | float | int | bool | tuple[float, float]


@dataclass(frozen=True, slots=True)
class KeyType:
    """The type of a column in its own library.

    Attributes:
        engine: "pandas", "polars" or "pyarrow"; empty where the source knows no such type.
        name: the type as that library writes it, such as "Int64"; "interval" for bins.
        categories: those declared, in their order; an interval is its two ends.
        ordered: whether the library says that their order has a meaning.
        closed: which end belongs to the intervals.
        bounds: for bins, the names of the table's columns with their ends.
    """

    engine: str = ""
    name: str = ""
    categories: tuple[Category, ...] = ()
    ordered: bool = False
    closed: str = "right"
    bounds: tuple[str, ...] = ()


def category_text(category: object) -> str:
    """A category as a level's text: whole numbers without a point.

    >>> category_text(2.0), category_text(True), category_text("a")
    ('2', 'True', 'a')
    """
    if isinstance(category, float | np.floating) and float(category).is_integer():
        return str(int(category))
    return str(category)


def own_categories(kind: KeyType, texts: Sequence[str]) -> tuple[Category, ...]:
    """The categories that levels' texts stand for; the text itself where there is none.

    Intervals stay texts until a table goes to the library that has them.

    >>> own_categories(KeyType("pandas", "category", (1, 2)), ["2", "a"])
    (2, 'a')
    """
    known = {category_text(c): c for c in kind.categories if not isinstance(c, tuple)}
    return tuple(known.get(text, text) for text in texts)


def interval_text(ends: tuple[float, float], closed: str) -> str:
    """An interval as pandas writes it.

    >>> interval_text((0, 10), "right")
    '(0, 10]'
    """
    left = "[" if closed in ("left", "both") else "("
    right = "]" if closed in ("right", "both") else ")"
    return f"{left}{ends[0]}, {ends[1]}{right}"


def to_pandas(values: Any, kind: KeyType, columns: Mapping[str, Any]) -> Any:
    """A pandas Series of keys; bins as intervals."""
    import pandas as pd

    if kind.bounds:
        low, high = (columns[name] for name in kind.bounds)
        return pd.Series(pd.arrays.IntervalArray.from_arrays(low, high, closed=kind.closed))
    held = plain_keys(values)
    if kind.engine != "pandas":
        return pd.Series(held)
    if kind.name != "category":
        return _of_type(lambda: pd.Series(_decimals(held, kind), dtype=_dtype(kind)), held)
    if any(isinstance(category, tuple) for category in kind.categories):
        categories: Any = pd.IntervalIndex.from_tuples(list(kind.categories), closed=kind.closed)
        texts = [interval_text(ends, kind.closed) for ends in kind.categories]  # type: ignore[arg-type]
        codes = [texts.index(text) for text in held]
        made = pd.Categorical.from_codes(codes, categories, ordered=kind.ordered)
        return pd.Series(made)
    return pd.Series(pd.Categorical(held, categories=list(kind.categories), ordered=kind.ordered))


def to_polars(name: str, values: Any, kind: KeyType) -> Any:
    """A polars Series of keys."""
    import polars as pl

    held = plain_keys(values)
    if kind.engine != "polars" or not kind.name:
        return pl.Series(name, held)
    if kind.categories:
        return pl.Series(name, held, dtype=pl.Enum([str(category) for category in kind.categories]))
    base, _, inside = kind.name.partition("(")
    if base == "Decimal":
        precision, scale = (int(part.split("=")[-1]) for part in inside.rstrip(")").split(","))
        wanted: Any = pl.Decimal(precision, scale)
        return pl.Series(name, [str(value) for value in held]).cast(wanted)
    wanted = getattr(pl, base, None)
    return pl.Series(name, held) if wanted is None else pl.Series(name, held, dtype=wanted)


def to_arrow(values: Any, kind: KeyType) -> Any:
    """A pyarrow Array of keys."""
    import pyarrow as pa

    held = plain_keys(values)
    if kind.engine != "pyarrow" or not kind.name:
        return pa.array(held)
    if kind.name.startswith(DICTIONARY):
        given = kind.categories or tuple(dict.fromkeys(held))
        dictionary = pa.array(list(given), pa.type_for_alias(kind.name.removeprefix(DICTIONARY)))
        place = {value: i for i, value in enumerate(dictionary.to_pylist())}
        codes = pa.array([place[value] for value in held], pa.int32())
        return pa.DictionaryArray.from_arrays(codes, dictionary, ordered=kind.ordered)
    if kind.name.startswith("decimal"):
        base, _, inside = kind.name.partition("(")
        precision, scale = (int(part) for part in inside.rstrip(")").split(","))
        wanted = {"decimal128": pa.decimal128, "decimal256": pa.decimal256}.get(base)
        texts = pa.array([str(value) for value in held])
        return pa.array(held) if wanted is None else texts.cast(wanted(precision, scale))
    return pa.array(held, pa.type_for_alias(kind.name))


def plain_keys(values: Any) -> Any:
    """Numbers as arrays, text as a list of str, so that each library picks its own text type."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return values
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def _dtype(kind: KeyType) -> Any:
    return None if kind.name in ("object", "Decimal", "") else kind.name


def _decimals(held: Sequence[Any], kind: KeyType) -> Any:
    if kind.name != "Decimal":
        return held
    from decimal import Decimal

    return [Decimal(str(value)) for value in held]


def _of_type(make: Any, held: Any) -> Any:
    """The keys in their own type, or as they come where that type cannot be named."""
    import pandas as pd

    try:
        return make()
    except (TypeError, ValueError):
        return pd.Series(held)
