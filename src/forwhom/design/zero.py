"""Which of a column's levels is 0: told by words or by codes, or asked; never by the alphabet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column
from forwhom.design.absence import says_absence
from forwhom.design.distinct import distinct_codes
from forwhom.design.levels import level_names, number_texts
from forwhom.errors import DataError, listing, nearest, plural
from forwhom.plan.values import Level

FloatArray = NDArray[np.float64]

SHOWN = 8  # levels that a question shows


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The levels of a column's complete rows, one of which is to be the zero or the one.

    Attributes:
        column: its name.
        texts: what each is called, all different; own: its code as text, where labels name it.
        values: the numbers behind the texts; None for text.
        codes: (n,) which of them each row has.
        counts: (K,) rows that have each.
        bare: whether they are numbers without a label.
    """

    column: str
    texts: tuple[str, ...]
    own: tuple[str, ...]
    values: tuple[float, ...] | None
    codes: NDArray[np.int64]
    counts: FloatArray
    bare: bool

    @property
    def shown(self) -> str:
        """The levels with their rows, for a message; codes that have labels with them."""
        named = [
            f"'{_printed(text)}' ({self._code(k)}{plural(int(self.counts[k]), 'row')})"
            for k, text in enumerate(self.texts[:SHOWN])
        ]
        more = len(self.texts) - SHOWN
        return ", ".join(named) + (f" and {more} more" if more > 0 else "")

    def _code(self, k: int) -> str:
        return "" if self.texts[k] == self.own[k] else f"code {self.own[k]}, "

    @property
    def spellings(self) -> list[Level]:
        """All of them, as they are written in a plan."""
        return [self.spelling(k) for k in range(len(self.texts))]

    def spelling(self, k: int) -> Level:
        """A level as it is written in a plan: its text, or a number that has no label."""
        if self.values is None or self.texts[k] != self.own[k]:
            return self.texts[k]
        value = self.values[k]
        return int(value) if float(value).is_integer() else float(value)


def choices_in(column: Column, times: FloatArray | None = None) -> Choices:
    """The levels of a column's rows; ``times`` says how many rows each line stands for."""
    if column.kind == "text":
        own, texts = column.levels or (), level_names(column)
        codes = column.values.astype(np.int64)
        counts = np.bincount(codes, times, len(texts)).astype(float)
        return Choices(column.name, texts, own, None, codes, counts, False)
    distinct, codes = distinct_codes(column.keys)
    values = tuple(distinct.tolist())
    texts = level_names(column, values)
    if column.kind == "boolean":
        own, bare = texts, False
    else:
        own = number_texts(values)
        bare = not {value for value, _ in column.value_labels} & set(values)
    counts = np.bincount(codes, times, len(values)).astype(float)
    return Choices(column.name, texts, own, values, codes, counts, bare)


def two_valued(column: Column) -> bool:
    """Whether a column holds two values at most; in one pass, however long it is."""
    if column.kind != "numeric":
        return len(column.levels or (0, 1)) <= 2
    values = column.keys
    return bool(((values == values.min()) | (values == values.max())).all())


def find_level(request: Level, levels: Choices) -> int | None:
    """Where the level asked for stands, by its text or the number behind it; None if nowhere.

    A flag reads "01" and "true" as a number and a truth value, so those find their texts too.
    """
    texts, values = levels.texts, levels.values
    if isinstance(request, str) and request in texts:
        return texts.index(request)
    if values is not None:
        try:  # whole numbers may be too long for a float
            return values.index(int(request) if _is_whole(request) else float(request))
        except ValueError:
            pass
    if isinstance(request, str):
        return levels.own.index(request) if request in levels.own else None
    if isinstance(request, bool):
        same = [k for k, text in enumerate(texts) if text.casefold() == str(request).casefold()]
    else:
        same = [k for k, text in enumerate(texts) if _is_number(text, float(request))]
    return same[0] if len(same) == 1 else None


def named_level(request: Level, levels: Choices, key: str, what: str) -> int:
    """The same, and an error with the levels where there is none.

    Args:
        request: as given; levels: of the column.
        key: the keyword; what: "treatment 'ad'", for the message.
    """
    found = find_level(request, levels)
    if found is None:
        pairs = zip(levels.texts, levels.own, strict=True)
        shown = [text if text == code else f"{code} ({text})" for text, code in pairs]
        raise DataError(
            f"{key}={request!r} is not a level of {what} in the complete rows; it has "
            f"{listing(shown)}.{nearest(str(request), levels.texts)}"
        )
    return found


@dataclass(frozen=True, slots=True)
class Zero:
    """Which level is 0, or why that has to be asked.

    Attributes:
        at: its place, or None.
        by_words: whether words told it, rather than codes 0 and 1, so that it is worth saying.
        doubt: why it is asked.
    """

    at: int | None
    by_words: bool = False
    doubt: str = ""


def zero_of(levels: Choices, event: bool = False) -> Zero:
    """The level that is 0, by the one rule for treatments, outcomes and events.

    Exactly one level says absence: that one. Codes 0 and 1 (or several with a 0) whose labels say
    nothing: 0. Both, where they agree. In every other case it is asked.
    """
    speaking = [k for k, absent in enumerate(_absent(levels, event)) if absent]
    coded = _coded(levels)
    if len(speaking) == 1 and coded in (None, speaking[0]):
        return Zero(speaking[0], by_words=coded is None)
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
            f"{levels.own[speaking[0]]}, while code 0 is '{texts[coded]}'",
        )
    if levels.bare:
        return Zero(None, doubt="they are not 0 and 1" if len(texts) == 2 else "none of them is 0")
    none = "neither" if len(texts) == 2 else "none of them"
    return Zero(None, doubt=f"{none} says that something is absent, as 'Control' or 'No' would")


def _absent(levels: Choices, event: bool) -> tuple[bool, ...]:
    return (False,) * len(levels.texts) if levels.bare else says_absence(levels.texts, event)


def _coded(levels: Choices) -> int | None:
    """Where code 0 stands, if codes are 0 and 1, or several."""
    values = levels.values
    if values is None or 0.0 not in values or (len(values) == 2 and 1.0 not in values):
        return None
    return values.index(0.0)


def _printed(text: str) -> str:
    """On one line, whatever a level holds."""
    return text if text.isprintable() else repr(text)[1:-1]


def _is_whole(level: Level) -> bool:
    return isinstance(level, int) or (
        isinstance(level, str) and level.strip().lstrip("+-").isdecimal()
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
    from shlex import quote  # only a question pays for it

    first, flag = choices[0], f"--{key.replace('_', '-')}"
    shown = choices if len(choices) <= 2 else choices[:1]
    python = " or ".join(python_words(key, value, column, beside) for value in shown)
    if not column:
        plan = "the same in a plan file"
        if isinstance(first, bool):
            plan = f"in a plan file {key} = {_toml(first)}"
        given = quote(_plain(first))
    else:
        table = {**dict(beside), column: first}
        inside = ", ".join(f"{_toml_key(name)} = {_toml(value)}" for name, value in table.items())
        plan = f"in a plan file {key} = {{{inside}}}"
        name = f"`{column.replace('`', '``')}`" if "=" in column else column
        given = quote(f"{name}={_plain(first)}")
    more = ", or name another level there" if len(choices) > 2 else ""
    return f"{python} ({plan}; as a flag {flag} {given}){more}"


def python_words(
    key: str, value: Level, column: str = "", beside: Sequence[tuple[str, Level]] = ()
) -> str:
    """The keyword with a level.

    >>> python_words("reference", "Ad"), python_words("event", 2, "status")
    ('reference="Ad"', 'event={"status": 2}')
    """
    if not column:
        return f"{key}={_quoted(value)}"
    table = {**dict(beside), column: value}
    inside = ", ".join(f"{_quoted(name)}: {_quoted(level)}" for name, level in table.items())
    return f"{key}={{{inside}}}"


def _quoted(value: Level) -> str:
    """As Python and TOML both read it."""
    if not isinstance(value, str):
        return repr(value)
    if value.isprintable() and not {'"', "\\"} & set(value):
        return f'"{value}"'
    import json

    return json.dumps(value, ensure_ascii=False)


def _toml(value: Level) -> str:
    return str(value).lower() if isinstance(value, bool) else _quoted(value)


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _plain(value: Level) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
