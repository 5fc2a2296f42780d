"""Readers of single plan values: each returns the checked value or raises a PlanError with words.

Numpy scalars are welcome wherever Python's own numbers are; both leave as Python's.

Tests: tests/plan/test_plan.py
"""

from __future__ import annotations

import codecs
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from forwhom.errors import PlanError, listing, nearest
from forwhom.plan.terms import check_column, is_unicode

type Bins = int | tuple[tuple[str, int | tuple[float, ...]], ...]
type Breaks = int | tuple[float, ...]
type Level = str | float | int | bool
type Missing = tuple[tuple[str, tuple[Level, ...]], ...]

MAX_BINS = 1_000
MAX_INTERVALS = 50
ENCODINGS = (
    "utf-8", "utf-16", "cp1252", "latin-1", "iso-8859-15", "mac_roman", "cp1250", "cp1251", "cp437",
    "cp850", "shift_jis", "gb18030", "big5", "euc_kr", "koi8_r",
)  # fmt: skip


def plain(value: object) -> object:
    """A numpy or pandas scalar, array or index as Python's own value; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def column(value: object, key: str, words: str) -> str:
    """One column name, or a list that holds one."""
    value = plain(value)
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise PlanError(f"{key} is one column; {len(value)} were given: {listing(value)}.")
        value = value[0]
    try:
        return check_column(value)
    except PlanError as error:
        raise PlanError(f"{key} ({words}): {error}") from None


def choice(value: object, key: str, known: Iterable[str]) -> str:
    """One of the ``known`` words."""
    known = list(known)
    if isinstance(value, str) and value in known:
        return str(value)
    from forwhom.plan.spellings import word_elsewhere  # only a mistake pays for it

    found = word_elsewhere(key, value, known) if isinstance(value, str) else None
    words = f": {found.words}" if found and found.words else ""
    hint = nearest(value, known) if isinstance(value, str) and not words else ""
    shown = f"'{value}'" if isinstance(value, str) else repr(value)
    raise PlanError(
        f"{key} {shown} is not known{words}.{hint} Known: {listing(known, most=len(known))}."
    )


def whole(value: object, key: str, least: int, most: int) -> int:
    """A whole number between two limits, both included."""
    number = plain(value)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise PlanError(f"{key} is a whole number from {least:,} to {most:,}; got {_show(value)}.")
    return number


def yes_or_no(value: object, key: str) -> bool:
    """True or false."""
    found = plain(value)
    if not isinstance(found, bool):
        raise PlanError(f"{key} is true or false; got {_show(value)}.")
    return found


def probability(value: object, key: str) -> float:
    """A number strictly between 0 and 1; a percentage gets the number it means."""
    number = plain(value)
    if not isinstance(number, int | float) or isinstance(number, bool) or not 0 < number < 1:
        hint = ""
        if isinstance(number, int | float) and 1 < number < 100:
            hint = f" Did you mean {number / 100:g}?"
        raise PlanError(
            f"{key} is a number between 0 and 1, such as 0.95; got {_show(value)}.{hint}"
        )
    return float(number)


def level(value: object, key: str, of: str = "treatment") -> Level:
    """One value of a column: text, a number, or true or false."""
    found = plain(value)
    if isinstance(found, str):
        return _unicode(found, key)
    if isinstance(found, bool | int | float) and _finite(found):
        return found
    raise PlanError(f"{key} is one value of the {of}, text or a number; got {_show(value)}.")


def event(value: object) -> tuple[object, Level | None]:
    """The column that says how a time ended, still to be checked, and its level if one is named.

    >>> event("dead"), event({"status": "dead"})
    (('dead', None), ('status', 'dead'))
    """
    value = plain(value)
    if not isinstance(value, Mapping):
        return value, None
    if len(value) != 1:
        raise PlanError(
            "event names one column and its level that is the event, such as "
            f"{{'status': 'dead'}}; got {_show(dict(value))}."
        )
    ((name, named),) = value.items()
    return name, level(named, f"event of '{name}'", "column")


def path(value: object, key: str) -> str:
    """The path of a file, as text."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value:
        raise PlanError(f"{key} in a plan is the path of a file, as text; got {_show(value)}.")
    return _unicode(value, key)


def missing(value: object) -> Missing:
    """Codes that stand for missing values, by column; an empty list takes a column as it stands.

    >>> missing({"therm": [999, "Refused"], "age": []})
    (('therm', (999, 'Refused')), ('age', ()))
    """
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise PlanError(
            "missing says by column which codes stand for missing values, as in "
            f"missing={{'age': [999]}}; got {_show(value)}."
        )
    pairs = []
    for name, given in value.items():
        codes = plain(given)
        if not isinstance(codes, list | tuple | set | frozenset | range):
            codes = [codes]  # one code needs no list
        try:
            held = tuple(level(code, f"missing for '{name}'", f"column '{name}'") for code in codes)
            pairs.append((check_column(name), tuple(dict.fromkeys(held))))
        except PlanError as error:
            raise PlanError(f"missing: {error}") from None
    return tuple(pairs)


def encoding(value: object) -> str:
    """The name of an encoding of text that Python knows."""
    if not isinstance(value, str):
        raise PlanError(f"encoding is a name such as 'utf-8' or 'cp1252'; got {_show(value)}.")
    try:
        codecs.lookup(value)
        "".encode(value)  # some codecs are not for text
    except (LookupError, ValueError, TypeError):
        hint = nearest(value, ENCODINGS)
        raise PlanError(
            f"encoding '{value}' is not known.{hint} Some that are: {listing(ENCODINGS)}."
        ) from None
    return value


def sheet(value: object) -> str | int:
    """A sheet of a workbook: its name, or its number from 1."""
    found = plain(value)
    if isinstance(found, str) and found.strip():
        return _unicode(found, "sheet")
    if isinstance(found, int) and not isinstance(found, bool) and found >= 1:
        return found
    raise PlanError(f"sheet is the name of a sheet, or its number from 1; got {_show(value)}.")


def bins(value: object, columns: Sequence[str]) -> Bins:
    """How continuous modifiers are binned: a count, or ``{column: count or cut points}``.

    >>> bins({"age": [30, 50], "income": 5}, ["age", "income"])
    (('age', (30.0, 50.0)), ('income', 5))
    """
    value = plain(value)
    if not isinstance(value, Mapping):
        # A bare list of cut points does not say which column they are for.
        if isinstance(value, Sequence) and not isinstance(value, str):
            raise PlanError(
                "bins names the column that cut points are for, as in {'age': [30, 50]}; "
                f"got {_show(value)}."
            )
        return whole(value, "bins", 2, MAX_BINS)
    pairs: list[tuple[str, int | tuple[float, ...]]] = []
    for name, cuts in value.items():
        if not isinstance(name, str) or name not in columns:
            raise PlanError(
                f"bins: '{name}' is not among the modifiers or groups.{nearest(str(name), columns)}"
                f" They are: {listing(columns)}."
            )
        pairs.append((str(name), _cuts(plain(cuts), name)))
    return tuple(pairs)


def breaks(value: object) -> Breaks:
    """Where a hazard may change: a number of intervals, or the times between them.

    >>> breaks(4), breaks([1, 2.5])
    (4, (1.0, 2.5))
    """
    times = plain(value)
    if not isinstance(times, Sequence) or isinstance(times, str):
        try:
            return whole(times, "breaks", 2, MAX_INTERVALS)
        except PlanError:
            raise PlanError(
                f"breaks is a number of intervals from 2 to {MAX_INTERVALS}, or a list of times "
                f"between them; got {_show(value)}. One interval is family 'exponential'."
            ) from None
    for time in times:
        number = isinstance(time, int | float) and not isinstance(time, bool)
        if not number or not _finite(time) or time <= 0:
            raise PlanError(f"breaks: a break is a time above 0; got {_show(time)}.")
    if not 1 <= len(times) < MAX_INTERVALS or any(b <= a for a, b in pairwise(times)):
        raise PlanError(
            f"breaks are from 1 to {MAX_INTERVALS - 1} times in increasing order; got "
            f"{_show(value)}."
        )
    return tuple(float(time) for time in times)


def _cuts(value: object, name: str) -> int | tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return whole(value, f"bins for '{name}'", 2, MAX_BINS)
    cuts = []
    for cut in value:
        if isinstance(cut, bool) or not isinstance(cut, int | float) or not _finite(cut):
            raise PlanError(f"bins for '{name}': a cut point is a number; got {_show(cut)}.")
        cuts.append(float(cut))
    if not cuts or any(b <= a for a, b in pairwise(cuts)):
        raise PlanError(
            f"bins for '{name}': cut points are one or more numbers in increasing order; "
            f"got {_show(value)}."
        )
    return tuple(cuts)


def _unicode(text: str, key: str) -> str:
    if not is_unicode(text):
        raise PlanError(f"{key} is not valid Unicode: {_show(text)}.")
    return str(text)


def _finite(number: int | float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond the range of floats
        return False


def _show(value: object) -> str:
    try:
        shown = repr(value)
    except ValueError:  # a whole number with thousands of digits
        shown = "a number with thousands of digits"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
