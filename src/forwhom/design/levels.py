"""Levels: what a column's values are called, and which value each row holds.

One place gives every level its name, wherever it is shown: groups, clusters, arms, C() levels and
categories of the outcome. No two levels of a column share a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.digits import FULL_BELOW, number_texts
from forwhom.data.keys import Category, KeyType, own_categories
from forwhom.data.table import Column
from forwhom.design.distinct import distinct_codes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SAME = 1e-12  # numbers that differ by a smaller share are one level
NOTHING = 1e-12  # what is smaller, and that much smaller than every other value, is zero


@dataclass(frozen=True, slots=True)
class Keys:
    """The values of one column behind its levels, as its source has them, to join tables by.

    Attributes:
        values: per level, in the source's own kind: true or false, a number, or text.
        type: the column's type in its own library.
        low, high: the ends of bins, the low one open and the high one closed; else empty.
    """

    values: tuple[Category, ...]
    type: KeyType
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The levels of one column.

    Attributes:
        codes: (n,) which level each row holds.
        texts: the levels' names, all different.
        numbers: the levels' numbers; None for text, truth values, labelled and binned columns.
        keys: the values behind the levels.
    """

    codes: IntArray
    texts: tuple[str, ...]
    numbers: tuple[float, ...] | None
    keys: Keys


def unique_names(names: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    """Names that differ: where several share one, each has its own code behind it.

    Args:
        names: what the levels are called; own: their codes, all different.

    >>> unique_names(["Yes", "Other", "Other"], ["1", "8", "9"])
    ('Yes', 'Other (8)', 'Other (9)')
    """
    if len(set(names)) == len(names):
        return tuple(names)
    counts = Counter(names)
    pairs = list(zip(names, own, strict=True))
    some = tuple(name if counts[name] == 1 else f"{name} ({code})" for name, code in pairs)
    if len(set(some)) == len(some):
        return some
    every = tuple(f"{name} ({code})" for name, code in pairs)  # a label can read "Other (8)" itself
    return every if len(set(every)) == len(every) else tuple(own)


def level_names(column: Column, distinct: Sequence[Any] = ()) -> tuple[str, ...]:
    """The name of every level of a column, in order, all different.

    Args:
        distinct: the values of a column of numbers or truth values; a text column has its own.

    >>> column = Column("v", "numeric", np.array([1.0, 8.0, 9.0]), value_labels=((8, "Other"),))
    >>> level_names(column, [1.0, 8.0, 9.0])
    ('1', 'Other', '9')
    """
    labels: dict[Any, str] = dict(column.value_labels)
    if column.kind == "text":
        values: Sequence[Any] = column.levels or ()
        own = tuple(values)
    else:
        values = [value.item() if isinstance(value, np.generic) else value for value in distinct]
        own = number_texts(values)
        if column.kind == "boolean":
            labels = {0.0: "False", 1.0: "True"} | labels
    names = [labels.get(value) or code for value, code in zip(values, own, strict=True)]
    return unique_names(names, own)


def levels_of(column: Column, cuts: FloatArray | None) -> Levels:
    """Grouping codes of the rows, with the names, numbers and keys of their levels.

    Args:
        column: any kind; numeric columns are taken value by value unless ``cuts`` are given.
        cuts: interior cut points for a continuous column.
    """
    if column.kind == "text":
        texts = level_names(column)
        labelled = texts != column.levels
        own = texts if labelled else own_categories(column.native, texts)
        keys = Keys(own, KeyType() if labelled else column.native)
        return Levels(column.values.astype(np.int64), texts, None, keys)
    if cuts is not None:
        codes = np.searchsorted(cuts, column.values, side="left").astype(np.int64)
        texts = bin_levels(cuts)
        ends = tuple(float(cut) for cut in cuts)
        keys = Keys(texts, KeyType(), (-np.inf, *ends), (*ends, np.inf))
        return Levels(codes, texts, None, keys)
    found, codes = distinct_codes(column.keys)
    distinct = found.tolist()
    texts = level_names(column, distinct)
    if column.kind == "boolean" and not column.value_labels:
        truth = tuple(bool(value) for value in distinct)
        return Levels(codes.astype(np.int64), texts, None, Keys(truth, column.native))
    known = dict(column.value_labels)
    if any(value in known for value in distinct) or column.kind == "boolean":
        return Levels(codes.astype(np.int64), texts, None, Keys(texts, KeyType()))
    numbers = tuple(int(value) if column.integer else value for value in distinct)
    return Levels(codes.astype(np.int64), texts, numbers, Keys(numbers, column.native))


def bin_levels(cuts: FloatArray) -> tuple[str, ...]:
    """Readable names of the bins.

    >>> bin_levels(np.array([2.0, 4.5]))
    ('up to 2', 'over 2 to 4.5', 'over 4.5')
    """
    texts = number_texts(cuts.tolist())
    middle = [f"over {low} to {high}" for low, high in pairwise(texts)]
    return (f"up to {texts[0]}", *middle, f"over {texts[-1]}")


def places_of(known: Sequence[Any], column: Column, rows: slice = slice(None)) -> IntArray:
    """Which of some known numbers each row holds, to twelve digits; -1 for one that is not known.

    Args:
        known: numbers in rising order, whole numbers of any length or floats.

    >>> places_of([0.1, 0.3], Column("x", "numeric", np.array([0.1 + 0.2, 0.2]))).tolist()
    [1, -1]
    """
    values = column.keys[rows]
    if column.exact is not None or any(isinstance(k, int) and abs(k) >= FULL_BELOW for k in known):
        found = {value: i for i, value in enumerate(known)}
        distinct, codes = np.unique(values, return_inverse=True)
        table = np.array([found.get(value, -1) for value in distinct.tolist()], dtype=np.int64)
        return np.asarray(table[codes])
    held = np.asarray(known, dtype=float)
    above = np.searchsorted(held, values).clip(0, len(held) - 1)
    below = np.maximum(above - 1, 0)
    nearer = np.where(np.abs(held[below] - values) < np.abs(held[above] - values), below, above)
    allowed = np.where(held == 0, NOTHING, SAME * np.abs(held))[nearer]
    allowed = np.where(values == np.floor(values), 0.0, allowed)  # whole numbers may be names
    near = np.abs(held[nearer] - values) <= allowed
    return np.asarray(np.where(near, nearer, -1), dtype=np.int64)
