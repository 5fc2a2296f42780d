"""Groups and numbers as sentences say them.

Tests: tests/answers/test_words.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.design import Groups, number_text
from forwhom.draw.labels import Labels

IntArray = NDArray[np.int64]

_COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) ")
EVERYONE = "all rows"  # a group that no column tells apart
SAYS_NOTHING = ("yes", "no", "true", "false")  # values that do not name their column


def level_words(groups: Groups, column: int, level: int, labels: Labels) -> str:
    """A level of a grouping column: "North", "age 23 to 32", "woman = 1", "married: yes"."""
    name, text = groups.columns[column], groups.display[column][level]
    numbers = groups.numbers[column]
    called = labels.word(name)
    number = None if numbers is None else numbers[level]
    if label := labels.given(name, text, number):
        return label
    if _COMPARISON.search(name) and text in ("0", "1"):  # I(educ >= 5) has a name of its own
        return called if text == "1" else f"not {called}"
    if groups.keys[column].low:
        return f"{called} {text}"
    if number is not None:
        return f"{called} = {number_text(number)}"
    return f"{called}: {text}" if text.casefold() in SAYS_NOTHING else text


def group_words(groups: Groups, chosen: Sequence[str], some: IntArray, labels: Labels) -> list[str]:
    """Some groups by some of their columns: "Republican, age 23 to 32"."""
    at = [groups.columns.index(name) for name in chosen]
    return [
        ", ".join(level_words(groups, j, int(groups.values[j][g]), labels) for j in at) or EVERYONE
        for g in some.tolist()
    ]


def column_words(groups: Groups, column: int, labels: Labels) -> list[str]:
    """One grouping column of every group: "age 23 to 32"."""
    levels = range(len(groups.display[column]))
    words = [level_words(groups, column, level, labels) for level in levels]
    return [words[level] for level in groups.values[column].tolist()]


def joined(words: Sequence[str]) -> str:
    """Words in a row, the last after "and"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
