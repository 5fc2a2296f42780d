"""Columns as the fit met them, so that new data mean the same or are refused.

A level's number in one table says nothing in another: new columns are brought to the fit's kind
value by value, by what is written in them, and only where that leaves no doubt.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.data.encode import WHOLE_UP_TO, numeric
from forwhom.data.table import Column
from forwhom.errors import DataError, listing, nearest, plural

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUTH = {"true": 1.0, "false": 0.0}
_HELD = {"numeric": "numbers", "boolean": "true and false", "text": "text"}
FIRST = 256  # rows looked at before all of them


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column of the fit, as far as other data are held to it.

    Attributes:
        name: the column.
        kind: "numeric", "boolean" or "text".
        levels: the levels of a text column.
        value_labels: labels of values.
        truth: whether numbers are 0 and 1 alone.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    value_labels: tuple[tuple[float | str, str], ...] = ()
    truth: bool = False


def know(column: Column, levels: bool = True) -> KnownColumn:
    """What is kept of a column; ``levels`` says whether its levels are, too."""
    own = column.levels or () if levels else ()
    truth = column.kind == "numeric" and _all_truth(column.values)
    return KnownColumn(column.name, column.kind, own, column.value_labels, truth)


def recall(known: KnownColumn, column: Column) -> Column:
    """New data's column in the kind that the fit knows; missing values stay missing.

    Raises:
        DataError: a value whose meaning at the fit cannot be told, with both kinds.

    >>> known = KnownColumn("age", "numeric")
    >>> column = Column("age", "text", np.array([1, 0, -1]), levels=("30", "60"))
    >>> recall(known, column).values.tolist()
    [60.0, 30.0, nan]
    """
    if column.kind == known.kind:
        if known.value_labels and column.value_labels:
            _check_labels(known, column)
        return column
    if column.kind == "text":
        return _from_text(known, column)
    if known.kind == "text":
        return _to_text(known, column)
    if known.kind == "boolean":
        held = np.asarray(column.values, dtype=float)
        if not _all_truth(held):
            odd = held[(held != 0) & (held != 1) & ~np.isnan(held)]
            raise _stranger(known, column, [exact_text(float(value)) for value in odd[:1]])
    elif not known.truth:  # new true and false, where the fit had numbers of any size
        raise _stranger(known, column, ["True"])
    return replace(column, kind=known.kind)  # type: ignore[arg-type]


def exact_text(value: float) -> str:
    """A number with every digit that tells it from others.

    >>> exact_text(3.0), exact_text(0.1), exact_text(1580000000000000003)
    ('3', '0.1', '1580000000000000003')
    """
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < WHOLE_UP_TO else repr(value)
    return str(value)


def number_in(text: str) -> float | None:
    """The number that a text writes, whole ones digit by digit, or None where it writes none.

    >>> number_in(" 30 "), number_in("1e3"), number_in("1,234"), number_in("9007199254740993")
    (30, 1000.0, None, 9007199254740993)
    """
    plain = text.strip()
    if not _NUMBER.fullmatch(plain) or len(plain) > 300:
        return None
    if plain.lstrip("+-").isdecimal():
        return int(plain)
    number = float(plain)
    return number if math.isfinite(number) else None


def _all_truth(values: NDArray[np.float64]) -> bool:
    for part in (values[:FIRST], values[FIRST:]):
        if not ((part == 0) | (part == 1) | np.isnan(part)).all():
            return False
    return True


def _from_text(known: KnownColumn, column: Column) -> Column:
    """Texts as the numbers, or true and false, that they write or label."""
    levels = column.levels or ()
    labels = {label: value for value, label in known.value_labels}
    if len(labels) < len(known.value_labels):  # a label of two values is no value
        counts = [label for _, label in known.value_labels]
        labels = {label: value for label, value in labels.items() if counts.count(label) == 1}
    truth = known.kind == "boolean" or known.truth

    def number(level: str) -> float | None:
        label = labels.get(level, labels.get(level.strip()))
        if isinstance(label, int | float):
            return label
        if truth and level.strip().casefold() in _TRUTH:
            return _TRUTH[level.strip().casefold()]
        return number_in(level)

    numbers = [number(level) for level in levels]
    allowed = (0.0, 1.0) if known.kind == "boolean" else None
    used = set(np.unique(column.values).tolist())
    strangers = [
        level
        for code, (level, value) in enumerate(zip(levels, numbers, strict=True))
        if code in used and (value is None or (allowed and value not in allowed))
    ]
    if strangers:
        raise _stranger(known, column, strangers)
    long = any(isinstance(value, int) and abs(value) >= WHOLE_UP_TO for value in numbers)
    told = [0 if value is None else value for value in numbers] + [0]
    table = np.array(told, dtype=object if long else float)
    held = numeric(column.name, table[np.asarray(column.values, dtype=np.int64)], column.missing)
    return replace(
        held,
        kind=known.kind,  # type: ignore[arg-type]
        value_labels=known.value_labels,
        label=column.label,
    )


def _to_text(known: KnownColumn, column: Column) -> Column:
    """Numbers, or true and false, as the levels that are written or labelled so."""
    gone = column.missing
    distinct, codes = np.unique(column.keys[~gone], return_inverse=True)
    labels: dict[float | str, str] = dict(column.value_labels)
    folded = {level.casefold(): level for level in known.levels}
    texts = []
    for value in distinct.tolist():
        text = labels.get(value, exact_text(value))
        if column.kind == "boolean" and text not in known.levels:
            word = "true" if value else "false"
            text = folded.get(word, word.capitalize())
        texts.append(text)
    strangers = [text for text in texts if known.levels and text not in known.levels]
    if strangers:
        raise _stranger(known, column, strangers)
    order = sorted(set(texts))
    place = np.array([order.index(text) for text in texts], dtype=np.int32)
    held = np.full(len(gone), -1, dtype=np.int32)
    held[~gone] = place[codes]
    return Column(column.name, "text", held, tuple(order), label=column.label)


def _check_labels(known: KnownColumn, column: Column) -> None:
    """No code goes by another label than it had at the fit."""
    if known.value_labels == column.value_labels:
        return
    before = dict(known.value_labels)
    for value, label in column.value_labels:
        had = before.get(value)
        if had is None or had.strip().casefold() == label.strip().casefold():
            continue
        here = np.asarray(column.values) == value if column.kind != "text" else np.array([True])
        if here.any():
            shown = exact_text(value) if isinstance(value, int | float) else value
            raise DataError(
                f"new data: in column '{known.name}' the code {shown} is labelled '{label}', and "
                f"at the fit it was '{had}'. If both mean the same, give the column without its "
                "labels, or with those of the fit; if not, recode it."
            )


def _stranger(known: KnownColumn, column: Column, values: Iterable[str]) -> DataError:
    """The error that names the column, both kinds, the values and the way out."""
    shown = list(values)
    labels = [label for _, label in known.value_labels]
    near = nearest(shown[0], known.levels or labels) if shown else ""
    if known.kind == "text":
        way = f"Its levels at the fit: {listing(known.levels)}.{near}"
    elif known.kind == "boolean":
        way = "Give it as true and false, or as 0 and 1."
    elif labels:
        way = f"Give its codes as numbers, or its labels: {listing(labels)}.{near}"
    else:
        way = "Give it as numbers, or leave these rows out."
    rows = ""
    if column.kind == "text":
        codes = [i for i, level in enumerate(column.levels or ()) if level in set(shown)]
        count = int(np.isin(column.values, codes).sum())
        rows = f" in {plural(count, 'row')}"
    return DataError(
        f"new data: column '{known.name}' holds {_HELD[column.kind]}, and at the fit it held "
        f"{_HELD[known.kind]}; what {listing(shown)}{rows} would be there cannot be told. {way}"
    )
