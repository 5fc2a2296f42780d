"""Which of a column's levels is 0: told by words or by codes, or asked; never by the alphabet."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.absence import says_absence
from forwhom.design.distinct import distinct_codes
from forwhom.design.levels import level_names, number_text
from forwhom.errors import DataError, listing, nearest, plural
from forwhom.plan.values import Level

FloatArray = NDArray[np.float64]

SHOWN = 8  # levels that a question shows


@dataclass(frozen=True, slots=True)
class Levels:
    """The different values of a column's complete rows, in order.

    Attributes:
        column: its name.
        texts: what each is called: its label where it has one.
        values: the numbers behind the texts; None for text.
        codes: (n,) which of them each row has.
        counts: (K,) rows that have each.
        bare: whether they are numbers without a label.
        own: of text, the levels as the data hold them, where a label calls them something else.
    """

    column: str
    texts: tuple[str, ...]
    values: tuple[float, ...] | None
    codes: NDArray[np.int64]
    counts: FloatArray
    bare: bool
    own: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The levels with their rows, for a message; codes that have labels with them."""
        named = [
            f"'{text}' ({self._code(k)}{plural(int(self.counts[k]), 'row')})"
            for k, text in enumerate(self.texts[:SHOWN])
        ]
        more = len(self.texts) - SHOWN
        return ", ".join(named) + (f" and {more} more" if more > 0 else "")

    def _code(self, k: int) -> str:
        if self.bare or self.values is None or self.texts[k] == number_text(self.values[k]):
            return ""
        return f"code {number_text(self.values[k])}, "

    @property
    def spellings(self) -> list[Level]:
        """All of them, as they are written in a plan."""
        return [self.spelling(k) for k in range(len(self.texts))]

    def spelling(self, k: int) -> Level:
        """A level as it is written in a plan: its text, or a number that has no label."""
        text = self.texts[k]
        if self.values is None:
            return text
        value = self.values[k]
        if text != number_text(value):
            return text
        return int(value) if float(value).is_integer() else float(value)


def levels_in(column: Column, times: FloatArray | None = None) -> Levels:
    """The levels of a column's rows; ``times`` says how many rows each line stands for."""
    if column.kind == "text":
        own = column.levels or ()
        codes = column.values.astype(np.int64)
        counts = np.bincount(codes, times, len(own)).astype(float)
        return Levels(column.name, level_names(column), None, codes, counts, False, own)
    distinct, codes = distinct_codes(column.keys)
    values = tuple(distinct.tolist())
    labels = dict(column.value_labels)
    bare = column.kind == "numeric" and not any(value in labels for value in values)
    counts = np.bincount(codes, times, len(values)).astype(float)
    return Levels(column.name, level_names(column, values), values, codes, counts, bare)


def two_valued(column: Column) -> bool:
    """Whether a column holds two values at most; in one pass, however long it is."""
    if column.kind != "numeric":
        return len(column.levels or (0, 1)) <= 2
    values = column.keys
    return bool(((values == values.min()) | (values == values.max())).all())


def find_level(asked: Level, levels: Levels) -> int | None:
    """Where the level asked for stands, by its text or the number behind it; None if nowhere.

    A flag reads "01" and "true" as a number and a truth value, so those find their texts too.
    """
    texts, values = levels.texts, levels.values
    if isinstance(asked, str) and asked in texts:
        return texts.index(asked)
    if isinstance(asked, str) and asked in levels.own:
        return levels.own.index(asked)
    if values is not None:
        try:
            return values.index(int(asked) if is_whole(asked) else float(asked))
        except ValueError:
            pass
    if isinstance(asked, str):
        return None
    if isinstance(asked, bool):
        same = [k for k, text in enumerate(texts) if text.casefold() == str(asked).casefold()]
    else:
        same = [k for k, text in enumerate(texts) if _is_number(text, float(asked))]
    return same[0] if len(same) == 1 else None


def named_level(asked: Level, levels: Levels, key: str, what: str) -> int:
    """The same, and an error with the levels where there is none.

    Args:
        asked: as given; levels: of the column.
        key: the keyword; what: "treatment 'ad'", for the message.
    """
    found = find_level(asked, levels)
    if found is None:
        known = list(levels.texts)
        raise DataError(
            f"{key}={asked!r} is not a level of {what} in the complete rows; it has "
            f"{listing(known)}.{nearest(str(asked), known)}"
        )
    return found


@dataclass(frozen=True, slots=True)
class Zero:
    """Which level is 0, or why that has to be asked.

    Attributes:
        at: its place, or None.
        told: whether words told it, rather than codes 0 and 1, so that it is worth saying.
        doubt: why it is asked.
    """

    at: int | None
    told: bool = False
    doubt: str = ""


def zero_of(levels: Levels, event: bool = False) -> Zero:
    """The level that is 0, by the one rule for treatments, outcomes and events.

    Exactly one level says absence: that one. Codes 0 and 1 (or several with a 0) whose labels say
    nothing: 0. Both, where they agree. In every other case it is asked.
    """
    speaking = [k for k, absent in enumerate(_absent(levels, event)) if absent]
    coded = _coded(levels)
    if len(speaking) == 1 and coded in (None, speaking[0]):
        return Zero(speaking[0], told=coded is None)
    if not speaking and coded is not None:
        return Zero(coded)
    texts = levels.texts
    if len(speaking) > 1:
        both = "both say" if len(speaking) == 2 else "all say"
        said = " and ".join(f"'{texts[k]}'" for k in speaking[:3])
        return Zero(None, doubt=f"{said} {both} that something is absent")
    if speaking:
        assert coded is not None
        return Zero(
            None,
            doubt=f"the label '{texts[speaking[0]]}' says absence and stands for code "
            f"{_number(levels, speaking[0])}, while code 0 is '{texts[coded]}'",
        )
    if levels.bare:
        return Zero(None, doubt="they are not 0 and 1" if len(texts) == 2 else "none of them is 0")
    none = "neither" if len(texts) == 2 else "none of them"
    return Zero(None, doubt=f"{none} says that something is absent, as 'Control' or 'No' would")


def _absent(levels: Levels, event: bool) -> tuple[bool, ...]:
    return (False,) * len(levels.texts) if levels.bare else says_absence(levels.texts, event)


def _coded(levels: Levels) -> int | None:
    """Where code 0 stands, if codes are 0 and 1, or several."""
    values = levels.values
    if values is None or 0.0 not in values or (len(values) == 2 and 1.0 not in values):
        return None
    return values.index(0.0)


def _number(levels: Levels, k: int) -> str:
    assert levels.values is not None
    return number_text(levels.values[k])


def is_whole(asked: Level) -> bool:
    """Whether a value is written as a whole number, which may be too long for a float."""
    return isinstance(asked, int) or (
        isinstance(asked, str) and asked.strip().lstrip("+-").isdecimal()
    )


def _is_number(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False


def words_to_add(
    key: str, choices: Sequence[Level], column: str = "", beside: Sequence[tuple[str, Level]] = ()
) -> str:
    """The exact words that answer a question, for Python, a plan file and the command line.

    Args:
        key: the keyword; choices: the levels that may be named in it, at most two of them shown.
        column: where the keyword is a table by column, which one; beside: what it holds already.

    >>> words_to_add("success", ["Yes"])
    'success="Yes" (the same in a plan file; as a flag --success Yes)'
    >>> print(words_to_add("event", ["died"], "end"))
    event={"end": "died"} (in a plan file event = {end = "died"}; as a flag --event end=died)
    """
    shown = choices[:2] if len(choices) <= 2 else choices[:1]
    first, flag = shown[0], f"--{key.replace('_', '-')}"
    if not column:
        python = [f"{key}={_quoted(value)}" for value in shown]
        plan = "the same in a plan file"
        if isinstance(first, bool):
            plan = f"in a plan file {key} = {_toml(first)}"
        given = shlex.quote(_plain(first))
    else:
        tables = [{**dict(beside), column: value} for value in shown]
        python = [
            f"{key}={{{', '.join(f'{_quoted(n)}: {_quoted(v)}' for n, v in table.items())}}}"
            for table in tables
        ]
        inside = ", ".join(f"{_toml_key(n)} = {_toml(v)}" for n, v in tables[0].items())
        plan = f"in a plan file {key} = {{{inside}}}"
        name = f"`{column.replace('`', '``')}`" if "=" in column else column
        given = shlex.quote(f"{name}={_plain(first)}")
    more = ", or name another level there" if len(choices) > 2 else ""
    return f"{' or '.join(python)} ({plan}; as a flag {flag} {given}){more}"


def other_way(key: str, value: Level, column: str = "") -> str:
    """The keyword alone, for a note: ``reference="Ad"``."""
    return words_to_add(key, [value], column).partition(" (")[0]


def _quoted(value: Level) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _toml(value: Level) -> str:
    return str(value).lower() if isinstance(value, bool) else _quoted(value)


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _plain(value: Level) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
