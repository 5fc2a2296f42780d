"""Words in a column of numbers: which, where, and the way out.

Tests: tests/data/test_words.py, tests/cases/test_05_one_stray_word.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.errors import DataError, plural

SHOWN = 6  # words, and lines of each column, that a message shows
LONGEST = 60  # letters of a word that a message shows


@dataclass(frozen=True, slots=True)
class Stranger:
    """The words of one column that are no numbers, with the rows (from 0) that hold them."""

    column: str
    words: tuple[str, ...]
    counts: tuple[int, ...]
    rows: NDArray[np.int64]
    unit: str = ""

    @property
    def on_top(self) -> bool:
        """Whether they are words in the very first rows, as a second header is."""
        first = self.rows.tolist() == list(range(len(self.rows))) and len(self.rows) <= 3
        return first and all(any(c.isalpha() for c in word) for word in self.words)

    @classmethod
    def of(
        cls, column: Column, places: Sequence[int], counts: Sequence[int], unit: str = ""
    ) -> Stranger:
        """From places among a text column's levels, the most frequent first."""
        ordered = sorted(places, key=lambda i: -counts[i])
        levels = column.levels or ()
        rows = np.flatnonzero(np.isin(column.values, list(places)))
        words = tuple(levels[i] for i in ordered)
        return cls(column.name, words, tuple(counts[i] for i in ordered), rows, unit)


def refuse(
    strangers: Sequence[Stranger],
    missing: Mapping[str, Sequence[Any]],
    where: str,
    at: Callable[[Sequence[int]], list[int]],
    word: str,
) -> DataError:
    """The error for columns that are nearly all numbers, all of them at once."""
    held = "; ".join(_held(stranger, where, at, word) for stranger in strangers)
    first = strangers[0].column
    keep = suggestion({first: []}, {})
    with_unit = [s.column for s in strangers if s.unit]
    if len(with_unit) == len(strangers):
        way = f"Write the numbers alone, or say {keep} to take every value as a level."
        return DataError(f"{held}. {way}")
    named = {s.column: s.words for s in strangers if not s.unit}
    digits = any(c.isdigit() for words in named.values() for word in words for c in word)
    many = max(len(words) for words in named.values()) > 3 * SHOWN
    flags = " ".join(f"--missing {_flag(name, words)}" for name, words in named.items())
    way = f"If they stand for missing values, say {suggestion(named, missing)}"
    way += "" if many else f" (on the command line: {flags})"
    if all(s.on_top for s in strangers):
        way = f"They may be a second header: delete those {word}s. {way}"
    return DataError(
        f"{held}. {way}; to take every value of '{first}' as a level, say {keep}; else correct "
        f"{'them, or write them as the other numbers are' if digits else 'them'}."
    )


def mixture(column: Column, missing: Mapping[str, Sequence[Any]], where: str) -> DataError:
    """The error for numbers and words in one column, neither nearly all of it."""
    from forwhom.data.numbers import read_numbers

    levels = column.levels or ()
    numbers = read_numbers(levels, [1] * len(levels), False).values
    words = [level for level, number in zip(levels, numbers, strict=True) if number is None]
    other = next((level for level in levels if level not in words), levels[-1])
    gone = suggestion({column.name: words[:SHOWN]}, missing)
    return DataError(
        f"Column '{column.name}' of {where} mixes text with other values, for instance "
        f"'{short(words[0])}' and {other}. Make it all text or all numbers; or say {gone} to have "
        f"such words missing, or {suggestion({column.name: []}, {})} to take every value as a "
        "level."
    )


def _held(
    stranger: Stranger, where: str, at: Callable[[Sequence[int]], list[int]], word: str
) -> str:
    words, counts = stranger.words[:SHOWN], stranger.counts[:SHOWN]
    shown = [f"'{short(w)}' in {plural(n, 'row')}" for w, n in zip(words, counts, strict=True)]
    if len(stranger.words) > SHOWN:
        shown.append(f"{len(stranger.words) - SHOWN} more such words")
    if stranger.unit:
        return (
            f"column '{stranger.column}' of {where} holds numbers with '{stranger.unit}' behind "
            f"them ('{short(stranger.words[0])}', ...)"
        )
    lines = at(stranger.rows[:SHOWN].tolist())
    more = ", ..." if len(stranger.rows) > SHOWN else ""
    places = f"{word}{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}{more}"
    held = f"column '{stranger.column}' of {where} holds numbers, but for {', '.join(shown)}"
    return f"{held} ({places})"


def short(word: str) -> str:
    """A word on one line, cut where it is long."""
    plain = "".join(c if c.isprintable() else " " for c in word)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "..."


def suggestion(added: Mapping[str, Sequence[Any]], given: Mapping[str, Sequence[Any]]) -> str:
    """The keyword to copy: what was given already and what is to be added.

    >>> suggestion({"age": ["?"]}, {"therm": [999.0]})
    'missing={"therm": [999], "age": ["?"]}'
    """
    both: dict[str, list[Any]] = {name: list(codes) for name, codes in given.items()}
    for name, codes in added.items():
        both[name] = [*both.get(name, []), *codes]
    plain = {name: [_whole(code) for code in codes] for name, codes in both.items()}
    return f"missing={json.dumps(plain, ensure_ascii=False)}"


def _whole(code: Any) -> Any:
    return int(code) if isinstance(code, float) and code.is_integer() else code


def _flag(name: str, words: Sequence[str]) -> str:
    """The value of ``--missing`` for one column, as a shell reads it."""
    import csv
    import io
    import shlex

    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(words)
    column = "`" + name.replace("`", "``") + "`" if "=" in name else name
    return shlex.quote(f"{column}={out.getvalue()}")
